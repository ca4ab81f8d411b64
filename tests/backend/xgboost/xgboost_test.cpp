#include "scalar/backend/xgboost/xgboost.hpp"

#include <algorithm>
#include <cstring>

#include "backend/native/trees/starts.hpp"
#include "backend/xgboost/problems.hpp"
#include "bsp/loopback.hpp"
#include "scalar/interchange/xgboost.hpp"
#include "support/paths.hpp"

using namespace scalar;

static_assert(Trains<backend::XGBoost, GradientBoostedTrees>);
static_assert(!Trains<backend::XGBoost, MultilayerPerceptron>);

using problems::require_error;
using problems::whole_numbers;

TEST_CASE("linking the component enters the backend under its name") {
  const std::vector<std::string> names = backend::available();
  CHECK(std::find(names.begin(), names.end(), "xgboost") != names.end());
  for (const std::string& path : problems::libraries()) {
    const AnyBackend any = backend::named("xgboost", {.library = path});
    CHECK(any.name() == "xgboost");
    CHECK(any.supports(GradientBoostedTrees{}));
    CHECK_FALSE(any.supports(MultilayerPerceptron{}));
    const Dataset data(whole_numbers(Loss::logistic, true, 1));
    const GradientBoostedTrees spec{.trees = 3, .depth = 3};
    CHECK((any.fit(spec, data, {}, {}) == backend::XGBoost({.library = path}).fit(spec, data)));
  }
}

TEST_CASE("a library that is not there is unavailable, and its path is named") {
  require_error([] { (void)backend::XGBoost({.library = "/nowhere/libxgboost.so"}); }, Errc::unavailable,
                "/nowhere/libxgboost.so");
  require_error([] { (void)backend::named("xgboost", {.library = "/nowhere/libxgboost.so"}); }, Errc::unavailable,
                "/nowhere/libxgboost.so");
  require_error([] { (void)backend::XGBoost({.library = "libm.so.6"}); }, Errc::unavailable,
                "no function XGBoostVersion");
}

TEST_CASE("opening the library leaves the environment as it was") {
  const auto policy = [] {
    const char* value = std::getenv("OMP_WAIT_POLICY");
    return value != nullptr ? std::string(value) : "unset";
  };
  const std::string before = policy();
  (void)problems::libraries();
  CHECK(policy() == before);
}

TEST_CASE("native and XGBoost mean the same by a spec") {
  // Few distinct values, so both know every cut: what remains is rounding.
  for (const std::string& path : problems::libraries()) {
    const backend::XGBoost xgboost({.library = path});
    for (const Loss loss : {Loss::squared, Loss::logistic, Loss::softmax})
      for (const bool missing : {false, true})
        for (GradientBoostedTrees spec :
             {GradientBoostedTrees{.trees = 4, .depth = 4},
              GradientBoostedTrees{.trees = 3, .depth = 6, .learning_rate = 0.1, .l2 = 4, .min_child_weight = 12},
              GradientBoostedTrees{.trees = 5, .depth = 5, .learning_rate = 0.5, .l2 = 0.5, .min_split_gain = 2}}) {
          spec.loss = loss;
          const Dataset data(whole_numbers(loss, missing, 7));
          const Forest theirs = xgboost.fit(spec, data), ours = backend::Native{}.fit(spec, data);
          const auto a = problems::margins(ours, data), b = problems::margins(theirs, data);
          REQUIRE(a.size() == b.size());
          double worst = 0;
          for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
          INFO("XGBoost " << xgboost.version() << " loss " << int(loss) << " missing " << missing << " "
                          << to_json(spec));
          CHECK(worst < 1e-4);
          CHECK(ours.link == theirs.link);
        }
  }
}

TEST_CASE("XGBoost's boosting begins with the best constant too, and keeps the digits of large targets") {
  for (const std::string& path : problems::libraries()) {
    const auto fit = [xgboost = backend::XGBoost({.library = path})](const GradientBoostedTrees& spec,
                                                                     const Dataset& data, const FitOptions& options) {
      return xgboost.fit(spec, data, options);
    };
    starts::check_constants(fit);
    starts::check_rare_class(fit);
    starts::check_digits(fit);
  }
}

TEST_CASE("weights count in both alike") {
  for (const std::string& path : problems::libraries()) {
    DatasetParts parts = whole_numbers(Loss::squared, false, 9);
    std::mt19937 random(2);
    for (std::size_t i = 0; i < parts.targets.size(); ++i)
      parts.weights.push_back(static_cast<float>(random() % 5) / 2);
    const Dataset data(std::move(parts));
    const GradientBoostedTrees spec{.trees = 5, .depth = 4, .loss = Loss::squared};
    const auto a = problems::margins(backend::Native{}.fit(spec, data), data);
    const auto b = problems::margins(backend::XGBoost({.library = path}).fit(spec, data), data);
    for (std::size_t i = 0; i < a.size(); ++i) REQUIRE(a[i] == Approx(b[i]).margin(1e-4));
  }
}

TEST_CASE("classes that are rare or do not occur are learned in both alike") {
  DatasetParts rare = whole_numbers(Loss::logistic, true, 11), absent = whole_numbers(Loss::softmax, false, 12);
  for (std::size_t i = 0; i < rare.targets.size(); ++i)
    if (i % 40 != 0) rare.targets[i] = 0;
  absent.classes.emplace_back("d");
  for (std::size_t i = 0; i < absent.targets.size(); ++i)
    if (i % 10 != 0 && absent.targets[i] == 1) absent.targets[i] = 0;
  for (const std::string& path : problems::libraries())
    for (const auto& [parts, loss] : {std::pair{rare, Loss::logistic}, std::pair{absent, Loss::softmax}}) {
      const Dataset data(parts);
      const GradientBoostedTrees spec{.trees = 6, .depth = 4, .loss = loss};
      const auto a = problems::margins(backend::Native{}.fit(spec, data), data);
      const auto b = problems::margins(backend::XGBoost({.library = path}).fit(spec, data), data);
      REQUIRE(a.size() == b.size());
      double worst = 0;
      for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
      INFO("loss " << int(loss) << ", library \"" << path << "\"");
      CHECK(worst < 1e-4);
    }
}

TEST_CASE("native trees learn as well as XGBoost's") {
  struct Case {
    std::string name;
    DatasetParts parts;
    Loss loss;
  };
  std::vector<Case> cases{{"adult", problems::table("adult-train.csv", Loss::logistic), Loss::logistic},
                          {"red wine", problems::table("winequality-red.csv", Loss::squared), Loss::squared},
                          {"white wine", problems::table("winequality-white.csv", Loss::softmax), Loss::softmax},
                          {"awkward", problems::awkward(Loss::logistic, 20'000, 10, 1), Loss::logistic}};
  for (const std::string& path : problems::libraries())
    for (const Case& one : cases) {
      if (one.parts.targets.empty()) {
        WARN("skipped: " << one.name << " is not among " << test::shared_data(""));
        continue;
      }
      const Dataset data(one.parts);
      const GradientBoostedTrees spec{.trees = 30, .depth = 6, .learning_rate = 0.2, .loss = one.loss};
      const Forest ours = backend::Native{}.fit(spec, data),
                   theirs = backend::XGBoost({.library = path}).fit(spec, data);
      const double mine = problems::mean_loss(one.loss, data, problems::margins(ours, data), ours.outputs);
      const double rival = problems::mean_loss(one.loss, data, problems::margins(theirs, data), theirs.outputs);
      INFO(one.name << ": native " << mine << ", XGBoost " << rival);
      CHECK(mine <= 1.01 * rival);
    }
}

TEST_CASE("progress tells the loss, and a fit that is asked to stop does") {
  for (const std::string& path : problems::libraries()) {
    const backend::XGBoost xgboost({.library = path});
    for (const Loss loss : {Loss::squared, Loss::logistic, Loss::softmax}) {
      const Dataset data(whole_numbers(loss, false, 3));
      double last = 0;
      std::int64_t calls = 0;
      const Forest forest =
          xgboost.fit({.trees = 4, .depth = 3, .loss = loss}, data, {.progress = [&](const FitProgress& progress) {
                        if (progress.what == "bin") return;
                        ++calls;
                        CHECK(progress.done == calls);
                        last = progress.objective;
                      }});
      CHECK(calls == 4);
      CHECK(last ==
            Approx(problems::mean_loss(loss, data, problems::margins(forest, data), forest.outputs)).epsilon(1e-4));
    }
    const Dataset data(whole_numbers(Loss::logistic, false, 3));
    std::stop_source source;
    require_error(
        [&] {
          (void)xgboost.fit({.trees = 1000}, data,
                            {.stop = source.get_token(), .progress = [&](const FitProgress& progress) {
                               if (progress.what == "tree" && progress.done == 2) source.request_stop();
                             }});
        },
        Errc::canceled, "after 2 of 1000");
  }
}

TEST_CASE("a fit is stopped while XGBoost reads the rows, and progress tells how far it came") {
  // Many columns, so that a batch has 256 rows.
  DatasetParts parts{.columns = 3000, .classes = {"no", "yes"}};
  std::mt19937 random(5);
  for (int row = 0; row < 700; ++row) parts.targets.push_back(row % 2);
  for (int i = 0; i < 700 * 3000; ++i) parts.features.push_back(static_cast<float>(random() % 4));
  const Dataset data(std::move(parts));
  for (const std::string& path : problems::libraries()) {
    const backend::XGBoost xgboost({.library = path});
    for (const std::int64_t at : {0, 256, 700, 1000, 2100, 2800}) {
      std::stop_source source;
      std::vector<std::int64_t> done;
      bool grew = false;
      const FitOptions options{.stop = source.get_token(), .progress = [&](const FitProgress& progress) {
                                 if (progress.what != "bin") grew = true;
                                 CHECK(progress.total == 2800);
                                 done.push_back(progress.done);
                                 if (progress.done >= at) source.request_stop();
                               }};
      require_error([&] { (void)xgboost.fit({.trees = 2}, data, options); }, Errc::canceled, "before the first round");
      CHECK_FALSE(grew);
      CHECK(std::is_sorted(done.begin(), done.end()));
      CHECK(done.front() == 0);
      CHECK(done.back() >= at);
    }
    const FitOptions throwing{.progress = [](const FitProgress& progress) {
      if (progress.done > 700) throw std::runtime_error("enough");
    }};
    CHECK_THROWS_WITH(xgboost.fit({.trees = 2}, data, throwing), "enough");
  }
}

TEST_CASE("rows that XGBoost reads in batches give the trees of rows read at once") {
  DatasetParts parts = problems::awkward(Loss::logistic, 60'000, 20, 17);
  for (std::size_t row = 0; row < parts.targets.size(); ++row) parts.weights.push_back(0.5 + (row % 3));
  for (const std::string& path : problems::libraries()) {
    const backend::xgboost::Library library(path);
    const GradientBoostedTrees spec{.trees = 2, .depth = 4};
    const Forest batches = backend::XGBoost({.library = path}).fit(spec, Dataset(parts));
    const problems::Booster once(library, parts,
                                 {{"tree_method", "hist"},
                                  {"max_depth", "4"},
                                  {"max_bin", "256"},
                                  {"eval_metric", "logloss"},
                                  {"objective", "binary:logistic"}},
                                 2, static_cast<float>(batches.start[0]));
    Forest same = problems::forest_of(once.json());
    same.start = batches.start;
    CHECK((same == batches));
  }
}

TEST_CASE("a set of categories is found that no order of their numbers has") {
  for (const std::string& path : problems::libraries())
    problems::check_sets([&](const GradientBoostedTrees& spec, const Dataset& data) {
      return backend::XGBoost({.library = path}).fit(spec, data);
    });
}

TEST_CASE("what XGBoost cannot learn from is refused by name") {
  for (const std::string& path : problems::libraries()) {
    const backend::XGBoost xgboost({.library = path});
    require_error(
        [&] {
          (void)xgboost.fit({.loss = Loss::squared},
                            Dataset({.features = {1, 2, 3, std::numeric_limits<float>::infinity()},
                                     .columns = 2,
                                     .targets = {1, 2},
                                     .feature_names = {"age", "height"}}));
        },
        Errc::invalid_argument, "row 1 of feature \"height\"");
    require_error(
        [&] {
          (void)xgboost.fit(GradientBoostedTrees{},
                            Dataset({.features = {1, 2}, .columns = 1, .targets = {1, 1}, .classes = {"no", "yes"}}));
        },
        Errc::invalid_argument, "every row is of class \"yes\"");
    require_error(
        [&] {
          (void)xgboost.fit({.loss = Loss::squared},
                            Dataset({.features = {1, 2, 3}, .columns = 1, .targets = {1e300, 1e300, -2e300}}));
        },
        Errc::out_of_range, "the label of row 0 is 1e+300, expected a number that a float32 holds");
    require_error(
        [&] {
          (void)xgboost.fit(
              {.loss = Loss::squared},
              Dataset({.features = {1, 2, 3}, .columns = 1, .targets = {1, 2, 3}, .weights = {1, 1e39, 1}}));
        },
        Errc::out_of_range, "the weight of row 1 is 1e+39");
    require_error(
        [&] {
          const auto transport = std::make_shared<bsp_test::Loopback>(std::make_shared<bsp_test::Switchboard>(1), 0);
          (void)xgboost.fit(GradientBoostedTrees{},
                            Dataset({.features = {1, 2}, .columns = 1, .targets = {0, 1}, .classes = {"a", "b"}}),
                            {.transport = transport});
        },
        Errc::unsupported, "a fit is not shared with other processes");
    const Support support = xgboost.supports({.depth = 31}, 4);
    REQUIRE(support.reasons.size() == 2);
    CHECK(support.reasons[0].find("4 asked") != std::string::npos);
    CHECK(support.reasons[1].find("31") != std::string::npos);
  }
}
