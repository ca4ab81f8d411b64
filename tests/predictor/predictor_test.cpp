#include "scalar/predictor.hpp"

#include <atomic>
#include <cstring>
#include <limits>
#include <optional>
#include <thread>
#include <vector>

#include "scalar/core/random.hpp"
#include "scalar/metrics.hpp"
#include "scalar/trainer.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

// Catch allocates when an assertion passes: here only one that fails is one.
#define CHECK_UNCOUNTED(condition)      \
  do {                                  \
    if (!(condition)) FAIL(#condition); \
  } while (false)

using namespace scalar;
using Catch::Matchers::Contains;
using test::allocations;

namespace {

/// y = sum of the features, from a linear model.
AnyModel sum_of(std::int64_t features) {
  LinearParameters parameters{
      .features = features, .outputs = 1, .values = std::vector<double>(static_cast<std::size_t>(features) + 1, 1.0)};
  parameters.intercepts()[0] = 0;
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < features; ++i) names.push_back("x" + std::to_string(i));
  return Model(LinearRegression{}, parameters, Encoder::identity(names, {}));
}

enum class Island { Biscoe, Dream, Torgersen };

struct Penguin {
  std::optional<Island> island{};
  std::optional<double> mass{};
  int legs = 2;
  static constexpr std::string_view name = "penguin";
  static constexpr auto fields() {
    return std::tuple{field<&Penguin::island>, field<&Penguin::mass>, field<&Penguin::legs>};
  }
};

/// A linear model of the raw columns "island", a text, and "mass".
AnyModel islands() {
  const Table table({{.name = "island", .values = TextValues{{"Biscoe", "Dream", "Torgersen"}, {0, 1, 2, 0, 1, 2}}},
                     {.name = "mass", .values = std::vector<double>{1, 2, 3, 4, 5, 6}},
                     {.name = "length", .values = std::vector<double>{2, 5, 9, 7, 10, 14}}},
                    "length");
  return Trainer{LinearRegression{}}.fit(table);
}

struct Answer {
  std::vector<double> values;
  CacheUse use;
};
Answer ask(const Predictor& predictor, std::vector<float> rows, std::int64_t columns, const PredictOptions& call = {}) {
  const auto count = static_cast<std::int64_t>(rows.size()) / columns;
  Answer answer{std::vector<double>(static_cast<std::size_t>(count * predictor.outputs())), CacheUse::bypass};
  answer.use = predictor.predict(FloatMatrix(rows.data(), count, columns),
                                 BatchOut(answer.values.data(), count, predictor.outputs()), call);
  return answer;
}

}  // namespace

TEST_CASE("the same row again is a hit, and of a batch only what is missing is computed", "[predictor]") {
  const Predictor predictor(sum_of(2), {.cache_bytes = 1 << 20});
  CHECK(ask(predictor, {1, 2}, 2).use == CacheUse::miss);
  CHECK(ask(predictor, {1, 2}, 2).use == CacheUse::hit);
  const Answer partial = ask(predictor, {5, 6, 1, 2, 7, 8, 5, 6}, 2);
  CHECK(partial.use == CacheUse::partial);
  CHECK(partial.values == std::vector<double>{11, 3, 15, 11});
  CHECK(ask(predictor, {5, 6, 7, 8}, 2).use == CacheUse::hit);
  const auto stats = predictor.cache_stats();
  CHECK(stats.misses == 3);
  CHECK(stats.inserts == 3);
}

TEST_CASE("find answers what is in the cache, and counts nothing else", "[predictor]") {
  const Predictor predictor(sum_of(2), {.cache_bytes = 1 << 20});
  const float rows[] = {1, 2, 3, 4};
  double out[2] = {};
  CHECK_FALSE(predictor.find(FloatMatrix(rows, 2, 2), BatchOut(out, 2, 1)));
  ask(predictor, {1, 2}, 2);
  CHECK(predictor.find(FloatMatrix(rows, 1, 2), BatchOut(out, 1, 1)));
  CHECK(out[0] == 3);
  CHECK(predictor.cache_stats().hits == 1);
  CHECK_FALSE(predictor.find(FloatMatrix(rows, 2, 2), BatchOut(out, 2, 1)));
  CHECK(predictor.cache_stats().hits == 1);
  CHECK(predictor.cache_stats().misses == 1);
  ask(predictor, {3, 4}, 2);
  CHECK(predictor.find(FloatMatrix(rows, 2, 2), BatchOut(out, 2, 1)));
  CHECK(out[1] == 7);
  CHECK(predictor.cache_stats().hits == 3);
  CHECK_FALSE(predictor.find(FloatMatrix(rows, 1, 3), BatchOut(out, 1, 1)));
  CHECK_FALSE(Predictor(sum_of(2)).find(FloatMatrix(rows, 1, 2), BatchOut(out, 1, 1)));
  predictor.forget();
  CHECK_FALSE(predictor.find(FloatMatrix(rows, 1, 2), BatchOut(out, 1, 1)));
}

TEST_CASE("rows of one shape never answer for another", "[predictor]") {
  // Six equal floats as [2,3], [3,2] and [1,6]: three models, one cache each; and within one model another row count.
  const Predictor three(sum_of(3), {.cache_bytes = 1 << 20}), six(sum_of(6), {.cache_bytes = 1 << 20});
  CHECK(ask(three, {1, 2, 3, 4, 5, 6}, 3).values == std::vector<double>{6, 15});
  CHECK(ask(six, {1, 2, 3, 4, 5, 6}, 6).values == std::vector<double>{21});
  CHECK(ask(three, {1, 2, 3}, 3).use == CacheUse::hit);
  std::vector<float> rows(6);
  std::vector<double> out(3);
  CHECK_THROWS_AS(three.predict(FloatMatrix(rows.data(), 3, 2), BatchOut(out.data(), 3, 1)), Error);
}

TEST_CASE("a number and a text with the same key bytes are told apart", "[predictor]") {
  const Predictor predictor(sum_of(1), {.cache_bytes = 1 << 20});
  const std::vector<double> zero{0.0};
  const std::vector<std::string_view> nothing{""};
  const std::vector<BatchColumn> number{{.numbers = zero}}, text{{.texts = nothing}};
  double out = 7;
  CHECK(predictor.predict(BatchView(number, 1), BatchOut(&out, 1, 1)) == CacheUse::miss);
  CHECK(predictor.predict(BatchView(number, 1), BatchOut(&out, 1, 1)) == CacheUse::hit);
  CHECK_THROWS_AS(predictor.predict(BatchView(text, 1), BatchOut(&out, 1, 1)), Error);
}

TEST_CASE("without a cache, or when asked to, the cache is bypassed", "[predictor]") {
  const Predictor plain(sum_of(2));
  CHECK(ask(plain, {1, 2}, 2).use == CacheUse::bypass);
  CHECK(plain.cache_stats().misses == 0);
  const Predictor cached(sum_of(2), {.cache_bytes = 1 << 20});
  CHECK(ask(cached, {1, 2}, 2, {.use_cache = false}).use == CacheUse::bypass);
  CHECK(ask(cached, {1, 2}, 2).use == CacheUse::miss);
}

TEST_CASE("forget makes every answer a miss again", "[predictor]") {
  const Predictor predictor(sum_of(2), {.cache_bytes = 1 << 20});
  ask(predictor, {1, 2}, 2);
  predictor.forget();
  CHECK(ask(predictor, {1, 2}, 2).use == CacheUse::miss);
}

TEST_CASE("deadlines and stop tokens are kept, and a failed call leaves nothing behind", "[predictor]") {
  const Predictor predictor(sum_of(2), {.cache_bytes = 1 << 20});
  const TimePoint past = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  CHECK_THROWS_WITH(ask(predictor, {1, 2}, 2, {.deadline = past}), Contains("deadline"));
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_WITH(ask(predictor, {1, 2}, 2, {.stop = stop.get_token()}), Contains("canceled"));
  CHECK(ask(predictor, {1, 2}, 2).use == CacheUse::miss);
  CHECK(ask(predictor, {1, 2}, 2, {.deadline = past}).use == CacheUse::hit);  // no work begins
}

TEST_CASE("a negative number of rows is an error of the library", "[predictor]") {
  const float row[] = {1, 2};
  double out[1] = {};
  for (const std::uint64_t cache_bytes : {0, 1 << 20}) {
    const Predictor predictor(sum_of(2), {.cache_bytes = cache_bytes});
    CHECK_THROWS_WITH(predictor.predict(FloatMatrix(row, -1, 2), BatchOut(out, -1, 1)),
                      "linear_regression: the batch has -1 rows, expected 0 or more");
    CHECK_FALSE(predictor.find(FloatMatrix(row, -1, 2), BatchOut(out, -1, 1)));
  }
}

TEST_CASE("try_predict gives codes", "[predictor]") {
  const Predictor predictor(sum_of(2), {.cache_bytes = 1 << 20});
  std::vector<float> row(3);
  double out = 0;
  CacheUse use = CacheUse::hit;
  CHECK(predictor.try_predict(FloatMatrix(row.data(), 1, 2), BatchOut(&out, 1, 1), {}, &use) == Errc::ok);
  CHECK(use == CacheUse::miss);
  CHECK(predictor.try_predict(FloatMatrix(row.data(), 1, 3), BatchOut(&out, 1, 1)) == Errc::shape_mismatch);
  CHECK_THROWS_AS(Predictor(AnyModel()), Error);
}

TEST_CASE("a warm prediction of one row allocates nothing, with or without a cache hit", "[predictor]") {
  std::vector<float> row(784, 0.5f);
  std::vector<double> out(10);
  MlpParameters network{.sizes = {784, 256, 10}, .link = Link::softmax};
  Philox random(1);
  for (std::size_t i = 0; i < network.offset(2); ++i)
    network.values.push_back(static_cast<float>(random.uniform() - 0.5) / 16);
  std::vector<std::string> names(784), classes(10);
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = std::to_string(i);
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = std::to_string(i);
  const AnyModel model = Model(MultilayerPerceptron{.hidden = {256}}, network, Encoder::identity(names, classes));
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1} << 20}) {
    const Predictor predictor(model, {.cache_bytes = bytes});
    const auto once = [&] { predictor.predict(FloatMatrix(row.data(), 1, 784), BatchOut(out.data(), 1, 10)); };
    once();
    once();
    const std::int64_t before = allocations;
    for (int i = 0; i < 100; ++i) once();
    CHECK(allocations - before == 0);
    CHECK(out[0] + out[1] + out[2] + out[3] + out[4] + out[5] + out[6] + out[7] + out[8] + out[9] == Approx(1.0));
  }
}

TEST_CASE("raw columns: a hit allocates nothing, a miss the entry that is stored and nothing else", "[predictor]") {
  const Predictor predictor(islands(), {.cache_bytes = 32 << 10});  // one shard
  const std::string_view texts[] = {"a text that is longer than what a string keeps in place", "Biscoe", "Dream"};
  double out[3];
  const auto ask = [&](double mass, std::size_t rows) {
    const double numbers[] = {mass, mass + 0.25, mass + 0.5};
    const BatchColumn columns[] = {{.texts = {texts, rows}}, {.numbers = {numbers, rows}}};
    return predictor.predict(BatchView(columns, static_cast<std::int64_t>(rows)),
                             BatchOut(out, static_cast<std::int64_t>(rows), 1));
  };
  for (int i = 0; i < 1000; ++i)
    ask(i, 3);  // more than the cache holds: from now on an entry takes the place of others
  std::int64_t before = allocations;
  for (int i = 1000; i < 1100; ++i) CHECK_UNCOUNTED(ask(i, 1) == CacheUse::miss);
  CHECK(allocations - before == (test::counts_allocations ? 100 : 0));
  before = allocations;
  for (int i = 0; i < 100; ++i) CHECK_UNCOUNTED(ask(1099, 1) == CacheUse::hit);
  CHECK(allocations - before == 0);
  CHECK_UNCOUNTED(ask(1098, 3) == CacheUse::partial);  // the first gathers rows
  before = allocations;
  CHECK_UNCOUNTED(ask(1099, 3) == CacheUse::partial);
  CHECK(allocations - before == (test::counts_allocations ? 2 : 0));
}

TEST_CASE("one row is asked by the names of its columns, or as a struct", "[predictor]") {
  const Predictor predictor(islands(), {.cache_bytes = 1 << 20});
  const double torgersen = predictor.predict_row({{"island", "Torgersen"}, {"mass", 2}}).values.at(0);
  CHECK(predictor.predict_row({{"mass", 2.0}, {"unknown", 7}, {"island", std::string("Torgersen")}}).values.at(0) ==
        torgersen);
  CHECK(predictor.cache_stats().hits == 1);  // the same row
  CHECK(predictor.predict_row(Penguin{Island::Torgersen, 2, 1}).values.at(0) == torgersen);
  CHECK(predictor.predict_row(Penguin{Island::Biscoe, 2, 1}).values.at(0) != torgersen);
  CHECK(predictor.predict_row(Penguin{}).values ==
        predictor.predict_row({{"mass", std::nullopt}, {"island", ""}}).values);
  const std::vector<NamedValue> vector{{"mass", 2}, {"island", "Torgersen"}};
  CHECK(predictor.predict_row(vector).values.at(0) == torgersen);

  CHECK_THROWS_WITH(predictor.predict_row({{"island", "Dream"}}),
                    "column \"mass\": the row has no value; say a missing "
                    "one as std::nullopt");
  CHECK_THROWS_WITH(predictor.predict_row({{"island", 3}, {"mass", 2}}),
                    Contains("has a number, the model was trained on text"));
  CHECK_THROWS_WITH(predictor.predict_row({{"island", "Dream"}, {"mass", "2"}}), Contains("has a text"));
  CHECK_THROWS_WITH(predictor.predict_row({{"mass", 1}, {"island", "Dream"}, {"mass", 2}}), Contains("has two values"));
  const std::int64_t inexact = (std::int64_t{1} << 53) + 1;
  CHECK_THROWS_WITH(predictor.predict_row({{"island", "Dream"}, {"mass", inexact}}), Contains("does not hold exactly"));
  CHECK_NOTHROW(predictor.predict_row({{"island", "Dream"}, {"mass", 1}, {"unknown", inexact}}));
  CHECK(!NamedValue("id", std::numeric_limits<std::int64_t>::max()).is_exact());
  CHECK(!NamedValue("id", std::numeric_limits<std::uint64_t>::max()).is_exact());
  CHECK(NamedValue("id", std::numeric_limits<std::int64_t>::min()).is_exact());
  CHECK(NamedValue("id", std::int64_t{1} << 62).number() == 4611686018427387904.0);
  CHECK(NamedValue("id", std::numeric_limits<std::int64_t>::min()).number() == -9223372036854775808.0);
}

TEST_CASE("a dataset is predicted, and metrics take a predictor", "[predictor]") {
  const Predictor predictor(sum_of(2), {.cache_bytes = 1 << 20});
  const Dataset data({.features = {1, 2, 3, 4}, .columns = 2, .targets = {3, 8}});
  CHECK(predictor.predict(data).values == std::vector<double>{3, 7});
  CHECK(predictor.predict(data).rows == 2);
  CHECK(predictor.cache_stats().hits == 2);
  CHECK(metrics::mae(predictor, data) == 0.5);
  const Table table(
      {{.name = "x0", .values = std::vector<double>{1}}, {.name = "x1", .values = std::vector<double>{2}}});
  CHECK(predictor.predict(table).values == std::vector<double>{3});
  CHECK_THROWS_AS(metrics::accuracy(predictor, data), Error);  // a regression
}

TEST_CASE("many threads that ask overlapping batches all get the right answers", "[predictor]") {
  const Predictor predictor(sum_of(2), {.cache_bytes = 8 << 10});  // so small that rows are evicted all the time
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (std::uint64_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Philox random(t);
      for (int call = 0; call < 500; ++call) {
        std::vector<float> rows;
        for (int i = 0; i < 8; ++i) {
          const auto x = static_cast<float>(random.below(200));
          rows.insert(rows.end(), {x, 2 * x});
        }
        const Answer answer = ask(predictor, rows, 2);
        for (std::size_t i = 0; i < 8; ++i) wrong += answer.values[i] != 3.0 * rows[2 * i];
        if (call % 100 == 0) predictor.forget();
      }
    });
  threads.clear();
  CHECK(wrong == 0);
}

TEST_CASE("a table is predicted through the cache as well", "[predictor]") {
  const Predictor predictor(sum_of(1), {.cache_bytes = 1 << 20});
  const Table table({{.name = "other", .values = std::vector<std::int64_t>{9, 9}},
                     {.name = "x0", .values = std::vector<std::int64_t>{4, 5}}});
  CHECK(predictor.predict(table).values == std::vector<double>{4, 5});
  CHECK(predictor.predict(table).values == std::vector<double>{4, 5});
  CHECK(predictor.cache_stats().hits == 2);
  // A column whose type could not be known, as of a one-row CSV with nothing in it, is missing; linear models need it.
  const Table nothing({{.name = "x0", .values = TextValues{{}, {0}}, .present = {0}}});
  CHECK_THROWS_WITH(predictor.predict(nothing), Contains("no finite prediction"));
  const Table text({{.name = "x0", .values = TextValues{{"a"}, {0}}}});
  CHECK_THROWS_WITH(predictor.predict(text), Contains("column \"x0\": has values of type text"));
}
