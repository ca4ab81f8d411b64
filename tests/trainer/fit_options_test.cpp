// Trainers with validation rows, from a model, with offsets, and the history that they keep.
#include <cmath>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "bsp/loopback.hpp"
#include "scalar/data/csv.hpp"
#include "scalar/metrics.hpp"
#include "scalar/model/history_figure.hpp"
#include "scalar/report/figure.hpp"
#include "scalar/trainer.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/paths.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using test::message_of;

namespace {

Table penguins() {
  return data::read_csv(test::source_file("examples/data/penguins.csv"), {.label = "species"}).shuffle(3);
}

const GradientBoostedTrees trees{.trees = 40, .depth = 4, .loss = Loss::softmax};

std::string bytes_of(const auto& model) {
  const std::vector<std::byte> bytes = to_bytes(model.parameters());
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

TEST_CASE("a fraction is drawn from the table before it is encoded, by its seed", "[trainer]") {
  const Table table = penguins();
  const Trainer trainer{trees};
  const auto drawn = trainer.fit(table, {.validation = {.fraction = 0.25, .seed = 5}});
  const auto [train, rest] = table.split({.test = 0.25, .seed = 5});
  const auto given = trainer.fit(train, {.validation = {.table = rest}});
  CHECK(bytes_of(drawn) == bytes_of(given));
  CHECK(drawn.encoder().to_json().dump() == given.encoder().to_json().dump());
  CHECK(drawn.info().rows == train.rows());
  CHECK(drawn.info().history.validation.size() == 40);
  CHECK(metrics::logloss(given, rest) ==
        Approx(given.info().history.validation[static_cast<std::size_t>(given.info().history.best_round) - 1]));
  CHECK(bytes_of(trainer.fit(table, {.validation = {.fraction = 0.25, .seed = 6}})) != bytes_of(drawn));
  // The same rows for peers and processes.
  CHECK(bytes_of(trainer.fit(table, {.peers = 3, .validation = {.fraction = 0.25, .seed = 5}})) == bytes_of(drawn));
  const auto board = std::make_shared<bsp_test::Switchboard>(2);
  std::string ends[2];
  std::vector<std::thread> threads;
  for (int process = 0; process < 2; ++process)
    threads.emplace_back([&, process] {
      ends[process] = bytes_of(trainer.fit(table, {.peers = 2,
                                                   .transport = std::make_shared<bsp_test::Loopback>(board, process),
                                                   .validation = {.fraction = 0.25, .seed = 5}}));
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(ends[0] == bytes_of(drawn));
  CHECK(ends[1] == bytes_of(drawn));
}

TEST_CASE("class weights are for the rows that are learned from", "[trainer]") {
  const Table table = penguins();
  const FitOptions options{.validation = {.fraction = 0.25}, .class_weights = {.of = {{"Gentoo", 7}}}};
  const auto model = Trainer{trees}.fit(table, options);
  const FitHistory& history = model.info().history;
  CHECK(metrics::logloss(model, table.split({.test = 0.25}).test) ==
        Approx(history.validation[static_cast<std::size_t>(history.best_round) - 1]));
}

TEST_CASE("the history is saved with the model, and drawn", "[trainer]") {
  const Table table = penguins();
  std::int64_t heard = 0;
  const auto model =
      Trainer{trees}.fit(table, {.progress = [&](const FitProgress& progress) { heard += progress.is_round ? 1 : 0; },
                                 .validation = {.fraction = 0.25, .patience = 4}});
  const FitHistory& history = model.info().history;
  CHECK(history.round == "tree");
  CHECK(history.objective.size() == static_cast<std::size_t>(heard));
  CHECK(history.validation.size() == history.objective.size());
  CHECK(history.best_round + 4 == heard);
  CHECK(model.parameters().trees() == history.best_round * 3);
  const test::TemporaryDirectory directory;
  model.save(directory / "model");
  CHECK(Model<GradientBoostedTrees>::load(directory / "model").info() == model.info());
  const report::Figure figure = history_figure(model.info());
  REQUIRE(figure.panels.size() == 2);
  CHECK(std::get<report::LineChart>(figure.panels[1]).lines[0].values == history.validation);
  CHECK(std::get<report::LineChart>(figure.panels[1]).marked == history.best_round);
  CHECK(report::svg(figure).find("the model is that of tree " + std::to_string(history.best_round)) !=
        std::string::npos);

  const auto plain = Trainer{trees}.fit(table);
  CHECK(plain.info().history.empty());
  CHECK(history_figure(plain.info()).panels.empty());
  const auto followed = Trainer{trees}.fit(table, {.progress = [](const FitProgress&) {}});
  CHECK(followed.info().history.objective.size() == 40);
  CHECK(followed.info().history.validation.empty());
  CHECK(followed.info().history.best_round == 40);
  CHECK(bytes_of(plain) == bytes_of(followed));
}

TEST_CASE("early stopping keeps trees from learning noise", "[trainer]") {
  const Table table = data::read_csv(test::source_file("examples/data/randhie.csv"), {.label = "mdvis"});
  const auto [some, test] = table.split({.test = 0.9, .seed = 2});
  const Trainer trainer{GradientBoostedTrees{.trees = 150, .loss = Loss::squared}};
  const double all = metrics::rmse(trainer.fit(some), test);
  const auto stopped =
      trainer.fit(some, {.validation = {.fraction = 0.25, .metric = ValidationMetric::rmse, .patience = 10}});
  CHECK(stopped.parameters().trees() < 50);
  CHECK(metrics::rmse(stopped, test) < 0.95 * all);
}

TEST_CASE("a model is gone on from with its own encoder", "[trainer]") {
  const auto [first, second] = penguins().split({.test = 0.5, .seed = 1});
  const auto model = Trainer{trees}.fit(first);
  const auto longer = Trainer{GradientBoostedTrees{.trees = 5, .depth = 3, .loss = Loss::softmax}}.fit_from(
      model, second, {.validation = {.fraction = 0.2}});
  CHECK(longer.encoder().to_json().dump() == model.encoder().to_json().dump());
  CHECK(longer.parameters().trees() == 40 * 3 + longer.info().history.best_round * 3);
  CHECK(longer.spec().trees == 5);
  CHECK(longer.info().history.validation.size() == 5);

  const Dataset dense({.features = {0, 1, 2, 3}, .columns = 1, .targets = {0, 1, 0, 1}, .classes = {"no", "yes"}});
  const Trainer logistic{LogisticRegression{.l2 = 1}};
  const auto of_dense = logistic.fit(dense);
  CHECK(logistic.fit_from(of_dense, dense).parameters().values[0] == Approx(of_dense.parameters().values[0]));
  const Dataset other(
      {.features = {0, 1}, .columns = 1, .targets = {0, 1}, .feature_names = {"x"}, .classes = {"no", "yes"}});
  CHECK(message_of(Errc::invalid_argument, [&] { logistic.fit_from(of_dense, other); }) ==
        "Trainer: the data have other features than the model to go on from (1 and 1)");
  const Dataset three({.features = {0, 1}, .columns = 1, .targets = {0, 1}, .classes = {"a", "b", "c"}});
  CHECK(message_of(Errc::invalid_argument, [&] { logistic.fit_from(of_dense, three); }) ==
        "Trainer: the data have other classes than the model to go on from (3 and 2)");
}

TEST_CASE("an offset column is learned on top of, and not asked for in predictions", "[trainer]") {
  // y = 3 a + 1000 b, of which b is the offset.
  std::string csv = "a,b,y\n";
  for (int i = 0; i < 30; ++i)
    csv += std::to_string(i % 6) + "," + std::to_string(1000 * (i % 5)) + "," +
           std::to_string(3 * (i % 6) + 1000 * (i % 5)) + "\n";
  const Table table = data::parse_csv(csv, {.label = "y", .offset = "b"});
  const auto model = Trainer{LinearRegression{.l2 = 0}}.fit(
      table, {.validation = {.fraction = 0.3, .metric = ValidationMetric::rmse}});
  CHECK(model.encoder().inputs().size() == 1);
  CHECK(model.info().history.validation[0] == Approx(0).margin(1e-5));
  const Prediction predicted = model.predict(data::parse_csv("a\n2\n"));
  CHECK(predicted.values[0] == Approx(6).margin(1e-5));
}

TEST_CASE("validation rows that say too much, or nothing, are errors", "[trainer]") {
  const Table table = penguins();
  const Trainer trainer{trees};
  const auto said = [&](Errc code, const ValidationOptions& validation) {
    return message_of(code, [&] { trainer.fit(table, {.validation = validation}); });
  };
  CHECK(said(Errc::invalid_argument, {.table = table, .fraction = 0.5}) ==
        "FitOptions: more than one of validation.table, validation.data and validation.fraction");
  CHECK(said(Errc::out_of_range, {.fraction = 1}) == "FitOptions: validation.fraction is 1, expected 0 to less than 1");
  CHECK(said(Errc::out_of_range, {.fraction = std::nan("")}) ==
        "FitOptions: validation.fraction is nan, expected 0 to less than 1");
  CHECK(said(Errc::invalid_argument, {.patience = 2}) ==
        "FitOptions: validation.patience is 2, but there are no validation rows");
  const Dataset dense({.features = {0, 1, 2, 3}, .columns = 1, .targets = {0, 1, 0, 1}, .classes = {"no", "yes"}});
  CHECK(message_of(Errc::invalid_argument, [&] { trainer.fit(dense, {.validation = {.table = table}}); }) ==
        "FitOptions: a fit on a Dataset takes validation.data, not validation.table");
  CHECK(message_of(Errc::unsupported, [&] {
          trainer.fit(table, {.device = {DeviceType::cuda, 0}});
        }) == "native: device cuda:0 cannot be used here, expected cpu");
}
