// What every backend must do with every spec that it learns.
#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <stop_token>
#include <string>
#include <vector>

#include "backend/conformance/subjects.hpp"
#include "backend/tree_problems.hpp"
#include "scalar/backend/native/native.hpp"
#include "support/catch.hpp"

using namespace scalar;

namespace {

/// Calls `check(backend, spec)` for every backend on this machine and every spec that it learns.
template <class Check>
void each_fit(const Check& check) {
  for (const std::string& name : backend::available()) {
    const auto backend = conformance::open(name);
    if (!backend) {
      WARN("skipped: " << name << "'s library is not on this machine");
      continue;
    }
    conformance::each_spec([&](const auto& spec) {
      if (!backend->supports(spec)) return;
      INFO(name << " with " << spec.name << " " << to_json(spec));
      check(*backend, spec);
    });
  }
}

/// The error that `body` throws, "<code>: <text>"; "none" without one.
template <class Body>
std::string error_of(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return std::string(name(error.code())) + ": " + error.what();
  }
  return "none";
}

std::vector<double> predict(const auto& parameters, const Dataset& data) {
  const CompiledModel model = backend::compile(parameters);
  std::vector<double> out(static_cast<std::size_t>(data.rows() * model.outputs()));
  model.predict(data.features(), {out.data(), data.rows(), model.outputs()});
  return out;
}

/// The share of rows whose class is the most probable one, or whose number is predicted to 0.5; by weight.
double right(const auto& parameters, const Dataset& data) {
  const std::vector<double> out = predict(parameters, data);
  const std::size_t outputs = out.size() / static_cast<std::size_t>(data.rows());
  double good = 0, all = 0;
  for (std::int64_t row = 0; row < data.rows(); ++row) {
    const double* values = out.data() + static_cast<std::size_t>(row) * outputs;
    const bool is_right = outputs == 1 ? std::abs(values[0] - data.target(row)) < 0.5
                                       : std::max_element(values, values + outputs) - values == data.target(row);
    good += is_right ? data.weight(row) : 0;
    all += data.weight(row);
  }
  return good / all;
}

}  // namespace

TEST_CASE("a backend learns, and predictions are in the order of the classes") {
  each_fit([](const AnyBackend& backend, const auto& spec) {
    const Dataset data(conformance::problem(spec));
    const auto parameters = backend.fit(spec, data, {}, {});
    const CompiledModel model = backend::compile(parameters);
    CHECK(model.features() == data.columns());
    CHECK(model.outputs() == std::max<std::int64_t>(1, static_cast<std::int64_t>(data.classes().size())));
    CHECK(right(parameters, data) > 0.85);
  });
}

TEST_CASE("two runs learn the same bits") {
  each_fit([](const AnyBackend& backend, const auto& spec) {
    const Dataset data(conformance::problem(spec, 3000));
    for (const int threads : {1, 2}) {
      const Runtime runtime({.threads = threads});
      CHECK(to_bytes(backend.fit(spec, data, {}, runtime)) == to_bytes(backend.fit(spec, data, {}, runtime)));
    }
  });
}

TEST_CASE("rows of weight 0 are not learned") {
  each_fit([](const AnyBackend& backend, const auto& spec) {
    DatasetParts parts = conformance::problem(spec);
    const std::size_t classes = parts.classes.size();
    for (std::size_t row = 0; row < parts.targets.size(); ++row) {
      parts.weights.push_back(row % 3 == 0 ? 0 : 1.5);
      // What must not be learned: each row's target is another one.
      if (row % 3 == 0)
        parts.targets[row] = classes > 0 ? (static_cast<std::size_t>(parts.targets[row]) + 1) % classes : 100;
    }
    const Dataset data(parts);
    const auto parameters = backend.fit(spec, data, {}, {});
    CHECK(right(parameters, data) > 0.85);
  });
}

TEST_CASE("progress goes up to its total") {
  each_fit([](const AnyBackend& backend, const auto& spec) {
    std::string what;
    std::int64_t last = -1, calls = 0;
    FitOptions options;
    options.progress = [&](const FitProgress& progress) {
      if (progress.what != what) last = -1;
      what = progress.what;
      CHECK(progress.done >= last);
      CHECK(progress.done <= progress.total);
      last = progress.done;
      ++calls;
    };
    (void)backend.fit(spec, Dataset(conformance::problem(spec)), options, {});
    CHECK(calls > 0);
  });
}

TEST_CASE("a fit that is asked to stop ends with that, before it begins and between its steps") {
  each_fit([](const AnyBackend& backend, const auto& spec) {
    const Dataset data(conformance::problem(spec));
    std::stop_source before;
    before.request_stop();
    FitOptions options;
    options.stop = before.get_token();
    CHECK_THAT(error_of([&] { (void)backend.fit(spec, data, options, {}); }), Catch::StartsWith("canceled: "));
    if constexpr (std::is_same_v<std::decay_t<decltype(spec)>, GradientBoostedTrees>) {
      std::stop_source source;
      options.stop = source.get_token();
      options.progress = [&](const FitProgress& progress) {
        if (progress.what == "tree" && progress.done == 2) source.request_stop();
      };
      CHECK_THAT(error_of([&] { (void)backend.fit(spec, data, options, {}); }), Catch::StartsWith("canceled: "));
    }
  });
}

TEST_CASE("data that cannot be learned from are refused, and hardly any data are learned from") {
  each_fit([](const AnyBackend& backend, const auto& spec) {
    const auto fit = [&](DatasetParts parts) {
      return error_of([&] { (void)backend.fit(spec, Dataset(std::move(parts)), {}, {}); });
    };
    const bool has_classes = conformance::classes_of(spec) > 0;
    const DatasetParts good = conformance::problem(spec, 30);
    DatasetParts parts = good;
    parts.features.clear(), parts.targets.clear();
    CHECK_THAT(fit(parts), Catch::StartsWith("invalid_argument: "));
    parts = good, parts.targets.clear();
    CHECK_THAT(fit(parts), Catch::StartsWith("invalid_argument: "));
    parts = good, parts.weights.assign(parts.targets.size(), 0);
    CHECK_THAT(fit(parts), Catch::StartsWith("invalid_argument: "));
    parts = good, parts.features[5] = std::numeric_limits<float>::quiet_NaN();
    if (conformance::takes_missing<std::decay_t<decltype(spec)>>)
      CHECK(fit(parts) == "none");
    else
      CHECK_THAT(fit(parts), Catch::StartsWith("invalid_argument: "));
    parts = good, parts.features.assign(parts.features.size(), 3.0f);
    CHECK(fit(parts) == "none");
    parts = good, parts.targets.assign(parts.targets.size(), 1);
    CHECK_THAT(fit(parts), has_classes ? Catch::StartsWith("invalid_argument: ") : Catch::StartsWith("none"));
    parts = {.features = {1, 2}, .columns = 2, .targets = {1}, .classes = good.classes};
    CHECK_THAT(fit(parts), has_classes ? Catch::StartsWith("invalid_argument: ") : Catch::StartsWith("none"));
    parts = {.features = {1, 2}, .columns = 1, .targets = {0, 1}, .classes = good.classes};
    CHECK(fit(parts) == "none");
  });
}

TEST_CASE("what a backend does not learn it refuses with reasons") {
  for (const std::string& name : backend::available()) {
    const auto backend = conformance::open(name);
    if (!backend) continue;
    conformance::each_spec([&](const auto& spec) {
      const Support support = backend->supports(spec);
      if (support) return;
      INFO(name << " with " << spec.name);
      for (const std::string& reason : support.reasons) CHECK_THAT(reason, Catch::StartsWith(name));
      CHECK_THAT(error_of([&] { (void)backend->fit(spec, Dataset(conformance::problem(spec)), {}, {}); }),
                 Catch::StartsWith("unsupported: ") && Catch::Contains(support.reasons.front()));
    });
  }
}

TEST_CASE("a framework whose library is not there is unavailable, and the path is named") {
  for (const std::string& name : backend::available())
    if (name != "native")
      CHECK_THAT(error_of([&] { (void)backend::named(name, {.library = "/nowhere/library.so"}); }),
                 Catch::StartsWith("unavailable: ") && Catch::Contains("/nowhere/library.so"));
}

namespace {

/// The matrix of docs/backends.md: what the page says of a spec and a backend, "yes", "no" or "yes, <difference>".
class Matrix {
 public:
  Matrix() {
    std::ifstream page(std::string(SCALAR_DOCS) + "/backends.md");
    for (std::string line; std::getline(page, line);) {
      const bool is_row = line.rfind("| ", 0) == 0, is_rule = line.rfind("|-", 0) == 0;
      if (line.rfind("| spec | native |", 0) == 0 || (!rows_.empty() && is_row)) rows_.push_back(cells_of(line));
      if (!rows_.empty() && !is_row && !is_rule) break;
    }
  }
  std::string cell(const std::string& spec, const std::string& backend) const {
    for (const auto& row : rows_)
      for (std::size_t column = 0; row[0] == spec && column < row.size(); ++column)
        if (rows_[0][column] == backend) return row[column];
    return "no row \"" + spec + "\" with a column \"" + backend + "\"";
  }

 private:
  static std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells;
    for (std::size_t at = 2, end; (end = line.find(" |", at)) != std::string::npos; at = end + 3)
      cells.push_back(line.substr(at, end - at));
    return cells;
  }
  std::vector<std::vector<std::string>> rows_{};
};

/// Calls `use(row of the matrix, spec, data)` for what is compared with native.
template <class Use>
void each_comparison(const Use& use) {
  use("`LinearRegression`", LinearRegression{}, Dataset(conformance::problem(LinearRegression{})));
  use("`LogisticRegression`", LogisticRegression{}, Dataset(conformance::problem(LogisticRegression{})));
  for (const Loss loss : {Loss::squared, Loss::softmax}) {
    const MultilayerPerceptron spec{.hidden = {8}, .loss = loss, .batch = 40, .epochs = 10};
    use("`MultilayerPerceptron`", spec, Dataset(conformance::problem(spec)));
  }
  for (const Loss loss : {Loss::squared, Loss::logistic, Loss::softmax}) {
    const GradientBoostedTrees spec{.trees = 5, .depth = 3, .loss = loss, .l2 = 0, .min_child_weight = 5};
    use("`GradientBoostedTrees`", spec, Dataset(problems::whole_numbers(loss, false, 3)));
  }
}

}  // namespace

TEST_CASE("the matrix of docs/backends.md says what the backends support") {
  const Matrix matrix;
  for (const std::string& name : backend::available()) {
    const auto backend = conformance::open(name);
    if (!backend) continue;
    INFO(name);
    const auto check = [&](const std::string& row, const auto& spec, int peers = 1) {
      CHECK_THAT(matrix.cell(row, name), Catch::StartsWith(backend->supports(spec, peers) ? "yes" : "no"));
    };
    check("`LinearRegression`", LinearRegression{});
    check("`LogisticRegression`", LogisticRegression{});
    check("`MultilayerPerceptron`", MultilayerPerceptron{});
    check("`GradientBoostedTrees`", GradientBoostedTrees{});
    check("the same, `category_splits` by sets", GradientBoostedTrees{.category_splits = CategorySplits::sets});
    check("the same, over several peers", GradientBoostedTrees{}, 2);
  }
}

TEST_CASE("backends differ from native by no more than the matrix of docs/backends.md says") {
  const Matrix matrix;
  for (const std::string& name : backend::available()) {
    const auto backend = conformance::open(name);
    if (name == "native" || !backend) continue;
    each_comparison([&](const std::string& row, const auto& spec, const Dataset& data) {
      if (!backend->supports(spec)) return;
      const std::string cell = matrix.cell(row, name);
      INFO(name << ", " << row << " " << to_json(spec) << ": " << cell);
      const std::vector<double> ours = predict(backend::Native{}.fit(spec, data), data);
      const std::vector<double> theirs = predict(backend->fit(spec, data, {}, {}), data);
      REQUIRE(ours.size() == theirs.size());
      double largest = 0;
      for (std::size_t i = 0; i < ours.size(); ++i) largest = std::max(largest, std::abs(ours[i] - theirs[i]));
      REQUIRE(cell.size() > 5);
      CHECK(largest <= std::stod(cell.substr(5)));
    });
  }
}
