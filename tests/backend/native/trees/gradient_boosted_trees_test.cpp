#include "scalar/spec/gradient_boosted_trees.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "backend/native/trees/made.hpp"
#include "backend/native/trees/starts.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;
using made::make;
using made::missing_value;

namespace {

std::vector<double> margins(const Forest& forest, const Dataset& data) {
  std::vector<double> out(static_cast<std::size_t>(data.rows() * forest.outputs));
  backend::compile(forest).margins(data.features(), {out.data(), data.rows(), forest.outputs});
  return out;
}

/// The mean loss of margins, weighted.
double mean_loss(Loss loss, const Dataset& data, const std::vector<double>& margin, int outputs) {
  double sum = 0, weight = 0;
  for (std::int64_t row = 0; row < data.rows(); ++row) {
    const double* m = margin.data() + row * outputs;
    const double y = data.target(row), w = data.weight(row);
    double term = 0;
    if (loss == Loss::squared) term = (m[0] - y) * (m[0] - y) / 2;
    if (loss == Loss::logistic) term = std::log1p(std::exp(y > 0 ? -m[0] : m[0]));
    if (loss == Loss::softmax) {
      double total = 0;
      for (int k = 0; k < outputs; ++k) total += std::exp(m[k]);
      term = std::log(total) - m[static_cast<int>(y)];
    }
    sum += w * term;
    weight += w;
  }
  return sum / weight;
}

/// Boosting by trying every split of every feature on the rows themselves, in double: slow and plain.
class Exhaustive {
 public:
  Exhaustive(const GradientBoostedTrees& spec, const Dataset& data) : spec_(spec), data_(data) {
    double sum = 0, weight = 0;
    for (std::int64_t row = 0; row < data.rows(); ++row)
      sum += data.weight(row) * data.target(row), weight += data.weight(row);
    const double mean = sum / weight;
    margin_.assign(static_cast<std::size_t>(data.rows()),
                   spec.loss == Loss::squared ? mean : std::log(mean / (1 - mean)));
    for (int tree = 0; tree < spec.trees; ++tree) {
      std::vector<std::int64_t> rows;
      g_.clear(), h_.clear();
      for (std::int64_t row = 0; row < data.rows(); ++row) {
        rows.push_back(row);
        const double m = margin_[static_cast<std::size_t>(row)], p = 1 / (1 + std::exp(-m));
        g_.push_back((spec.loss == Loss::squared ? m - data.target(row) : p - data.target(row)) * data.weight(row));
        h_.push_back((spec.loss == Loss::squared ? 1 : p * (1 - p)) * data.weight(row));
      }
      grow(rows, 0);
    }
  }
  const std::vector<double>& margins() const { return margin_; }

 private:
  struct Sum {
    double g = 0, h = 0;
  };
  Sum sum(const std::vector<std::int64_t>& rows) const {
    Sum total;
    for (const std::int64_t row : rows)
      total.g += g_[static_cast<std::size_t>(row)], total.h += h_[static_cast<std::size_t>(row)];
    return total;
  }
  double score(const Sum& part) const { return part.g * part.g / (part.h + spec_.l2); }

  void grow(const std::vector<std::int64_t>& rows, int level) {
    const Sum all = sum(rows);
    double best = 1e-9;
    std::vector<std::int64_t> best_left, best_right;
    for (std::int64_t column = 0; level < spec_.depth && column < data_.columns(); ++column) {
      std::vector<float> values;
      for (const std::int64_t row : rows)
        if (const float x = data_.row(row)[static_cast<std::size_t>(column)]; !std::isnan(x)) values.push_back(x);
      std::sort(values.begin(), values.end());
      values.erase(std::unique(values.begin(), values.end()), values.end());
      values.push_back(std::numeric_limits<float>::infinity());
      for (const float split : values)
        for (const bool missing_left : {false, true}) {
          std::vector<std::int64_t> left, right;
          for (const std::int64_t row : rows) {
            const float x = data_.row(row)[static_cast<std::size_t>(column)];
            ((std::isnan(x) ? missing_left : x < split) ? left : right).push_back(row);
          }
          const Sum l = sum(left), r = sum(right);
          if (left.empty() || right.empty() || l.h < spec_.min_child_weight || r.h < spec_.min_child_weight) continue;
          if (l.h <= 0 || r.h <= 0) continue;
          const double gain = (score(l) + score(r) - score(all)) / 2 - spec_.min_split_gain;
          if (gain > best + 1e-9) best = gain, best_left = left, best_right = right;
        }
    }
    if (!best_left.empty()) return grow(best_left, level + 1), grow(best_right, level + 1);
    for (const std::int64_t row : rows)
      margin_[static_cast<std::size_t>(row)] += -spec_.learning_rate * all.g / (all.h + spec_.l2);
  }

  GradientBoostedTrees spec_;
  Dataset data_;
  std::vector<double> margin_, g_, h_;
};

void require_error(const std::function<void()>& body, Errc code, const std::string& text) {
  try {
    body();
  } catch (const Error& error) {
    INFO(error.what());
    REQUIRE(error.code() == code);
    REQUIRE(std::string(error.what()).find(text) != std::string::npos);
    return;
  }
  FAIL("nothing was thrown, expected: " << text);
}

}  // namespace

TEST_CASE("trees are those of an exhaustive search") {
  const auto loss = GENERATE(Loss::squared, Loss::logistic);
  const auto missing = GENERATE(0.0, 0.2);
  const auto weights = GENERATE(false, true);
  const auto spec =
      GENERATE(GradientBoostedTrees{.trees = 3, .depth = 3},
               GradientBoostedTrees{.trees = 2, .depth = 4, .learning_rate = 1, .l2 = 0, .min_child_weight = 4},
               GradientBoostedTrees{.trees = 4, .depth = 2, .l2 = 5, .min_split_gain = 1.5});
  GradientBoostedTrees wanted = spec;
  wanted.loss = loss;
  const Dataset data(
      make({.rows = 300, .columns = 4, .distinct = 12, .missing = missing, .loss = loss, .weights = weights}, 5));
  const std::vector<double> found = margins(backend::Native{}.fit(wanted, data), data);
  const std::vector<double> expected = Exhaustive(wanted, data).margins();
  double worst = 0;
  for (std::size_t row = 0; row < found.size(); ++row) worst = std::max(worst, std::abs(found[row] - expected[row]));
  INFO("loss " << int(loss) << " missing " << missing << " weights " << weights << " " << to_json(wanted));
  CHECK(worst < 2e-5);
}

TEST_CASE("boosting begins with the best constant, and keeps the digits of large targets") {
  for (const int peers : {1, 3}) {
    const auto fit = [peers](const GradientBoostedTrees& spec, const Dataset& data, FitOptions options) {
      options.peers = peers;
      return backend::Native{}.fit(spec, data, options);
    };
    starts::check_constants(fit);
    starts::check_rare_class(fit);
    starts::check_digits(fit);
  }
}

TEST_CASE("one split has the leaves that a pencil finds") {
  // Mean 2.5; g = 2.5 - y; left {1, 2}: G = 2, H = 2; right {3, 4}: G = -2, H = 2; leaves -/+ 0.5 * 2 / (2 + 1).
  const Dataset data({.features = {10, 20, 30, 40}, .columns = 1, .targets = {1, 2, 3, 4}});
  const Forest forest = backend::Native{}.fit(
      {.trees = 1, .depth = 1, .learning_rate = 0.5, .loss = Loss::squared, .l2 = 1, .min_child_weight = 2}, data);
  CHECK(forest.base == std::vector<double>{2.5});
  CHECK(forest.start == std::vector<double>{0});
  CHECK(forest.feature == std::vector<std::int32_t>{0, -1, -1});
  CHECK(forest.value == std::vector<double>{30, static_cast<float>(-1.0 / 3), static_cast<float>(1.0 / 3)});
  CHECK(forest.width == DataType::float32);
}

TEST_CASE("the forest predicts the margins it was trained with") {
  const auto loss = GENERATE(Loss::squared, Loss::logistic, Loss::softmax);
  const Dataset data(make({.rows = 3000, .columns = 7, .missing = 0.1, .loss = loss, .weights = true}, 7));
  double last = 0;
  std::int64_t calls = 0;
  const Forest forest = backend::Native{}.fit({.trees = 15, .depth = 5, .loss = loss}, data,
                                              {.progress = [&](const FitProgress& progress) {
                                                if (progress.what == "bin") return;
                                                CHECK(progress.what == "tree");
                                                CHECK(progress.done == ++calls);
                                                CHECK(progress.total == 15);
                                                if (calls > 1) CHECK(progress.objective < last);
                                                last = progress.objective;
                                              }});
  CHECK(calls == 15);
  CHECK(last == Approx(mean_loss(loss, data, margins(forest, data), static_cast<int>(forest.outputs))).epsilon(1e-12));
  CHECK(forest.trees() == 15 * forest.outputs);
  check(forest);
}

TEST_CASE("the same forest comes out for any number of threads") {
  const auto loss = GENERATE(Loss::squared, Loss::softmax);
  const auto bins = GENERATE(16, 256, 1000);
  const auto outlier = GENERATE(false, true);  // gradients too uneven for packed sums
  DatasetParts parts = make({.rows = 40'000, .columns = 6, .missing = 0.05, .loss = loss}, 9);
  if (outlier) {
    parts.weights.assign(parts.targets.size(), 1.0f);
    parts.weights[17] = 1e9f;
  }
  const Dataset data(std::move(parts));
  const GradientBoostedTrees spec{.trees = 3, .depth = 6, .loss = loss, .bins = bins};
  const Forest one = backend::Native{}.fit(spec, data, {}, Runtime({.threads = 1}));
  for (const int threads : {2, 4, 7})
    CHECK((backend::Native{}.fit(spec, data, {}, Runtime({.threads = threads})) == one));
  CHECK((backend::Native{}.fit(spec, data, {}, Runtime({.threads = 1})) == one));
}

TEST_CASE("one huge weight does not drown the other rows") {
  // Row 0 weighs a billion and predicts its own value at once; the others must still be learned.
  DatasetParts parts = make({.rows = 2000, .columns = 3}, 11);
  parts.weights.assign(2000, 1.0f);
  parts.weights[0] = 1e9f;
  const Dataset data(std::move(parts));
  const Forest forest = backend::Native{}.fit({.trees = 30, .depth = 4, .loss = Loss::squared}, data);
  const std::vector<double> margin = margins(forest, data);
  double error = 0, spread = 0;
  for (std::int64_t row = 1; row < data.rows(); ++row) {
    const double y = data.target(row);
    error += (margin[static_cast<std::size_t>(row)] - y) * (margin[static_cast<std::size_t>(row)] - y);
    spread += (forest.base[0] - y) * (forest.base[0] - y);
  }
  CHECK(error < 0.3 * spread);
  CHECK(margin[0] == Approx(data.target(0)).epsilon(1e-4));
}

TEST_CASE("bins of more than a byte keep every distinct value apart") {
  // 400 values with targets of their own: 256 bins cannot tell them apart, 400 can.
  std::mt19937 random(19);
  std::vector<float> target(400);
  for (float& y : target) y = static_cast<float>(random() % 2);
  DatasetParts parts;
  parts.columns = 1;
  for (int i = 0; i < 4000; ++i) {
    parts.features.push_back(static_cast<float>(i % 400));
    parts.targets.push_back(target[static_cast<std::size_t>(i % 400)]);
  }
  const Dataset data(std::move(parts));
  const GradientBoostedTrees spec{
      .trees = 1, .depth = 64, .learning_rate = 1, .loss = Loss::squared, .l2 = 0, .min_child_weight = 1, .bins = 400};
  const std::vector<double> margin = margins(backend::Native{}.fit(spec, data), data);
  for (std::int64_t row = 0; row < data.rows(); ++row)
    REQUIRE(margin[static_cast<std::size_t>(row)] == Approx(data.target(row)).margin(1e-6));
}

TEST_CASE("awkward columns: constant, all missing, missing in one bin, infinite") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  DatasetParts parts;
  parts.columns = 5;
  for (int i = 0; i < 64; ++i) {
    const bool high = i % 2 == 1;
    parts.features.insert(parts.features.end(), {3.0f, missing_value, high ? missing_value : 1.0f,
                                                 high ? infinity : -infinity, i % 4 < 2 ? -0.0f : 0.0f});
    parts.targets.push_back(high ? 1.0f : 0.0f);
  }
  const auto only = [&](int column) {
    DatasetParts one{.columns = 1, .targets = parts.targets};
    for (int i = 0; i < 64; ++i) one.features.push_back(parts.features[static_cast<std::size_t>(5 * i + column)]);
    return Dataset(std::move(one));
  };
  const GradientBoostedTrees spec{.trees = 1, .depth = 3, .learning_rate = 1, .loss = Loss::squared, .l2 = 0};
  for (const int useless : {0, 1, 4}) {
    const Forest forest = backend::Native{}.fit(spec, only(useless));
    CHECK(forest.feature == std::vector<std::int32_t>{-1});
    CHECK(forest.value[0] == 0.0);
  }
  for (const int useful : {2, 3}) {
    const Dataset data = only(useful);
    const std::vector<double> margin = margins(backend::Native{}.fit(spec, data), data);
    for (std::int64_t row = 0; row < 64; ++row) REQUIRE(margin[static_cast<std::size_t>(row)] == data.target(row));
  }
  const Dataset all(std::move(parts));
  const std::vector<double> margin = margins(backend::Native{}.fit(spec, all), all);
  for (std::int64_t row = 0; row < 64; ++row) REQUIRE(margin[static_cast<std::size_t>(row)] == all.target(row));
}

TEST_CASE("rows of weight 0 do not count, and twice is weight 2") {
  DatasetParts once = make({.rows = 200, .columns = 3, .distinct = 9}, 13), twice = once, padded = once;
  once.weights.assign(200, 2.0f);
  twice.features.insert(twice.features.end(), once.features.begin(), once.features.end());
  twice.targets.insert(twice.targets.end(), once.targets.begin(), once.targets.end());
  padded.weights.assign(200, 2.0f);
  for (int i = 0; i < 50; ++i) {
    padded.features.insert(padded.features.end(), {1e6f + static_cast<float>(i), -5.5f, missing_value});
    padded.targets.push_back(1e6f);
    padded.weights.push_back(0.0f);
  }
  const GradientBoostedTrees spec{.trees = 5, .depth = 3, .loss = Loss::squared};
  const Dataset data(once);
  const auto a = margins(backend::Native{}.fit(spec, data), data);
  const auto b = margins(backend::Native{}.fit(spec, Dataset(twice)), data);
  const auto c = margins(backend::Native{}.fit(spec, Dataset(padded)), data);
  for (std::size_t row = 0; row < a.size(); ++row) {
    REQUIRE(a[row] == Approx(b[row]).margin(1e-5));
    REQUIRE(a[row] == Approx(c[row]).margin(1e-5));
  }
}

TEST_CASE("a selection of rows learns like a copy of them") {
  const Dataset data(make({.rows = 500, .columns = 4, .loss = Loss::logistic}, 15));
  std::vector<std::int64_t> rows;
  for (std::int64_t row = 499; row >= 0; row -= 2) rows.push_back(row);
  const Dataset taken = data.take(rows);
  const GradientBoostedTrees spec{.trees = 5, .depth = 4};
  CHECK((backend::Native{}.fit(spec, taken) == backend::Native{}.fit(spec, taken.contiguous())));
}

TEST_CASE("what trees cannot learn from is refused by name") {
  const backend::Native native;
  const auto refuse = [&](DatasetParts parts, const GradientBoostedTrees& spec, Errc code, const std::string& text) {
    require_error([&] { (void)native.fit(spec, Dataset(std::move(parts))); }, code, text);
  };
  refuse({.features = {1, 2}, .columns = 1, .targets = {1, 1}, .classes = {"no", "yes"}}, {}, Errc::invalid_argument,
         "every row is of class \"yes\"");
  refuse({.features = {1, 2, 3}, .columns = 1, .targets = {0, 1, 1}, .weights = {0, 1, 1}, .classes = {"no", "yes"}},
         {}, Errc::invalid_argument, "every row is of class \"yes\"");
  refuse({.features = {1, 2}, .columns = 1, .targets = {0, 1}}, {}, Errc::invalid_argument, "wants classes");
  refuse({.features = {1, 2}, .columns = 1, .targets = {0, 1}, .classes = {"a", "b"}}, {.loss = Loss::squared},
         Errc::invalid_argument, "wants numbers");
  refuse({.features = {1, 2, 3}, .columns = 1, .targets = {0, 1, 2}, .classes = {"a", "b", "c"}}, {},
         Errc::invalid_argument, "there are 3");
  refuse({.features = {1, 2}, .columns = 1}, {}, Errc::invalid_argument, "no targets");
  refuse({.features = {1, 2}, .columns = 1, .targets = {1, 2}, .weights = {0, 0}}, {.loss = Loss::squared},
         Errc::invalid_argument, "all weights are 0");
  refuse({.features = {1, 2}, .columns = 1, .targets = {3e38f, -3e38f}, .weights = {1e9f, 1e9f}},
         {.loss = Loss::squared}, Errc::out_of_range, "not finite");
  for (const double large : {1e39, 1e300, 1e308})
    refuse({.features = {1, 2, 3}, .columns = 1, .targets = {large, large, 0}}, {.loss = Loss::squared},
           Errc::out_of_range, "not finite");
  refuse({.features = {1, 2}, .columns = 1, .targets = {0, 1}, .classes = {"a", "b"}}, {.depth = 65},
         Errc::out_of_range, "depth");
  require_error([&] { (void)native.fit(GradientBoostedTrees{}, Dataset()); }, Errc::invalid_argument, "no rows");
  const Dataset data(make({.loss = Loss::logistic}, 1));
  require_error([&] { (void)native.fit(GradientBoostedTrees{}, data, {.peers = 0}); }, Errc::invalid_argument,
                "peers is 0, expected 1 or more");
  require_error([&] { (void)native.fit(GradientBoostedTrees{}, data, {.peers = 3, .shards = 2}); },
                Errc::invalid_argument, "3 peers cannot share 2 shards");
}

TEST_CASE("a fit that is asked to stop does") {
  const Dataset data(make({.rows = 1000, .loss = Loss::logistic}, 17));
  std::stop_source source;
  std::int64_t rounds = 0;
  require_error(
      [&] {
        (void)backend::Native{}.fit({.trees = 1000}, data,
                                    {.stop = source.get_token(), .progress = [&](const FitProgress& progress) {
                                       if (progress.what == "bin") return;
                                       rounds = progress.done;
                                       if (progress.done == 3) source.request_stop();
                                     }});
      },
      Errc::canceled, "stop");
  CHECK(rounds == 3);
}

TEST_CASE("a fit that is asked to stop before its first tree does, and tells how far binning came") {
  const auto peers = GENERATE(1, 2, 5);
  const Dataset data(make({.rows = 1000, .columns = 9, .loss = Loss::logistic}, 17));
  for (std::int64_t at = 0; at <= 18; at += 9) {
    std::stop_source source;
    std::vector<std::int64_t> done;
    bool grew = false;
    const FitOptions options{.peers = peers, .stop = source.get_token(), .progress = [&](const FitProgress& progress) {
                               if (progress.what != "bin") grew = true;
                               if (grew) return;
                               CHECK(progress.total == 18);
                               CHECK(std::isnan(progress.objective));
                               done.push_back(progress.done);
                               if (progress.done >= at) source.request_stop();
                             }};
    require_error([&] { (void)backend::Native{}.fit({.trees = 3}, data, options); }, Errc::canceled, "stop");
    CHECK_FALSE(grew);
    REQUIRE_FALSE(done.empty());
    CHECK(std::is_sorted(done.begin(), done.end()));
    CHECK(done.front() == 0);
    CHECK(done.back() >= at);
  }
  std::stop_source source;
  source.request_stop();
  int calls = 0;
  const FitOptions options{
      .peers = peers, .stop = source.get_token(), .progress = [&](const FitProgress&) { ++calls; }};
  require_error([&] { (void)backend::Native{}.fit({.trees = 3}, data, options); }, Errc::canceled, "stop");
  CHECK(calls == 0);
}

TEST_CASE("a stop is seen although no tree splits") {
  const Dataset data({.features = {1, 1}, .columns = 1, .targets = {1, 2}});
  std::stop_source source;
  std::int64_t rounds = 0;
  const FitOptions options{.stop = source.get_token(), .progress = [&](const FitProgress& progress) {
                             if (progress.what != "tree") return;
                             rounds = progress.done;
                             if (rounds == 2) source.request_stop();
                           }};
  require_error([&] { (void)backend::Native{}.fit({.trees = 1000, .loss = Loss::squared}, data, options); },
                Errc::canceled, "stop");
  CHECK(rounds == 2);
}

TEST_CASE("a margin learned deep in a chain of 64 levels") {
  // Targets that grow by a quarter: each split cuts off the largest ones.
  DatasetParts parts;
  parts.columns = 1;
  for (int i = 0; i < 100; ++i) {
    parts.features.push_back(static_cast<float>(i));
    parts.targets.push_back(std::pow(1.25f, static_cast<float>(i)));
  }
  const Dataset data(std::move(parts));
  const Forest forest =
      backend::Native{}.fit({.trees = 1, .depth = 64, .learning_rate = 1, .loss = Loss::squared, .l2 = 0}, data);
  check(forest);
  CHECK(forest.feature.size() > 100);
}
