// A program from outside: trains, saves, loads, serves; by the names of backends that are linked.
#include <scalar/bsp.hpp>
#include <scalar/core/random.hpp>
#include <scalar/graph.hpp>
#include <scalar/scalar.hpp>
#include <scalar/serve.hpp>

#include <algorithm>
#include <cstdio>
#include <string>

namespace {

int failures = 0;
void check(bool ok, const char* what) {
  if (!ok) ++failures;
  std::printf("%s: %s\n", what, ok ? "yes" : "NO");
}

std::string two_clouds() {
  scalar::Philox random(1);
  std::string text = "x,y,color\n";
  for (int i = 0; i < 400; ++i) {
    const bool red = i % 2 == 0;
    text += std::to_string(random.uniform() + (red ? 0.9 : 0.0)) + "," + std::to_string(random.uniform()) + "," +
            (red ? "red" : "blue") + "\n";
  }
  return text;
}

}  // namespace

int main() try {
  using namespace scalar;
  const auto [train, test] = data::parse_csv(two_clouds(), {.label = "color"}).split();

  const auto linear = Trainer{LogisticRegression{}, backend::Native{}}.fit(train, {.peers = 2});
  check(metrics::accuracy(linear, test) > 0.85, "logistic regression learned on two peers");
  linear.save("linear.scalar");
  check(AnyModel::load("linear.scalar").predict(test).values == linear.predict(test).values, "saved and loaded");

  const GradientBoostedTrees spec{.trees = 20, .depth = 3};
  const auto trees = Trainer{spec}.fit(train);
  check(metrics::accuracy(trees, test) > 0.85, "trees learned by the default backend");

  const std::vector<std::string> names = backend::available();
  const bool has_xgboost = std::find(names.begin(), names.end(), "xgboost") != names.end();
#ifdef WITH_XGBOOST
  check(has_xgboost, "linking Scalar::xgboost entered its name");
  try {
    const auto boosted = Trainer{spec, "xgboost"}.fit(train);
    check(boosted.info().backend == "xgboost" && metrics::accuracy(boosted, test) > 0.85, "trees learned by xgboost");
  } catch (const Error& error) {
    if (error.code() != Errc::unavailable) throw;
    std::printf("SKIPPED, libxgboost is not installed: %s\n", error.what());
  }
#else
  check(!has_xgboost, "what is not linked is not there");
#endif

  const Model<GradientBoostedTrees> nothing;
  check(!nothing && !AnyModel() && Table().empty() && Dataset().empty(), "default objects are empty");

  serve::Server server{{.port = 0}};
  server.add("colors", Predictor{trees, {.cache_bytes = 1 << 20}});
  server.start();
  check(server.port() != 0, "the server listens");
  server.stop();

  const int sum = bsp::Engine{{.peers = 4}}.run(
      [](bsp::Peer& peer) -> bsp::Task<int> { co_return co_await all_reduce(peer, peer.rank(), std::plus{}); });
  check(sum == 6, "four peers summed their ranks");

  const graph::Graph ring = graph::parse_edge_list("1 2\n2 3\n3 1\n", {.build = {.directed = false}});
  check(ring.vertices() == 3 && ring.out_degree(*ring.find("2")) == 2, "a graph was read");
  return failures == 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
