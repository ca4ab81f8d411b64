#include "scalar/trainer.hpp"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bsp/loopback.hpp"
#include "scalar/core/hash.hpp"
#include "support/catch.hpp"

using namespace scalar;
using Catch::Matchers::Contains;

namespace {

/// y = 2 a + noise-free step on a text column; three rows miss a value.
Table small_table() {
  std::vector<double> a, y;
  TextValues text{.dictionary = {"low", "high"}, .codes = {}};
  std::vector<std::uint8_t> present;
  for (int i = 0; i < 40; ++i) {
    a.push_back(i % 10);
    text.codes.push_back(i % 3 == 0);
    y.push_back(2.0 * (i % 10) + (i % 3 == 0 ? 5 : 0));
    present.push_back(i % 17 != 5);
  }
  return Table(
      {{.name = "a", .values = a, .present = present}, {.name = "t", .values = text}, {.name = "y", .values = y}}, "y");
}

Dataset two_classes() {
  DatasetParts parts{.columns = 1, .classes = {"no", "yes"}};
  for (int i = 0; i < 20; ++i) {
    parts.features.push_back(static_cast<float>(i));
    parts.targets.push_back(i < 10 ? 0.0f : 1.0f);
  }
  return Dataset(parts);
}

/// A backend that cannot share.
struct Alone {
  std::string_view name() const { return "alone"; }
  Support supports(const GradientBoostedTrees&, int peers) const {
    return peers > 1 ? Support{{"it is alone"}} : Support{};
  }
  Forest fit(const GradientBoostedTrees&, const Dataset&, const FitOptions&, const Runtime&) const { return {}; }
};

}  // namespace

TEST_CASE("a static backend and a name train the same model", "[trainer]") {
  const Table table = small_table();
  const auto fixed = Trainer{LinearRegression{.l2 = 0.1}, backend::Native{}}.fit(table);
  const auto named = Trainer{LinearRegression{.l2 = 0.1}, "native"}.fit(table);
  CHECK(fixed.parameters() == named.parameters());
  CHECK(fixed.info().backend == "native");
  CHECK(fixed.info().rows == 40);
  static_assert(std::is_same_v<decltype(fixed), const Model<LinearRegression>>);
}

TEST_CASE("the encoder is fitted on the training table only, and serving takes raw columns", "[trainer]") {
  const Table table = small_table();
  const auto model = Trainer{LinearRegression{.l2 = 1e-6}}.fit(table.slice(0, 30));
  const Prediction prediction = model.predict(table.slice(30, 10));
  CHECK(prediction.rows == 10);
  CHECK(prediction.outputs == 1);
  for (std::int64_t row = 0; row < 10; ++row) {
    const std::int64_t stored = 30 + row;
    if (table.column("a").is_missing(stored)) continue;
    // Rows with a missing `a` were imputed by the mean and bend the line a little.
    CHECK(prediction.values[static_cast<std::size_t>(row)] == Approx(table.column("y").number(stored)).margin(1.5));
  }
}

TEST_CASE("an encoding of one's own replaces the spec's", "[trainer]") {
  const Table table = small_table();
  const auto ordinal = Trainer{LinearRegression{}}.with_encoding({.categories = Categories::ordinal}).fit(table);
  const auto one_hot = Trainer{LinearRegression{}}.fit(table);
  CHECK(ordinal.encoder().feature_count() == 2);
  CHECK(one_hot.encoder().feature_count() == 3);
}

TEST_CASE("impossible values, unknown backends and unsupported pairs say why", "[trainer]") {
  CHECK_THROWS_WITH((Trainer{GradientBoostedTrees{.depth = 100}}),
                    "gradient_boosted_trees.depth: is 100, expected 1 to 64");
  CHECK_THROWS_WITH((Trainer{LogisticRegression{.l2 = std::nan("")}}), Contains("logistic_regression.l2"));
  CHECK_THROWS_WITH((Trainer{LinearRegression{}, "nativ"}),
                    Contains("no backend is called \"nativ\"; there are native"));
  const Trainer alone{GradientBoostedTrees{.trees = 2}, Alone{}};
  CHECK_THROWS_WITH(alone.fit(two_classes(), {.peers = 3}),
                    "alone cannot train gradient_boosted_trees on 3 peers\n  - it is alone");
  const auto transport = std::make_shared<bsp_test::Loopback>(std::make_shared<bsp_test::Switchboard>(1), 0);
  CHECK_THROWS_WITH(alone.fit(two_classes(), {.transport = transport}),
                    "alone cannot share the training of gradient_boosted_trees with processes\n  - it is alone");
  const Trainer trees{GradientBoostedTrees{.trees = 2}};
  CHECK_THROWS_WITH(trees.fit(two_classes(), {.peers = 3, .shards = 2}),
                    "gradient_boosted_trees: 3 peers cannot share 2 shards, expected at most as many peers as shards");
  CHECK_THROWS_WITH(trees.fit(two_classes(), {.peers = 0}), "FitOptions: peers is 0, expected 1 or more");
}

TEST_CASE("processes that share a fit get one model, or the error of the one that cannot encode", "[trainer]") {
  const Table table = small_table();
  const std::vector<double> few{1, 2, 3};
  const Table unlabelled({{.name = "a", .values = few}}, "");
  const auto fit_in_two = [&](const Table& second) {
    const auto board = std::make_shared<bsp_test::Switchboard>(2);
    const auto end_of = [&](int process) -> std::string {
      try {
        const auto model = Trainer{LinearRegression{}}.fit(
            process == 0 ? table : second,
            {.peers = 4, .transport = std::make_shared<bsp_test::Loopback>(board, process)});
        return hash128(to_bytes(model.parameters())).hex();
      } catch (const Error& error) {
        return error.what();
      }
    };
    std::string second_end;
    std::thread other([&] { second_end = end_of(1); });
    const std::string first_end = end_of(0);
    other.join();
    CHECK(first_end == second_end);
    return first_end;
  };
  CHECK(fit_in_two(table) == hash128(to_bytes(Trainer{LinearRegression{}}.fit(table).parameters())).hex());
  std::string error;
  try {
    Trainer{LinearRegression{}}.fit(unlabelled);
  } catch (const Error& thrown) {
    error = thrown.what();
  }
  REQUIRE(!error.empty());
  CHECK(fit_in_two(unlabelled) == error);
}

TEST_CASE("peers that share a fit learn the model of one", "[trainer]") {
  const auto bytes = [](const auto& spec, int peers, int shards) {
    return to_bytes(Trainer{spec}.fit(two_classes(), {.peers = peers, .shards = shards}).parameters());
  };
  for (const int peers : {2, 4}) {
    CHECK((bytes(GradientBoostedTrees{.trees = 5}, peers, 0) == bytes(GradientBoostedTrees{.trees = 5}, 1, 0)));
    CHECK((bytes(LogisticRegression{}, peers, 0) == bytes(LogisticRegression{}, 1, 0)));
    CHECK((bytes(MultilayerPerceptron{.epochs = 2}, peers, 4) == bytes(MultilayerPerceptron{.epochs = 2}, 1, 4)));
  }
}

TEST_CASE("a Dataset must have the targets that the spec learns", "[trainer]") {
  const Trainer linear{LinearRegression{}};
  CHECK_THROWS_WITH(linear.fit(two_classes()), Contains("this spec learns numbers"));
  CHECK_THROWS_WITH(linear.fit(Dataset()), Contains("no rows"));
  CHECK_THROWS_WITH(linear.fit(Dataset({.features = {1, 2}, .columns = 1})), Contains("no targets"));
  CHECK_THROWS_WITH((Trainer{LogisticRegression{}}.fit(Dataset({.features = {1, 2}, .columns = 1, .targets = {1, 2}}))),
                    Contains("this spec learns classes"));
}

TEST_CASE("infinite features, values that no enumerator has and endless layers are errors", "[trainer]") {
  Dataset infinite({.features = {1, std::numeric_limits<float>::infinity()},
                    .columns = 1,
                    .targets = {0, 1},
                    .classes = {"a", "b"}});
  CHECK_THROWS_WITH((Trainer{GradientBoostedTrees{}}.fit(infinite)), Contains("feature \"f0\", row 1: an infinity"));
  CHECK_THROWS_WITH((Trainer{MultilayerPerceptron{.activation = static_cast<Activation>(9)}, backend::Native{}}),
                    "multilayer_perceptron.activation: has the value 9, which no enumerator has");
  CHECK_THROWS_AS((Trainer{LinearRegression{}}.with_encoding({.impute = static_cast<Impute>(9)})), Error);
  try {
    Trainer{MultilayerPerceptron{.hidden = {1'000'000, 1'000'000}}}.fit(two_classes());
    FAIL("four terabytes were found");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::resource_exhausted);
  }
}

TEST_CASE("a fit that is asked to stop is cancelled", "[trainer]") {
  std::stop_source stop;
  stop.request_stop();
  for (const int peers : {1, 2}) {
    try {
      Trainer{LogisticRegression{}}.fit(two_classes(), {.peers = peers, .stop = stop.get_token()});
      FAIL("it was trained");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::cancelled);
    }
  }
}

TEST_CASE("a class whose rows all have weight 0 is no class to learn", "[trainer]") {
  const Dataset data({.features = {1, 2, 3, 4},
                      .columns = 1,
                      .targets = {0, 0, 1, 1},
                      .weights = {1, 1, 0, 0},
                      .classes = {"a", "b"}});
  CHECK_THROWS_WITH((Trainer{LogisticRegression{}}.fit(data)), Contains("expected at least two classes"));
  CHECK_THROWS_AS((Trainer{GradientBoostedTrees{.trees = 1}}.fit(data)), Error);
}
