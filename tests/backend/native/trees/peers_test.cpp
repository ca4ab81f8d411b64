// Trees grown by several peers: the same bytes as one peer's, whoever holds which rows.
#include <map>
#include <stdexcept>
#include <stop_token>
#include <utility>

#include "backend/native/trees/exact.hpp"
#include "backend/native/trees/grow.hpp"
#include "backend/native/trees/made.hpp"
#include "bsp/everywhere.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/bsp/engine.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;
using made::make;
namespace trees = backend::trees;
namespace native = backend::native;

namespace {

/// The bytes of the forest, and what progress said.
struct Learned {
  std::vector<std::byte> bytes{};
  std::vector<double> losses{};
  friend bool operator==(const Learned&, const Learned&) = default;
};

Learned learn(const GradientBoostedTrees& spec, const Dataset& data, int peers, int threads, int shards = 0) {
  Learned learned;
  FitOptions options{.peers = peers, .shards = shards};
  options.progress = [&](const FitProgress& progress) {
    if (progress.what == "tree") learned.losses.push_back(progress.objective);
  };
  learned.bytes = to_bytes(backend::Native{}.fit(spec, data, options, Runtime({.threads = threads})));
  return learned;
}

void check_same(const GradientBoostedTrees& spec, const Dataset& data, const std::vector<int>& all_peers) {
  const Learned one = learn(spec, data, 1, 1);
  REQUIRE(one.losses.size() == static_cast<std::size_t>(spec.trees));
  for (const int peers : all_peers)
    for (const int threads : {1, 2, 4}) {
      INFO(to_json(spec) << ", " << peers << " peers, " << threads << " threads");
      CHECK((learn(spec, data, peers, threads) == one));
    }
}

}  // namespace

TEST_CASE("any number of peers grows the same forest, bit for bit") {
  const auto loss = GENERATE(Loss::squared, Loss::logistic, Loss::softmax);
  const auto bins = GENERATE(16, 256, 1000);
  const auto weights = GENERATE(false, true);
  const Dataset data(make({.rows = 3001, .columns = 7, .missing = 0.05, .loss = loss, .weights = weights}, 21));
  check_same({.trees = 4, .depth = 6, .loss = loss, .bins = bins}, data, {2, 3, 5, 8});
}

TEST_CASE("many rows, whose quantiles come from a sample, are dealt out like few") {
  // Three kinds of columns: all different, few values, and few values that a sample may miss.
  DatasetParts parts = make({.rows = 70'000, .columns = 3, .missing = 0.01, .loss = Loss::logistic}, 23);
  for (std::size_t row = 0; row < parts.targets.size(); ++row) {
    parts.features[3 * row + 1] = static_cast<float>(row % 100);
    parts.features[3 * row + 2] = row % 30'000 == 17 ? -static_cast<float>(row) : (row % 2 == 0 ? -0.0f : 0.0f);
  }
  check_same({.trees = 3, .depth = 5}, Dataset(std::move(parts)), {2, 3, 8});
}

TEST_CASE("gradients of very different sizes are summed alike by all") {
  DatasetParts parts = make({.rows = 2500, .columns = 4}, 25);
  parts.weights.assign(parts.targets.size(), 1.0f);
  parts.weights[17] = 1e9f;
  parts.weights[2400] = 1e-9f;
  check_same({.trees = 4, .depth = 7, .loss = Loss::squared}, Dataset(std::move(parts)), {2, 3, 7});
}

TEST_CASE("more peers than rows, features or threads grow the same forest too") {
  const Dataset few(make({.rows = 9, .columns = 2, .loss = Loss::logistic}, 27));
  check_same({.trees = 3, .depth = 3, .min_child_weight = 0}, few, {2, 9, 20, 100});
  const Dataset narrow(make({.rows = 500, .columns = 1}, 29));
  check_same({.trees = 3, .depth = 4, .loss = Loss::squared}, narrow, {2, 5});
}

TEST_CASE("rows sorted by their only feature, so that a node's rows are one peer's") {
  DatasetParts parts;
  parts.columns = 1;
  for (int i = 0; i < 4000; ++i) {
    parts.features.push_back(static_cast<float>(i / 10));
    parts.targets.push_back(std::sin(static_cast<float>(i) * 0.01f));
  }
  check_same({.trees = 2, .depth = 9, .loss = Loss::squared, .bins = 400}, Dataset(std::move(parts)), {2, 8});
}

TEST_CASE("more histograms than are exchanged at once") {
  // Two-byte codes: 8000 slots of 8 features are 0.5 MB a node, of which 16 MB hold 32; the last level has 128 nodes.
  const Dataset data(make({.rows = 8000, .columns = 8}, 31));
  check_same({.trees = 1, .depth = 8, .loss = Loss::squared, .bins = 8000}, data, {3});
}

TEST_CASE("shards do not matter to trees") {
  const Dataset data(make({.rows = 1000, .columns = 4, .loss = Loss::logistic}, 33));
  const GradientBoostedTrees spec{.trees = 3};
  CHECK((learn(spec, data, 3, 2, 7) == learn(spec, data, 1, 1)));
  CHECK((learn(spec, data, 1, 1, 64) == learn(spec, data, 1, 1)));
}

TEST_CASE("peers that hold parts of any size grow the same forest, in one process and in several") {
  const Dataset data(make({.rows = 2000, .columns = 5, .missing = 0.1}, 35));
  const native::Rows all = native::rows_of(data);
  const native::ThreadTeam team(Runtime({.threads = 1}), 4);
  const auto grow = [&](const std::vector<std::int64_t>& begin, int processes = 1) {
    const auto body = [&](bsp::Peer& peer) -> bsp::Task<Forest> {
      const auto rank = static_cast<std::size_t>(peer.rank());
      const trees::Part part{all.slice(begin[rank], begin[rank + 1] - begin[rank]), begin[rank], all.count()};
      const FitOptions options;
      const trees::Watch watch(options, false, part.rows.columns());
      std::vector<trees::Cuts> cuts = co_await trees::find_cuts(peer, part, 64, team, watch);
      const trees::GrowSettings settings{5, 0.3, {}};
      const auto grower = trees::make_grower(peer, part, std::move(cuts), settings, team, watch);
      std::vector<trees::Gradient> gradients;
      for (const double target : part.rows.targets) gradients.push_back({static_cast<float>(target), 1});
      std::vector<float> margins(gradients.size());
      Forest forest;
      const std::stop_token never;
      co_await grower->grow(gradients, margins, 0, never, forest);
      co_return forest;
    };
    const auto grown = bsp_test::run_over(processes, static_cast<int>(begin.size()) - 1, body);
    for (const Forest& forest : grown) REQUIRE((forest == grown[0]));
    REQUIRE(grown[0].feature.size() > 20);
    return grown[0];
  };
  const Forest one = grow({0, 2000});
  CHECK((grow({0, 1000, 2000}) == one));
  CHECK((grow({0, 0, 1, 1, 1999, 2000, 2000}) == one));
  CHECK((grow({0, 700, 2000}, 2) == one));
  CHECK((grow({0, 0, 600, 601, 1200, 2000}, 3) == one));
}

TEST_CASE("exact sums do not depend on who has which rows, and are right") {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(std::sin(i) * std::pow(10.0, i % 9));
  const native::ThreadTeam team(Runtime({.threads = 1}), 1);
  const auto sum = [&](int peers) {
    return bsp::Engine({.peers = peers}).run([&](bsp::Peer& peer) -> bsp::Task<trees::Totals> {
      const std::int64_t first = 1000 * peer.rank() / peers, last = 1000 * (peer.rank() + 1) / peers;
      const auto value = [&](std::int64_t row) -> trees::Both<double> {
        return {values[static_cast<std::size_t>(first + row)], 0.1};
      };
      co_return co_await trees::sum_exactly(peer, team, last - first, 1000, value);
    });
  };
  long double expected = 0;
  for (const double value : values) expected += value;
  const trees::Totals one = sum(1);
  CHECK(one.sum.first == Approx(static_cast<double>(expected)).epsilon(1e-11));
  CHECK(one.sum.second == Approx(100).epsilon(1e-13));
  for (const int peers : {2, 3, 17}) {
    const trees::Totals shared = sum(peers);
    CHECK(shared.sum.first == one.sum.first);
    CHECK(shared.sum.second == one.sum.second);
    CHECK(shared.largest.first == one.largest.first);
  }
  values[500] = std::numeric_limits<double>::quiet_NaN();
  values[501] = 1;
  for (const int peers : {1, 2}) {
    const trees::Totals broken = sum(peers);
    CHECK(std::isnan(broken.largest.first));
    CHECK(broken.sum.first == 0);
  }
}

TEST_CASE("peers that grow trees stop when asked, and progress that throws ends them") {
  const Dataset data(make({.rows = 600, .loss = Loss::logistic}, 37));
  for (const int peers : {2, 5}) {
    std::stop_source source;
    FitOptions options{.peers = peers, .stop = source.get_token()};
    std::int64_t rounds = 0;
    options.progress = [&](const FitProgress& progress) {
      if (progress.what == "bin") return;
      CHECK(progress.done == ++rounds);
      if (rounds == 3) source.request_stop();
    };
    try {
      (void)backend::Native{}.fit({.trees = 1000}, data, options);
      FAIL("it went on");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::canceled);
    }
    CHECK(rounds == 3);
    options = {.peers = peers};
    options.progress = [](const FitProgress&) { throw std::runtime_error("enough"); };
    CHECK_THROWS_WITH(backend::Native{}.fit(GradientBoostedTrees{}, data, options), "enough");
  }
}

TEST_CASE("what one peer cannot learn from ends all with its error") {
  DatasetParts parts = make({.rows = 50, .columns = 2}, 39);
  parts.targets[49] = 3e38f;
  parts.weights.assign(50, 1.0f);
  parts.weights[49] = 1e9f;
  const Dataset data(std::move(parts));
  for (const int peers : {1, 2, 4})
    CHECK_THROWS_WITH(backend::Native{}.fit(GradientBoostedTrees{.loss = Loss::squared}, data, {.peers = peers}),
                      Catch::Contains("the gradients are not finite"));
}
