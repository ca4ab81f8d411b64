// Margins of imported forests of 200 trees of depth 6 on 50 features, by one thread: single rows, each another one, and
// 10,000 rows, against the tools that trained them and those that run them.
#include <cmath>
#include <cstdio>

#include "bench.hpp"
#include "forest_rivals.hpp"
#include "lightgbm_rival.hpp"
#include "scalar/backend/lightgbm/lightgbm.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/backend/prepare_process.hpp"
#include "scalar/interchange/lightgbm.hpp"
#include "scalar/interchange/onnx.hpp"
#include "scalar/interchange/xgboost.hpp"
#include "xgboost_rival.hpp"

using namespace scalar;

namespace {

constexpr std::int64_t rows = 10'000, columns = 50;
const Runtime one_thread({.threads = 1});

/// Both in microseconds per row; `allowed` is what a row may take.
std::vector<bench::Row> compare(const std::string& what, const CompiledModel& model, FloatMatrix x,
                                const rival::ForestRival& rival) {
  std::vector<double> ours(rows), theirs(rows);
  model.margins(x, {ours.data(), rows, 1});
  rival.many(theirs.data());
  for (std::size_t row = 0; row < rows; ++row)
    if (std::abs(ours[row] - theirs[row]) > 1e-4 * (1 + std::abs(ours[row])))
      throw Error(Errc::failed, "the margins differ", rival.name);

  const auto per_row = [](const auto& work) { return [&work] { return bench::seconds(work) * 1e6 / rows; }; };
  const auto our_singles = [&] {
    for (std::int64_t row = 0; row < rows; ++row) model.margins(x.slice(row, 1), {ours.data() + row, 1, 1});
  };
  const auto their_singles = [&] {
    for (std::int64_t row = 0; row < rows; ++row) theirs[static_cast<std::size_t>(row)] = rival.one(row);
  };
  const auto our_batch = [&] { model.margins(x, {ours.data(), rows, 1}); };
  const auto their_batch = [&] { rival.many(theirs.data()); };
  const auto figures = bench::interleave({{"ours, 1 row", per_row(our_singles)},
                                          {"theirs, 1 row", per_row(their_singles)},
                                          {"ours, 10k", per_row(our_batch)},
                                          {"theirs, 10k", per_row(their_batch)}},
                                         7);
  const auto goal = [&](std::size_t their, double allowed) { return bench::median(figures[their]) / allowed; };
  return {{what + ", 1 row", rival.name, "us", figures[0], figures[1], goal(1, 1.5)},
          {what + ", 10,000 rows, per row", rival.name, "us", figures[2], figures[3], goal(3, 1.2)}};
}

void append(std::vector<bench::Row>& to, std::vector<bench::Row> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// XGBoost's forest, which ONNX Runtime gets from us.
void compare_xgboost(const DatasetParts& parts, FloatMatrix x, std::vector<bench::Row>& out) {
  const backend::xgboost::Library library("");
  rival::Booster booster(library, parts, {.trees = 200, .depth = 6, .learning_rate = 0.1}, 1);
  Forest forest = std::get<Forest>(interchange::read_xgboost(booster.json()).parameters);
  const CompiledModel model = backend::compile(forest, one_thread);
  append(out, compare("XGBoost's forest 200 x depth 6", model, x,
                      {rival::version(library) + " in place",
                       [&](std::int64_t row) { return double{*booster.predict(x.data + row * columns, 1, columns)}; },
                       [&](double* margins) {
                         const float* result = booster.predict(x.data, rows, columns);
                         std::copy_n(result, rows, margins);
                       }}));
  forest.link = Link::identity;
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < columns; ++i) names.push_back(std::to_string(i));
  rival::OnnxForest onnx(interchange::write_onnx(Encoder::identity(names, {}), forest), one_thread);
  append(out, compare("XGBoost's forest 200 x depth 6", model, x, onnx.rival(x)));
}

/// LightGBM's forest, of as many leaves, which lleaves compiles.
void compare_lightgbm(const DatasetParts& parts, FloatMatrix x, std::vector<bench::Row>& out) {
  const backend::lightgbm::Library library("");
  const rival::LightGbm lightgbm(library);
  const std::string parameters =
      "objective=binary num_leaves=64 max_depth=6 learning_rate=0.1 num_threads=1 verbosity=-1 "
      "boost_from_average=false";
  rival::LightGbmForest forest(library, lightgbm.learn(parts, 0, rows, parameters, 200, 0));
  const CompiledModel model =
      backend::compile(std::get<Forest>(interchange::read_lightgbm(forest.text()).parameters), one_thread);
  append(out, compare("LightGBM's forest 200 x depth 6", model, x, forest.rival(x)));
  if (const auto compiled = rival::lleaves(forest.text(), x))
    append(out, compare("LightGBM's forest 200 x depth 6", model, x, *compiled));
}

}  // namespace

int main(int argc, char** argv) try {
  backend::prepare_process();
  const DatasetParts parts = rival::classes(rows, columns, 1);
  const FloatMatrix x(parts.features.data(), rows, columns);
  std::vector<bench::Row> table;
  compare_xgboost(parts, x, table);
  compare_lightgbm(parts, x, table);
  return bench::print(table, argc, argv);
} catch (const Error& error) {
  std::fprintf(stderr, "not measured: %s\n", error.what());
  return 2;
}
