#include "scalar/trainer.hpp"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bsp/loopback.hpp"
#include "scalar/core/hash.hpp"
#include "scalar/data/csv.hpp"
#include "scalar/metrics.hpp"
#include "support/catch.hpp"
#include "support/paths.hpp"

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
  const Table unlabeled({{.name = "a", .values = few}}, "");
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
    Trainer{LinearRegression{}}.fit(unlabeled);
  } catch (const Error& thrown) {
    error = thrown.what();
  }
  REQUIRE(!error.empty());
  CHECK(fit_in_two(unlabeled) == error);
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

TEST_CASE("a fit that is asked to stop is canceled", "[trainer]") {
  std::stop_source stop;
  stop.request_stop();
  for (const int peers : {1, 2}) {
    try {
      Trainer{LogisticRegression{}}.fit(two_classes(), {.peers = peers, .stop = stop.get_token()});
      FAIL("it was trained");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::canceled);
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

namespace {

/// y = base + 10 sin(12.9 i) + slope x, which no line through x explains but for the slope.
Table far_from_zero(double base, double slope, int rows = 400) {
  std::vector<double> x, y;
  for (int i = 0; i < rows; ++i) {
    x.push_back(i % 40);
    y.push_back(base + 10 * std::sin(12.9 * i) + slope * (i % 40));
  }
  return Table({{.name = "x", .values = x, .present = {}}, {.name = "y", .values = y, .present = {}}}, "y");
}

Table weighted_table(std::vector<double> weights) {
  const std::vector<double> x{1, 2, 3, 4, 5, 6};
  const TextValues y{.dictionary = {"no", "yes"}, .codes = {0, 1, 0, 0, 1, 1}};
  return Table({{.name = "x", .values = x, .present = {}},
                {.name = "w", .values = std::move(weights), .present = {}},
                {.name = "y", .values = y, .present = {}}},
               "y", "w");
}

constexpr Encoding as_they_are{.impute = Impute::keep, .scale = Scale::none};

}  // namespace

TEST_CASE("targets far from zero are learned and measured to their last digits", "[trainer]") {
  std::vector<double> x, y;
  for (int i = 0; i < 40; ++i) x.push_back(i), y.push_back(123456789.01 + 0.25 * i);
  const Table price({{.name = "x", .values = x, .present = {}}, {.name = "y", .values = y, .present = {}}}, "y");
  const auto line = Trainer{LinearRegression{.l2 = 0}}.with_encoding(as_they_are).fit(price);
  CHECK(line.parameters().weights()[0] == Approx(0.25).epsilon(1e-9));
  CHECK(line.parameters().intercepts()[0] == Approx(123456789.01).epsilon(1e-14));
  CHECK(metrics::rmse(line, price) < 1e-7);

  const Table same({{.name = "x", .values = std::vector<double>{0, 1, 2, 3}, .present = {}},
                    {.name = "y", .values = std::vector<double>(4, 16777217.0), .present = {}}},
                   "y");
  CHECK(metrics::mae(Trainer{LinearRegression{.l2 = 0}}.fit(same), same) < 1e-8);
  CHECK(Trainer{LinearRegression{.l2 = 0}}.fit(same).predict(same).values[1] == Approx(16777217).epsilon(1e-15));

  // What is left is the sine, whatever was added; a double computation of the same least squares says 7.07.
  const auto rmse_of = [](const auto& spec, double base) {
    const Table table = far_from_zero(base, 2);
    const auto model = Trainer{spec}.fit(table);
    double squares = 0;
    const Prediction prediction = model.predict(table);
    for (std::int64_t row = 0; row < table.rows(); ++row)
      squares += std::pow(prediction.values[static_cast<std::size_t>(row)] - table.column("y").number(row), 2);
    const double rmse = metrics::rmse(model, table);
    CHECK(rmse == Approx(std::sqrt(squares / static_cast<double>(table.rows()))).epsilon(1e-12));
    return rmse;
  };
  const MultilayerPerceptron network{.hidden = {8}, .loss = Loss::squared, .learning_rate = 0.01, .epochs = 40};
  for (const double base : {0.0, 1.7e9, -1.7e12}) {
    CHECK(rmse_of(LinearRegression{.l2 = 0}, base) == Approx(rmse_of(LinearRegression{.l2 = 0}, 0)).epsilon(1e-3));
    CHECK(rmse_of(network, base) < 8.5);
    CHECK(rmse_of(network, base) > 5);
  }
}

TEST_CASE("a network learns the same shape of targets of any size", "[trainer]") {
  const auto shape_of = [](double factor) {
    DatasetParts parts{.columns = 1};
    for (int i = 0; i < 100; ++i) {
      parts.features.push_back(static_cast<float>(i % 20) / 10 - 1);
      parts.targets.push_back(factor * (i % 20));
    }
    const auto model =
        Trainer{MultilayerPerceptron{.hidden = {4}, .loss = Loss::squared, .epochs = 5}}.fit(Dataset(parts));
    return model.parameters();
  };
  const MlpParameters one = shape_of(1), large = shape_of(std::ldexp(1, 40)), small = shape_of(std::ldexp(1, -40));
  CHECK(one.values == large.values);
  CHECK(one.values == small.values);
  CHECK(large.target_scale == std::ldexp(one.target_scale, 40));
  CHECK(small.target_offset == std::ldexp(one.target_offset, -40));
}

TEST_CASE("the weights of a table are those of its rows, in fits and in metrics", "[trainer]") {
  const Table table = weighted_table({3, 1, 2, 1, 0, 4});
  std::vector<std::int64_t> rows;
  for (std::int64_t row = 0; row < table.rows(); ++row)
    for (int times = 0; times < static_cast<int>(table.weights()[static_cast<std::size_t>(row)]); ++times)
      rows.push_back(row);
  const Table repeated = table.take(rows).with_weight("");
  const std::vector<std::string> names{"x", "y"};
  const auto learn = [](const Table& from) {
    return Trainer{LogisticRegression{}}.with_encoding(as_they_are).fit(from);
  };
  const auto weighted = learn(table), plain = learn(repeated.select(names));
  CHECK(weighted.encoder().feature_names() == std::vector<std::string>{"x"});
  CHECK(weighted.parameters().weights()[0] == Approx(plain.parameters().weights()[0]).epsilon(1e-6));
  CHECK(metrics::logloss(weighted, table) == Approx(metrics::logloss(plain, repeated)).epsilon(1e-6));
  CHECK(metrics::accuracy(weighted, table) == Approx(metrics::accuracy(plain, repeated)));
  const std::vector<std::string> inputs{"x"};
  CHECK(weighted.predict(table.select(inputs)).rows == 6);
  CHECK_THROWS_WITH(learn(weighted_table({1, 1, -1, 1, 1, 1})), Contains("column \"w\", row 2: the weight is -1"));
}

TEST_CASE("classes are weighted by name, or so that all count the same", "[trainer]") {
  const Table table = weighted_table({1, 1, 1, 1, 1, 0}).with_weight("");
  const std::vector<std::string> names{"x", "y"};
  const Table rows = table.select(names).slice(0, 5);  // three of "no", two of "yes"
  const auto learn = [&](const auto& spec, const ClassWeights& weights) {
    return to_bytes(Trainer{spec}.fit(rows, {.class_weights = weights}).parameters());
  };
  const auto by_hand = [&](const auto& spec, double no, double yes) {
    const Table by_row({{.name = "x", .values = std::vector<double>{1, 2, 3, 4, 5}, .present = {}},
                        {.name = "y", .values = TextValues{{"no", "yes"}, {0, 1, 0, 0, 1}}, .present = {}},
                        {.name = "w", .values = std::vector<double>{no, yes, no, no, yes}, .present = {}}},
                       "y", "w");
    return to_bytes(Trainer{spec}.fit(by_row).parameters());
  };
  const auto each = [&](const auto& spec) {
    CHECK((learn(spec, {.balanced = false, .of = {{"yes", 2.5}}}) == by_hand(spec, 1, 2.5)));
    CHECK((learn(spec, {.balanced = true, .of = {}}) == by_hand(spec, 5 / 6.0, 5 / 4.0)));
    CHECK((learn(spec, {.balanced = true, .of = {{"no", 2}}}) == by_hand(spec, 5 / 3.0, 5 / 4.0)));
    CHECK((learn(spec, {}) == by_hand(spec, 1, 1)));
  };
  each(LogisticRegression{});
  each(GradientBoostedTrees{.trees = 3, .min_child_weight = 0});
  each(MultilayerPerceptron{.hidden = {3}, .epochs = 2});

  const auto refused = [&](const ClassWeights& weights) { return learn(LogisticRegression{}, weights); };
  CHECK_THROWS_WITH(refused({.balanced = false, .of = {{"maybe", 1}}}),
                    "logistic_regression: class_weights name \"maybe\"; the classes are \"no\", \"yes\"");
  CHECK_THROWS_WITH(refused({.balanced = false, .of = {{"no", -1}}}),
                    Contains("the class weight of \"no\" is -1, expected a finite number not below 0"));
  CHECK_THROWS_WITH(
      (Trainer{LinearRegression{}}.fit(far_from_zero(0, 1), {.class_weights = {.balanced = true, .of = {}}})),
      "linear_regression: class_weights are for classes, this spec learns numbers");
  // A Dataset's own weights stay: balanced counts them.
  const auto weights =
      trainer::detail::weighted(two_classes().with_weights(std::vector<double>(20, 3.0)).take({0, 1, 2, 12}),
                                {.balanced = true, .of = {}}, "any");
  CHECK(weights.weight(0) == Approx(3 * 12 / (2 * 9.0)));
  CHECK(weights.weight(3) == Approx(3 * 12 / (2 * 3.0)));
}

TEST_CASE("many distinct numbers as classes are noted in the log and the model", "[trainer]") {
  std::vector<std::string> said;
  const Runtime runtime({.threads = 1, .log = [&](LogLevel level, std::string_view room, std::string_view message) {
                           if (level == LogLevel::warning && room == "trainer") said.emplace_back(message);
                         }});
  const auto table_of = [](int labels) {
    std::vector<double> x, y;
    for (int i = 0; i < 3 * labels; ++i) x.push_back(i), y.push_back(i % labels + 0.5);
    return Table({{.name = "x", .values = x, .present = {}}, {.name = "y", .values = y, .present = {}}}, "y");
  };
  const Trainer trainer{LogisticRegression{.max_iterations = 2}, backend::Native{}, runtime};
  CHECK(trainer.fit(table_of(30)).info().notes.empty());
  CHECK(said.empty());
  const auto model = trainer.fit(table_of(31));
  REQUIRE(model.info().notes.size() == 1);
  CHECK(model.info().notes[0] ==
        "the label \"y\" is learned as 31 classes, which are numbers (\"0.5\", \"1.5\", ...): a regression may be "
        "meant");
  CHECK(said == model.info().notes);
  CHECK_THROWS_WITH(trainer.fit(table_of(1001)), Contains("use LinearRegression"));

  DatasetParts parts{.columns = 1};
  for (int i = 0; i < 62; ++i) parts.features.push_back(static_cast<float>(i)), parts.targets.push_back(i % 31);
  for (int i = 0; i < 31; ++i) parts.classes.push_back(std::to_string(i));
  CHECK(trainer.fit(Dataset(parts)).info().notes.size() == 1);
  parts.classes[7] = "seven";
  CHECK(trainer.fit(Dataset(parts)).info().notes.empty());
}

TEST_CASE("a fit can be stopped while its table is encoded, and reports that, too", "[trainer]") {
  std::vector<std::string> heard;
  const auto hear = [&](const FitProgress& at) {
    if (heard.empty() || heard.back() != at.what) heard.emplace_back(at.what);
  };
  (void)Trainer{LogisticRegression{}}.fit(weighted_table({1, 1, 1, 1, 1, 1}), {.progress = hear});
  CHECK(heard == std::vector<std::string>{"encoder", "features", "iteration"});
  for (const std::string phase : {"encoder", "features"}) {
    std::stop_source stop;
    heard.clear();
    const FitOptions options{.stop = stop.get_token(), .progress = [&](const FitProgress& at) {
                               hear(at);
                               if (at.what == phase) stop.request_stop();
                             }};
    try {
      (void)Trainer{LogisticRegression{}}.fit(weighted_table({1, 1, 1, 1, 1, 1}), options);
      FAIL("it was trained");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::canceled);
    }
    CHECK(heard.back() == phase);
  }
}

TEST_CASE("by default a network is no worse than a line on real data", "[trainer]") {
  const auto [train, test] =
      data::read_csv(test::source_file("examples/data/randhie.csv"), {.label = "mdvis"}).split({.seed = 1});
  const double line = metrics::rmse(Trainer{LinearRegression{}}.fit(train), test);
  // Visits to a doctor hardly depend on what is known: the network wins by 0.3 %, which another processor may change.
  CHECK(metrics::rmse(Trainer{MultilayerPerceptron{.loss = Loss::squared}}.fit(train), test) < 1.005 * line);

  const auto birds =
      data::read_csv(test::source_file("examples/data/penguins.csv"), {.label = "species"}).split({.seed = 1});
  const double softmax = metrics::logloss(Trainer{LogisticRegression{}}.fit(birds.train), birds.test);
  CHECK(metrics::logloss(Trainer{MultilayerPerceptron{}}.fit(birds.train), birds.test) < softmax);
}
