#include "scalar/predictor.hpp"

#include <array>
#include <atomic>
#include <cmath>
#include <future>
#include <thread>
#include <vector>

#include "scalar/core/random.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/executables.hpp"

using namespace scalar;
using Catch::Matchers::Contains;
using test::code_of;
using test::executable_files;
using test::message_of;

namespace {

constexpr PredictorOptions cached{.cache_bytes = 1 << 20};

Predictor predictor_of(const std::string& executable, const ForeignOptions& options = {},
                       const PredictorOptions& predictor = cached) {
  return Predictor(ForeignModel(executable_files(executable), options), predictor);
}

struct Answer {
  CacheUse use = CacheUse::bypass;
  std::vector<Tensor> outputs{};
};

std::vector<float> floats(const Tensor& tensor) {
  const std::span<const float> values = tensor.as<float>();
  return {values.begin(), values.end()};
}

Answer ask(const Predictor& predictor, std::vector<std::int64_t> shape, std::vector<float> values,
           const PredictOptions& call = {}) {
  const TensorView input{.type = DataType::float32, .shape = shape, .data = std::as_bytes(std::span(values))};
  Answer answer;
  answer.use = predictor.run({&input, 1}, answer.outputs, call);
  return answer;
}

/// The inputs of the executable "repeat".
struct Words {
  std::vector<std::string_view> words;
  std::vector<std::uint8_t> times;

  Answer ask(const Predictor& predictor) const {
    const auto count = static_cast<std::int64_t>(words.size());
    const std::array<std::int64_t, 1> flat{count};
    const std::array<std::int64_t, 2> column{count, 1};
    const std::array<TensorView, 2> inputs{
        TensorView{.type = DataType::bytes, .shape = flat, .texts = words},
        TensorView{.type = DataType::uint8, .shape = column, .data = std::as_bytes(std::span(times))}};
    Answer answer;
    answer.use = predictor.run(inputs, answer.outputs);
    return answer;
  }
};

}  // namespace

TEST_CASE("of a foreign model's batch only the rows that are missing are computed", "[predictor]") {
  const Predictor predictor = predictor_of("affine");
  CHECK(ask(predictor, {1, 2}, {1, 1}).use == CacheUse::miss);
  test::runs = 0;
  const Answer hit = ask(predictor, {1, 2}, {1, 1});
  CHECK(hit.use == CacheUse::hit);
  CHECK(test::runs == 0);
  CHECK(floats(hit.outputs[0]) == std::vector<float>{6});
  CHECK(hit.outputs[0].shape == std::vector<std::int64_t>{1, 1});
  const Answer partial = ask(predictor, {4, 2}, {0, 0, 1, 1, 0.5, -1, 0, 0});
  CHECK(partial.use == CacheUse::partial);
  CHECK(floats(partial.outputs[0]) == std::vector<float>{1, 6, -1, 1});
  CHECK(test::runs == 1);
  CHECK(test::rows == 2);
  CHECK(ask(predictor, {2, 2}, {0.5, -1, 0, 0}).use == CacheUse::hit);
}

TEST_CASE("texts and several outputs are cached by row", "[predictor]") {
  const Predictor predictor = predictor_of("repeat");
  const Answer first = Words{{"ab", "", "c"}, {2, 9, 0}}.ask(predictor);
  CHECK(first.use == CacheUse::miss);
  CHECK(first.outputs[0].texts == std::vector<std::string>{"abab", "", ""});
  test::runs = 0;
  const Answer again = Words{{"c", "ab", ""}, {0, 2, 9}}.ask(predictor);
  CHECK(again.use == CacheUse::hit);
  CHECK(again.outputs[0].texts == std::vector<std::string>{"", "abab", ""});
  CHECK(again.outputs[1].as<std::int64_t>()[1] == 4);
  CHECK(test::runs == 0);
  const Answer partial = Words{{"ab", "x"}, {2, 3}}.ask(predictor);
  CHECK(partial.use == CacheUse::partial);
  CHECK(partial.outputs[0].texts == std::vector<std::string>{"abab", "xxx"});
  CHECK(partial.outputs[0].shape == std::vector<std::int64_t>{2, 1});
  // The same bytes in another arrangement are another row: "a" twice is not "aa" once.
  CHECK(Words{{"a"}, {2}}.ask(predictor).outputs[1].as<std::int64_t>()[0] == 2);
  CHECK(Words{{"aa"}, {1}}.ask(predictor).use == CacheUse::miss);
}

TEST_CASE("rows of other shapes are other rows", "[predictor]") {
  const Predictor predictor = predictor_of("widths");
  CHECK(predictor.signature().is_batched());
  CHECK(floats(ask(predictor, {2, 2}, {1, 2, 3, 4}).outputs[0]) == std::vector<float>{2, 2});
  const Answer one = ask(predictor, {1, 4}, {1, 2, 3, 4});
  CHECK(one.use == CacheUse::miss);
  CHECK(floats(one.outputs[0]) == std::vector<float>{4});
  CHECK(ask(predictor, {1, 2}, {3, 4}).use == CacheUse::hit);
}

TEST_CASE("a model that is not batched is cached by its whole request", "[predictor]") {
  for (const Predictor& predictor : {predictor_of("total"), predictor_of("tails")}) {
    CHECK(ask(predictor, {2, 2}, {1, 2, 3, 4}).use == CacheUse::miss);
    const Answer hit = ask(predictor, {2, 2}, {1, 2, 3, 4});
    CHECK(hit.use == CacheUse::hit);
    CHECK(ask(predictor, {1, 4}, {1, 2, 3, 4}).use == CacheUse::miss);  // the same bytes, another shape
    CHECK(ask(predictor, {1, 2}, {1, 2}).use == CacheUse::miss);        // a row of it
  }
  const Answer total = ask(predictor_of("total"), {2, 2}, {1, 2, 3, 4});
  CHECK(total.outputs[0].shape.empty());
  CHECK(floats(total.outputs[0]) == std::vector<float>{10});
  const Predictor whole = predictor_of("affine", {.batched = false});
  CHECK(ask(whole, {2, 2}, {1, 1, 0, 0}).use == CacheUse::miss);
  CHECK(ask(whole, {1, 2}, {1, 1}).use == CacheUse::miss);
  const Answer again = ask(whole, {2, 2}, {1, 1, 0, 0});
  CHECK(again.use == CacheUse::hit);
  CHECK(floats(again.outputs[0]) == std::vector<float>{6, 1});
}

TEST_CASE("keys are bytes: zeros of both signs and all NaNs are told apart", "[predictor]") {
  const Predictor predictor = predictor_of("affine");
  CHECK(ask(predictor, {1, 2}, {0.0f, 1}).use == CacheUse::miss);
  CHECK(ask(predictor, {1, 2}, {-0.0f, 1}).use == CacheUse::miss);
  CHECK(ask(predictor, {1, 2}, {std::nanf("1"), 1}).use == CacheUse::miss);
  CHECK(std::isnan(floats(ask(predictor, {1, 2}, {std::nanf("1"), 1}).outputs[0])[0]));
  CHECK(predictor.cache_stats().hits == 1);
}

TEST_CASE("find answers tensors from the cache alone", "[predictor]") {
  const Predictor predictor = predictor_of("affine");
  const std::array<std::int64_t, 2> shape{2, 2};
  const std::array<float, 4> values{1, 1, 0, 0};
  const TensorView input{.type = DataType::float32, .shape = shape, .data = std::as_bytes(std::span(values))};
  std::vector<Tensor> outputs;
  CHECK(!predictor.find({&input, 1}, outputs));
  ask(predictor, {1, 2}, {1, 1});
  const auto before = predictor.cache_stats();
  CHECK(!predictor.find({&input, 1}, outputs));
  CHECK(predictor.cache_stats().hits == before.hits);
  CHECK(predictor.cache_stats().misses == before.misses);
  ask(predictor, {1, 2}, {0, 0});
  test::runs = 0;
  CHECK(predictor.find({&input, 1}, outputs));
  CHECK(floats(outputs[0]) == std::vector<float>{6, 1});
  CHECK(test::runs == 0);
  CHECK(!predictor_of("affine", {}, {}).find({&input, 1}, outputs));
}

TEST_CASE("batches and tensors of one foreign model do not answer for each other", "[predictor]") {
  const Predictor predictor = predictor_of("affine");
  ask(predictor, {1, 2}, {1, 1});
  const std::array<float, 2> row{1, 1};
  double out = 0;
  CHECK(predictor.predict(FloatMatrix(row.data(), 1, 2), BatchOut(&out, 1, 1)) == CacheUse::miss);
  CHECK(out == 6);
  CHECK(predictor.predict(FloatMatrix(row.data(), 1, 2), BatchOut(&out, 1, 1)) == CacheUse::hit);
  CHECK(out == 6);
  CHECK(floats(ask(predictor, {1, 2}, {1, 1}).outputs[0]) == std::vector<float>{6});
}

TEST_CASE("a model with a spec shares its cache between rows and tensors", "[predictor]") {
  const Predictor predictor(
      Model(LinearRegression{}, LinearParameters{.features = 2, .outputs = 1, .values = {2, 3, 1}},
            Encoder::identity({"a", "b"}, {})),
      cached);
  const Answer miss = ask(predictor, {2, 2}, {1, 1, 0.5, -1});
  CHECK(miss.use == CacheUse::miss);
  CHECK(miss.outputs[0].as<double>()[1] == -1);
  const std::array<float, 2> row{1, 1};
  double out = 0;
  CHECK(predictor.predict(FloatMatrix(row.data(), 1, 2), BatchOut(&out, 1, 1)) == CacheUse::hit);
  CHECK(out == 6);
  std::vector<Tensor> outputs;
  const std::array<std::int64_t, 2> shape{1, 2};
  const TensorView input{.type = DataType::float32, .shape = shape, .data = std::as_bytes(std::span(row))};
  CHECK(predictor.find({&input, 1}, outputs));
  CHECK(outputs[0].as<double>()[0] == 6);
  CHECK(ask(predictor, {0, 2}, {}).outputs[0].shape == std::vector<std::int64_t>{0, 1});
}

TEST_CASE("without a cache, or when asked to, run bypasses it", "[predictor]") {
  CHECK(ask(predictor_of("affine", {}, {}), {1, 2}, {1, 1}).use == CacheUse::bypass);
  const Predictor predictor = predictor_of("affine");
  CHECK(ask(predictor, {1, 2}, {1, 1}, {.use_cache = false}).use == CacheUse::bypass);
  CHECK(ask(predictor, {0, 2}, {}).use == CacheUse::bypass);  // no rows
  CHECK(predictor.cache_stats().entries == 0);
}

TEST_CASE("errors of a call by tensors leave nothing behind", "[predictor]") {
  const Predictor predictor = predictor_of("broken");
  for (int i = 0; i < 3; ++i) {
    CHECK_THAT(message_of(Errc::failed, [&] { ask(predictor, {1, 2}, {1, 1}); }), Contains("gave up"));
    CHECK(code_of([&] { ask(predictor, {3, 2}, {1, 1, 2, 2, 3, 3}); }) == Errc::failed);
  }
  CHECK(predictor.cache_stats().entries == 0);
  CHECK(code_of([&] { ask(predictor, {1, 3}, {1, 1, 1}); }) == Errc::shape_mismatch);
  const Predictor affine = predictor_of("affine");
  CHECK(code_of([&] { ask(affine, {1, 2}, {1, 1}, {.deadline = TimePoint::min()}); }) == Errc::deadline_exceeded);
  std::stop_source stop;
  stop.request_stop();
  CHECK(code_of([&] { ask(affine, {1, 2}, {1, 1}, {.stop = stop.get_token()}); }) == Errc::canceled);
  CHECK(ask(affine, {1, 2}, {1, 1}).use == CacheUse::miss);
  const std::array<std::int64_t, 2> shape{1, 3};
  const std::array<float, 3> values{};
  const TensorView input{.type = DataType::float32, .shape = shape, .data = std::as_bytes(std::span(values))};
  std::vector<Tensor> outputs;
  CHECK(affine.try_run({&input, 1}, outputs) == Errc::shape_mismatch);
}

TEST_CASE("a shape that claims rows without elements is not believed", "[predictor]") {
  const Predictor predictor = predictor_of("widths");
  const std::array<std::int64_t, 2> shape{std::int64_t{1} << 62, 0};
  const TensorView input{.type = DataType::float32, .shape = shape};
  std::vector<Tensor> outputs;
  CHECK(!predictor.find({&input, 1}, outputs));
}

TEST_CASE("a device that the model cannot use is refused", "[predictor]") {
  const PredictorOptions elsewhere{.device = {.type = DeviceType::cuda}};
  CHECK_THAT(message_of(Errc::unsupported, [&] { predictor_of("affine", {}, elsewhere); }), Contains("cuda:0"));
}

TEST_CASE("many threads that ask overlapping tensors all get the right answers", "[predictor]") {
  const Predictor rows = predictor_of("affine", {}, {.cache_bytes = 1 << 14});
  const Predictor whole = predictor_of("total", {}, {.cache_bytes = 1 << 14});
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Philox random(static_cast<std::uint64_t>(t));
      for (int call = 0; call < 300; ++call) {
        const auto count = static_cast<std::int64_t>(1 + random.below(8));
        std::vector<float> values;
        float sum = 0;
        for (std::int64_t i = 0; i < 2 * count; ++i) values.push_back(static_cast<float>(random.below(10)));
        for (const float value : values) sum += value;
        const std::vector<float> answers = floats(ask(rows, {count, 2}, values).outputs[0]);
        for (std::size_t i = 0; i < answers.size(); ++i)
          if (answers[i] != 2 * values[2 * i] + 3 * values[2 * i + 1] + 1) ++wrong;
        if (floats(ask(whole, {count, 2}, values).outputs[0])[0] != sum) ++wrong;
      }
    });
  threads.clear();
  CHECK(wrong == 0);
}
