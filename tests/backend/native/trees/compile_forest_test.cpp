#include <atomic>
#include <thread>

#include "backend/native/trees/forests.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/error.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

using namespace scalar;
using forests::Shape;
using test::allocations;

namespace {

/// True when every margin is that of the definition, to the last bit.
bool agrees(const Forest& forest, const CompiledModel& model, const std::vector<float>& x, int rows) {
  const auto features = static_cast<int>(forest.features), outputs = static_cast<int>(forest.outputs);
  std::vector<double> out(static_cast<std::size_t>(rows * outputs), -1);
  model.margins({x.data(), rows, features}, {out.data(), rows, outputs});
  for (int row = 0; row < rows; ++row) {
    const float* values = x.data() + row * features;
    const auto expected = forest.width == DataType::float32 ? forests::walk<float>(forest, values)
                                                            : forests::walk<double>(forest, values);
    for (int k = 0; k < outputs; ++k)
      if (out[static_cast<std::size_t>(row * outputs + k)] != expected[static_cast<std::size_t>(k)]) return false;
  }
  return true;
}

Forest stump(double split, Missing missing) {
  Forest forest;
  forest.features = 1;
  forest.outputs = 1;
  forest.base = {0};
  forest.start = {0};
  forest.tree_begin = {0, 3};
  forest.tree_output = {0};
  forest.feature = {0, -1, -1};
  forest.value = {split, -1, 1};
  forest.left = {1, 0, 0};
  forest.right = {2, 0, 0};
  forest.missing = {static_cast<std::uint8_t>(missing), 0, 0};
  return forest;
}

}  // namespace

TEST_CASE("every margin is the definition's, whatever the shape of the trees") {
  const auto width = GENERATE(DataType::float32, DataType::float64);
  const auto full = GENERATE(true, false);
  const auto depth = GENERATE(0, 1, 2, 3, 4, 5, 8, 14);
  const auto outputs = GENERATE(1, 3);
  const Shape shape{.trees = depth > 8 ? 5 : 21, .depth = depth, .outputs = outputs, .full = full, .width = width};
  const Forest forest = forests::make(shape, static_cast<unsigned>(depth + outputs));
  const CompiledModel model = backend::compile(forest);
  for (const int rows : {1, 2, 7, 8, 9, 63, 64, 65, 300}) {
    INFO("depth " << depth << " full " << full << " outputs " << outputs << " rows " << rows);
    REQUIRE(agrees(forest, model, forests::rows(rows, shape.features, static_cast<unsigned>(rows)), rows));
  }
}

TEST_CASE("sets of categories are looked up as the definition says") {
  const auto width = GENERATE(DataType::float32, DataType::float64);
  const auto full = GENERATE(true, false);
  const auto depth = GENERATE(1, 2, 4, 6, 13);
  const Shape shape{
      .trees = depth > 8 ? 5 : 19, .depth = depth, .outputs = 2, .full = full, .width = width, .with_sets = true};
  for (unsigned seed = 0; seed < 5; ++seed) {
    const Forest forest = forests::make(shape, seed);
    const CompiledModel model = backend::compile(forest);
    for (const int rows : {1, 7, 8, 65, 300}) {
      INFO("depth " << depth << " full " << full << " seed " << seed << " rows " << rows);
      const auto x = forests::category_rows(rows, shape.features, seed + static_cast<unsigned>(rows));
      REQUIRE(agrees(forest, model, x, rows));
    }
  }
}

TEST_CASE("a category that only another set has goes right, a missing one where its node says") {
  const std::vector<float> x{0, 1, 2, 31, 32, 33, 63, 64, 95, 96, 1e9f, 3e9f, -1, -0.5f, -0.0f, 0.5f, 1e-36f, NAN};
  for (const auto missing : {Missing::none_right, Missing::nan_left, Missing::nan_right, Missing::zero_left,
                             Missing::zero_right, Missing::nan_is_zero}) {
    for (const auto& set : {std::vector<std::uint32_t>{}, {1}, {0xFFFF'FFFF}, {0, 0x8000'0001}}) {
      Forest forest = stump(0, missing);
      forest.category_set = {0, -1, -1};
      forest.category_words = set;
      forest.category_begin = {0, static_cast<std::int64_t>(set.size())};
      INFO("policy " << int(missing) << " words " << set.size());
      CHECK(agrees(forest, backend::compile(forest), x, static_cast<int>(x.size())));
    }
  }
}

TEST_CASE("each missing policy sends each kind of value where the definition says") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> x{NAN,         -NAN, 0.0f,  -0.0f,    1e-45f,    -1e-45f, 1e-35f, -1e-35f,
                             1.0001e-35f, 1.0f, -1.0f, infinity, -infinity, 3e38f,   -3e38f};
  for (const auto missing : {Missing::none_right, Missing::nan_left, Missing::nan_right, Missing::zero_left,
                             Missing::zero_right, Missing::nan_is_zero})
    for (const double split : {0.0, -0.0, 1e-45, -1e-45, 1e-35, 1.0, double(infinity), double(-infinity), 3e38})
      for (const auto width : {DataType::float32, DataType::float64}) {
        Forest forest = stump(split, missing);
        forest.width = width;
        INFO("policy " << int(missing) << " split " << split);
        CHECK(agrees(forest, backend::compile(forest), x, static_cast<int>(x.size())));
      }
}

TEST_CASE("a split in double width is compared as if floats were doubles") {
  const std::vector<float> x{0.1f, std::nextafter(0.1f, 0.0f), std::nextafter(0.1f, 1.0f), 16777216.0f, 16777218.0f};
  // 0.1 lies just below the float 0.1f, 16777217 between two floats.
  for (const double split : {0.1, double(0.1f), 16777217.0, 1e300, -1e300, 1e-310}) {
    Forest forest = stump(split, Missing::none_right);
    forest.width = DataType::float64;
    CHECK(agrees(forest, backend::compile(forest), x, static_cast<int>(x.size())));
  }
}

TEST_CASE("rows may lie apart, and a batch is cut over threads without a difference") {
  const Forest forest = forests::make({.trees = 50, .outputs = 2}, 3);
  const std::vector<float> x = forests::rows(5000, 9, 4);
  const CompiledModel one = backend::compile(forest, Runtime({.threads = 1}));
  const CompiledModel four = backend::compile(forest, Runtime({.threads = 4}));
  CHECK(agrees(forest, four, x, 5000));
  std::vector<double> narrow(2500 * 2), wide(2500 * 3, 7.0);
  one.margins({x.data(), 2500, 9, 18}, {narrow.data(), 2500, 2});
  four.margins({x.data(), 2500, 9, 18}, {wide.data(), 2500, 2, 3});
  for (std::size_t row = 0; row < 2500; ++row) {
    REQUIRE(narrow[2 * row] == wide[3 * row]);
    REQUIRE(narrow[2 * row + 1] == wide[3 * row + 1]);
    REQUIRE(wide[3 * row + 2] == 7.0);
  }
}

TEST_CASE("links turn margins into values and probabilities") {
  const std::vector<float> x = forests::rows(20, 9, 5);
  Forest forest = forests::make({.trees = 9}, 6);
  for (std::size_t node = 0; node < forest.value.size(); ++node)
    if (forest.feature[node] < 0) forest.value[node] = std::fmod(forest.value[node], 2.0);
  std::vector<double> margin(20), out(60);
  backend::compile(forest).margins({x.data(), 20, 9}, {margin.data(), 20, 1});
  backend::compile(forest).predict({x.data(), 20, 9}, {out.data(), 20, 1});
  for (std::size_t row = 0; row < 20; ++row) CHECK(out[row] == margin[row]);

  forest.link = Link::logistic;
  const CompiledModel logistic = backend::compile(forest);
  CHECK(logistic.margins() == 1);
  CHECK(logistic.outputs() == 2);
  logistic.predict({x.data(), 20, 9}, {out.data(), 20, 2});
  for (std::size_t row = 0; row < 20; ++row) {
    CHECK(out[2 * row + 1] == Approx(1 / (1 + std::exp(-margin[row]))).epsilon(1e-12));
    CHECK(out[2 * row] + out[2 * row + 1] == Approx(1).epsilon(1e-12));
  }

  Forest softmax = forests::make({.trees = 9, .outputs = 3}, 7);
  softmax.base = {1000, 999, 0};  // exponentials of these would overflow
  softmax.start = {0, 0, 0};
  std::fill(softmax.value.begin(), softmax.value.end(), 0.0);
  backend::compile(softmax).predict({x.data(), 20, 9}, {out.data(), 20, 3});
  CHECK(out[0] == Approx(1 / (1 + std::exp(-1.0))).epsilon(1e-12));
  CHECK(out[1] == Approx(1 / (1 + std::exp(1.0))).epsilon(1e-12));
  CHECK(out[2] == 0.0);
}

TEST_CASE("no allocation for up to 64 rows once the thread is warm") {
  const auto full = GENERATE(true, false);
  const Forest forest = forests::make({.trees = 40, .depth = full ? 6 : 16, .outputs = 3, .full = full}, 8);
  const CompiledModel model = backend::compile(forest);
  const std::vector<float> x = forests::rows(64, 9, 9);
  std::vector<double> out(64 * 3);
  const auto run = [&] {
    for (const std::int64_t rows : {1, 3, 8, 64}) {
      model.predict({x.data(), rows, 9}, {out.data(), rows, 3});
      model.margins({x.data(), rows, 9}, {out.data(), rows, 3});
    }
  };
  run();
  const std::int64_t before = allocations;
  run();
  CHECK(allocations - before == 0);
}

TEST_CASE("several threads may predict with one model") {
  const Forest forest = forests::make({.trees = 30}, 10);
  const CompiledModel model = backend::compile(forest);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      const std::vector<float> x = forests::rows(100, 9, 20 + t);
      for (int i = 0; i < 20; ++i) wrong += agrees(forest, model, x, 100) ? 0 : 1;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("a forest without trees gives base and start, the base in double") {
  Forest forest;
  forest.features = 2;
  forest.outputs = 1;
  forest.base = {1.7e9};
  forest.start = {0.75};
  forest.tree_begin = {0};
  const std::vector<float> x(200, 1.0f);
  std::vector<double> out(100);
  backend::compile(forest).predict({x.data(), 100, 2}, {out.data(), 100, 1});
  CHECK(out[0] == 1.7e9 + 0.75);
  CHECK(out[99] == 1.7e9 + 0.75);
}

TEST_CASE("shapes that do not agree and forests that do not make sense are refused") {
  const Forest forest = forests::make({.trees = 3}, 11);
  const CompiledModel model = backend::compile(forest);
  const std::vector<float> x(18);
  std::vector<double> out(4);
  try {
    model.predict({x.data(), 2, 8}, {out.data(), 2, 1});
    FAIL("8 features were taken for 9");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::shape_mismatch);
    CHECK(std::string(error.what()).find("[2, 8]") != std::string::npos);
    CHECK(std::string(error.what()).find("[rows, 9]") != std::string::npos);
  }
  CHECK_THROWS_AS(model.predict({x.data(), 2, 9}, {out.data(), 2, 2}), Error);
  CHECK_THROWS_AS(model.margins({x.data(), 2, 9}, {out.data(), 1, 1}), Error);

  Forest loop = forest;
  loop.left[0] = 0;
  CHECK_THROWS_AS(backend::compile(loop), Error);
  Forest two = forests::make({.trees = 2, .outputs = 2}, 12);
  two.link = Link::logistic;
  CHECK_THROWS_AS(backend::compile(two), Error);
}
