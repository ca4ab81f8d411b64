#include "scalar/backend/lightgbm/lightgbm.hpp"

#include <algorithm>

#include "backend/lightgbm/parameters.hpp"
#include "backend/lightgbm/problems.hpp"
#include "backend/native/trees/starts.hpp"
#include "scalar/spec/parameters.hpp"

using namespace scalar;
using problems::require_error;
using problems::whole_numbers;

static_assert(Trains<backend::LightGbm, GradientBoostedTrees>);
static_assert(!Trains<backend::LightGbm, MultilayerPerceptron>);

namespace {

double worst_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

}  // namespace

TEST_CASE("linking the component enters the backend under its name") {
  const std::vector<std::string> names = backend::available();
  CHECK(std::find(names.begin(), names.end(), "lightgbm") != names.end());
  if (problems::lightgbm_library() == nullptr) return;
  const AnyBackend any = backend::named("lightgbm");
  CHECK(any.name() == "lightgbm");
  CHECK(any.supports(GradientBoostedTrees{}, 4));
  CHECK_FALSE(any.supports(MultilayerPerceptron{}));
  const Support deep = any.supports(GradientBoostedTrees{.depth = 18});
  REQUIRE(deep.reasons.size() == 1);
  CHECK(deep.reasons[0] == "lightgbm grows trees to depth 17 at most, not 18");
  const Dataset data(whole_numbers(Loss::logistic, true, 1));
  const GradientBoostedTrees spec{.trees = 3, .depth = 3};
  CHECK((any.fit(spec, data, {}, {}) == backend::LightGbm().fit(spec, data)));
}

TEST_CASE("a library that is missing or is another one is unavailable, and its path is named") {
  require_error([] { (void)backend::LightGbm({.library = "/nowhere/lib_lightgbm.so"}); }, Errc::unavailable,
                "/nowhere/lib_lightgbm.so");
  require_error([] { (void)backend::LightGbm({.library = "libm.so.6"}); }, Errc::unavailable,
                "no function LGBM_GetLastError, expected LightGBM 4.3 or newer");
}

TEST_CASE("the forest's margins are LightGBM's own, bit for bit") {
  const auto library = problems::lightgbm_library();
  if (library == nullptr) return;
  const DatasetParts parts = problems::awkward(Loss::logistic, 60'000, 20, 17);  // several batches
  const Dataset data(parts);
  const GradientBoostedTrees spec{.trees = 5, .depth = 6};
  Forest forest = backend::LightGbm().fit(spec, data);
  const problems::LightGbmBooster once(*library, parts, backend::lightgbm::parameters(spec, data, 1, 1), spec.trees,
                                       forest.start[0]);
  forest.start[0] = 0;
  CHECK(problems::margins(forest, data) == once.sums());
}

TEST_CASE("native and LightGBM mean the same by a spec") {
  if (problems::lightgbm_library() == nullptr) return;
  const backend::LightGbm lightgbm;
  for (const Loss loss : {Loss::squared, Loss::logistic, Loss::softmax})
    for (const bool missing : {false, true})
      for (GradientBoostedTrees spec :
           {GradientBoostedTrees{.trees = 4, .depth = 4},
            GradientBoostedTrees{.trees = 3, .depth = 6, .learning_rate = 0.1, .l2 = 0, .min_child_weight = 12},
            GradientBoostedTrees{.trees = 3, .depth = 5, .learning_rate = 0.5, .l2 = 0, .min_child_weight = 15}}) {
        spec.loss = loss;
        const Dataset data(whole_numbers(loss, missing, 7));
        const Forest theirs = lightgbm.fit(spec, data), ours = backend::Native{}.fit(spec, data);
        INFO("loss " << int(loss) << " missing " << missing << " " << to_json(spec));
        CHECK(worst_difference(problems::margins(ours, data), problems::margins(theirs, data)) < 1e-4);
        CHECK(ours.link == theirs.link);
      }
}

TEST_CASE("a split is made if its gain is above min_split_gain, for every loss") {
  if (problems::lightgbm_library() == nullptr) return;
  for (const Loss loss : {Loss::squared, Loss::logistic, Loss::softmax}) {
    const int classes = loss == Loss::squared ? 0 : loss == Loss::logistic ? 2 : 3;
    DatasetParts parts{.columns = 1};
    for (int k = 0; k < classes; ++k) parts.classes.push_back(std::string(1, static_cast<char>('a' + k)));
    for (int row = 0; row < 60; ++row) {  // one half is all of the first kind, the other all of the last
      parts.features.push_back(row < 30 ? 0.0f : 1.0f);
      parts.targets.push_back(row < 30 ? 0 : std::max(classes - 1, 1));
    }
    const Dataset data(std::move(parts));
    GradientBoostedTrees spec{.trees = 1, .depth = 1, .loss = loss, .l2 = 0};
    // By the definition of the gain: each half has the sum of gradients +-15. With softmax the first class's share is
    // 1/2 of all but a millionth.
    const double curvature = loss == Loss::squared ? 30 : loss == Loss::logistic ? 7.5 : 15;
    const double gain = 15.0 * 15.0 / curvature;
    for (const double factor : {0.99, 1.01}) {
      spec.min_split_gain = factor * gain;
      INFO("loss " << int(loss) << ", " << factor << " of the gain");
      const Forest forest = backend::LightGbm().fit(spec, data);
      CHECK((forest.feature[0] == 0) == (factor < 1));
    }
  }
}

TEST_CASE("LightGBM's boosting begins with the best constant too, and keeps the digits of large targets") {
  if (problems::lightgbm_library() == nullptr) return;
  const auto fit = [lightgbm = backend::LightGbm()](const GradientBoostedTrees& spec, const Dataset& data,
                                                    const FitOptions& options) {
    return lightgbm.fit(spec, data, options);
  };
  starts::check_constants(fit);
  starts::check_rare_class(fit);
  starts::check_digits(fit);
}

TEST_CASE("weights count in both alike") {
  if (problems::lightgbm_library() == nullptr) return;
  DatasetParts parts = whole_numbers(Loss::squared, false, 9);
  std::mt19937 random(2);
  for (std::size_t i = 0; i < parts.targets.size(); ++i)
    parts.weights.push_back(static_cast<float>(1 + random() % 5) / 2);
  const Dataset data(std::move(parts));
  const GradientBoostedTrees spec{.trees = 5, .depth = 4, .loss = Loss::squared, .l2 = 0, .min_child_weight = 5};
  CHECK(worst_difference(problems::margins(backend::Native{}.fit(spec, data), data),
                         problems::margins(backend::LightGbm().fit(spec, data), data)) < 1e-4);
}

TEST_CASE("LightGBM's trees learn as well as native ones") {
  if (problems::lightgbm_library() == nullptr) return;
  struct Case {
    std::string name;
    DatasetParts parts;
    Loss loss;
  };
  for (const Case& one : {Case{"adult", problems::table("adult-train.csv", Loss::logistic), Loss::logistic},
                          Case{"red wine", problems::table("winequality-red.csv", Loss::squared), Loss::squared},
                          Case{"awkward", problems::awkward(Loss::softmax, 20'000, 10, 1), Loss::softmax}}) {
    if (one.parts.targets.empty()) {
      WARN("skipped: " << one.name << " is not among " << test::shared_data(""));
      continue;
    }
    const Dataset data(one.parts);
    const GradientBoostedTrees spec{.trees = 30, .depth = 6, .learning_rate = 0.2, .loss = one.loss};
    const Forest ours = backend::Native{}.fit(spec, data), theirs = backend::LightGbm().fit(spec, data);
    const double mine = problems::mean_loss(one.loss, data, problems::margins(ours, data), ours.outputs);
    const double rival = problems::mean_loss(one.loss, data, problems::margins(theirs, data), theirs.outputs);
    INFO(one.name << ": native " << mine << ", LightGBM " << rival);
    CHECK(rival <= 1.05 * mine);
    CHECK(mine <= 1.05 * rival);
  }
}

TEST_CASE("progress tells the loss, and a fit that is asked to stop does") {
  if (problems::lightgbm_library() == nullptr) return;
  const backend::LightGbm lightgbm;
  for (const Loss loss : {Loss::squared, Loss::logistic, Loss::softmax})
    for (const int peers : {1, 2}) {
      const Dataset data(whole_numbers(loss, false, 3));
      double last = 0;
      std::int64_t calls = 0;
      const Forest forest = lightgbm.fit({.trees = 4, .depth = 3, .loss = loss}, data,
                                         {.peers = peers, .progress = [&](const FitProgress& progress) {
                                            if (progress.what == "bin") return;
                                            ++calls;
                                            CHECK(progress.done == calls);
                                            last = progress.objective;
                                          }});
      CHECK(calls == 4);
      INFO("loss " << int(loss) << ", " << peers << " peers");
      CHECK(last ==
            Approx(problems::mean_loss(loss, data, problems::margins(forest, data), forest.outputs)).epsilon(1e-6));
    }
  const Dataset data(whole_numbers(Loss::logistic, false, 3));
  std::stop_source source;
  const FitOptions options{.stop = source.get_token(), .progress = [&](const FitProgress& progress) {
                             if (progress.what == "tree" && progress.done == 2) source.request_stop();
                           }};
  require_error([&] { (void)lightgbm.fit({.trees = 1000}, data, options); }, Errc::canceled, "after 2 of 1000");
}

TEST_CASE("a fit is stopped while LightGBM takes the rows, and progress tells how far it came") {
  if (problems::lightgbm_library() == nullptr) return;
  // Many columns, so that a batch has 256 rows.
  DatasetParts parts{.columns = 3000, .classes = {"no", "yes"}};
  std::mt19937 random(5);
  for (int row = 0; row < 700; ++row) parts.targets.push_back(row % 2);
  for (int i = 0; i < 700 * 3000; ++i) parts.features.push_back(static_cast<float>(random() % 4));
  const Dataset data(std::move(parts));
  for (const std::int64_t at : {0, 256, 700}) {
    std::stop_source source;
    std::vector<std::int64_t> done;
    const FitOptions options{.stop = source.get_token(), .progress = [&](const FitProgress& progress) {
                               CHECK(progress.what == "bin");
                               CHECK(progress.total == 700);
                               done.push_back(progress.done);
                               if (progress.done >= at) source.request_stop();
                             }};
    require_error([&] { (void)backend::LightGbm().fit({.trees = 2}, data, options); }, Errc::canceled,
                  "before the first round");
    CHECK(std::is_sorted(done.begin(), done.end()));
    CHECK(done.back() == at);
  }
}

TEST_CASE("a set of categories is found that no order of their numbers has") {
  if (problems::lightgbm_library() == nullptr) return;
  for (const int peers : {1, 2})
    problems::check_sets([&](const GradientBoostedTrees& spec, const Dataset& data) {
      return backend::LightGbm().fit(spec, data, {.peers = peers});
    });
}

TEST_CASE("a fit with validation rows returns its best round, whoever shares it") {
  if (problems::lightgbm_library() == nullptr) return;
  for (const Loss loss : {Loss::squared, Loss::logistic, Loss::softmax}) {
    const Dataset data(whole_numbers(loss, true, 31)), held_out(whole_numbers(loss, true, 32));
    const GradientBoostedTrees spec{.trees = 60, .depth = 5, .loss = loss};
    for (const int peers : {1, 2}) {
      std::vector<double> values;
      FitOptions options{.peers = peers, .progress = [&](const FitProgress& progress) {
                           if (progress.what == "tree") values.push_back(progress.validation);
                         }};
      options.validation.data = held_out;
      options.validation.patience = 5;
      const Forest forest = backend::LightGbm().fit(spec, data, options);
      const auto best = static_cast<std::size_t>(std::min_element(values.begin(), values.end()) - values.begin());
      INFO("loss " << int(loss) << ", " << peers << " peers, " << values.size() << " rounds");
      CHECK(values.size() == best + 6);  // these data are noise to a large part, so the fit ends early
      CHECK(forest.trees() == static_cast<std::int64_t>(best + 1) * forest.outputs);
      const double seen = problems::mean_loss(loss, held_out, problems::margins(forest, held_out), forest.outputs);
      CHECK(seen == Approx(values[best]).epsilon(1e-12));
    }
  }
}

TEST_CASE("offsets are where the rows' margins begin, and what is not possible is refused") {
  if (problems::lightgbm_library() == nullptr) return;
  const DatasetParts plain = whole_numbers(Loss::logistic, false, 33);
  const Dataset data(plain);
  const GradientBoostedTrees spec{.trees = 3, .depth = 3};
  // The best constant, given as offsets, leads to the same trees.
  const Forest expected = backend::LightGbm().fit(spec, data);
  DatasetParts parts = plain;
  parts.offsets.assign(parts.targets.size(), expected.start[0]);
  Forest forest = backend::LightGbm().fit(spec, Dataset(parts));
  CHECK(forest.start[0] == 0);
  forest.start = expected.start;
  CHECK((forest == expected));
  FitOptions options;
  options.initial = to_bytes(expected);
  require_error([&] { (void)backend::LightGbm().fit(spec, data, options); }, Errc::unsupported, "initial");
  options.initial.clear();
  options.checkpoint.directory = "somewhere";
  require_error([&] { (void)backend::LightGbm().fit(spec, data, options); }, Errc::unsupported, "checkpoint");
}

TEST_CASE("what LightGBM cannot learn from is refused by name") {
  if (problems::lightgbm_library() == nullptr) return;
  const backend::LightGbm lightgbm;
  const auto refuse = [&](const GradientBoostedTrees& spec, DatasetParts parts, const FitOptions& options, Errc code,
                          const std::string& text) {
    require_error([&] { (void)lightgbm.fit(spec, Dataset(std::move(parts)), options); }, code, text);
  };
  const GradientBoostedTrees squared{.loss = Loss::squared};
  refuse(squared,
         {.features = {1, 2, 3, std::numeric_limits<float>::infinity()},
          .columns = 2,
          .targets = {1, 2},
          .feature_names = {"age", "height"}},
         {}, Errc::invalid_argument, "row 1 of feature \"height\" is infinite");
  refuse({}, {.features = {1, 2}, .columns = 1, .targets = {1, 1}, .classes = {"no", "yes"}}, {},
         Errc::invalid_argument, "every row is of class \"yes\"");
  refuse(squared, {.features = {1, 2, 3}, .columns = 1, .targets = {1e300, 1e300, -2e300}}, {}, Errc::out_of_range,
         "the label of row 0 is 1e+300, expected a number that a float32 holds");
  refuse(squared, {.features = {1, 2, 3}, .columns = 1, .targets = {1, 2, 3}, .weights = {1, 1e39, 1}}, {},
         Errc::out_of_range, "the weight of row 1 is 1e+39");
  refuse(squared, {.features = {1, 2, 3}, .columns = 1, .targets = {1, 2, 3}}, {.peers = 4}, Errc::invalid_argument,
         "4 peers cannot share 3 rows");
  refuse({.depth = 18}, {.features = {1, 2}, .columns = 1, .targets = {0, 1}, .classes = {"a", "b"}}, {},
         Errc::unsupported, "depth 17 at most, not 18");
}
