#include "scalar/graph/algorithms/sssp.hpp"

#include <cmath>
#include <limits>
#include <queue>

#include "graph/fast/reference.hpp"
#include "scalar/bsp/engine.hpp"
#include "scalar/core/error.hpp"
#include "scalar/graph/generate.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace graph_test;
using graph::Graph;
using graph::sssp;
using graph::SsspOptions;
using graph::Vertex;
using test::message_of;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Dijkstra's algorithm, with the same additions along a path.
template <class Distance>
std::vector<Distance> dijkstra(const Graph& graph, Vertex source) {
  std::vector<Distance> distances(graph.vertices(), std::numeric_limits<Distance>::infinity());
  std::priority_queue<std::pair<Distance, Vertex>, std::vector<std::pair<Distance, Vertex>>, std::greater<>> queue;
  distances[source] = 0;
  queue.push({0, source});
  while (!queue.empty()) {
    const auto [distance, u] = queue.top();
    queue.pop();
    if (distance > distances[u]) continue;
    for (std::size_t k = 0; k < graph.out(u).size(); ++k)
      if (const Distance next = distance + graph.out_weights(u)[k]; next < distances[graph.out(u)[k]])
        queue.push({distances[graph.out(u)[k]] = next, graph.out(u)[k]});
  }
  return distances;
}

std::string mistake_of(Errc code, const Graph& graph, Vertex source, const SsspOptions& options = {}) {
  return message_of(code, [&] { sssp(graph, source, options); });
}

Graph weighted(std::vector<graph::WeightedEdge> edges, bool directed = true) {
  return graph::from_edges(edges, {.directed = directed});
}

}  // namespace

TEST_CASE("sssp: distances as networkx has them, whatever the delta") {
  for (const Known& known : known_graphs())
    for (const double delta : {0.0, 0.01, 3.0, 1e9}) {
      INFO(known.name << ", delta " << delta);
      const auto result = sssp(known.graph, 0, {.delta = delta, .peers = 2});
      std::vector<double> distances;
      for (const double distance : result.distances) distances.push_back(distance == infinity ? -1 : distance);
      CHECK(distances == known.numbers("distances"));
    }
}

TEST_CASE("sssp: the same bits for any peers, threads and deltas") {
  // Weights that round: sums depend on the path, yet the least of them is one number.
  const Graph graph = graph::with_weights(graph::kronecker({.scale = 10}), [](Vertex a, Vertex b) {
    return 1 / static_cast<float>(3 + (a * 7919u + b * 104729u) % 1000u);
  });
  Vertex source = 5;
  while (graph.out_degree(source) == 0) ++source;
  const auto expected = dijkstra<float>(graph, source);
  const auto precise = dijkstra<double>(graph, source);
  for (const Division& division : divisions())
    for (const double delta : {0.0, 1e-5, 0.3}) {
      const SsspOptions options{.delta = delta, .peers = division.peers};
      CHECK(sssp<float>(graph, source, options, division.runtime).distances == expected);
      CHECK(sssp(graph, source, options, division.runtime).distances == precise);
    }
}

TEST_CASE("sssp: closed forms") {
  constexpr Vertex length = 100000;
  const Graph path = graph::with_weights(graph::path(length), [](Vertex, Vertex) { return 0.5f; });
  for (const double delta : {0.0, 1e-3, 7.0}) {
    const auto result = sssp(path, 0, {.delta = delta, .peers = 3});
    bool right = true;
    for (Vertex v = 0; v < length; ++v) right = right && result.distances[v] == v * 0.5;
    CHECK(right);
  }
  const auto steps = sssp<float>(graph::star(1000), 7);  // without weights each edge counts 1
  CHECK((steps.distances[7] == 0 && steps.distances[0] == 1 && steps.distances[999] == 2));
}

TEST_CASE("sssp: weights of all sizes, and zero") {
  // Buckets far apart and a great many of them: nothing may depend on how many fit a table.
  std::vector<graph::WeightedEdge> edges;
  for (Vertex v = 0; v < 60; ++v) edges.push_back({v, v + 1, std::ldexp(1.0f, static_cast<int>(v) * 4 - 120)});
  for (Vertex v = 0; v < 60; ++v) edges.push_back({v + 1, 61 + v, 0});
  const Graph graph = weighted(edges);
  const auto expected = dijkstra<double>(graph, 0);
  for (const double delta : {0.0, 1e-30, 1e-3, 1e30})
    for (const int peers : {1, 4}) CHECK(sssp(graph, 0, {.delta = delta, .peers = peers}).distances == expected);
  const Graph nothing = weighted({{0, 1, 0}, {1, 2, 0}, {2, 0, 0}, {3, 3, 0}});
  CHECK(sssp(nothing, 1).distances == std::vector<double>{0, 0, 0, infinity});
  const Graph beyond = weighted({{0, 1, 3e38f}, {1, 2, 3e38f}});
  CHECK(sssp<float>(beyond, 0).distances[2] == std::numeric_limits<float>::infinity());
  CHECK(sssp(beyond, 0).distances[2] == Approx(6e38));
  const Graph tiny = weighted({{0, 1, std::numeric_limits<float>::denorm_min()}, {1, 2, 1}});
  CHECK(sssp(tiny, 0).distances[2] == Approx(1));
}

TEST_CASE("sssp: duplicates, loops, one vertex") {
  const Graph odd = weighted({{0, 0, 1}, {0, 1, 5}, {0, 1, 2}, {1, 1, 0}, {1, 2, 1}, {3, 0, 1}});
  for (const int peers : {1, 2, 5}) {
    CHECK(sssp(odd, 0, {.peers = peers}).distances == std::vector<double>{0, 2, 3, infinity});
    CHECK(sssp(graph_of({}, false, 1), 0, {.peers = peers}).distances == std::vector<double>{0});
  }
}

TEST_CASE("sssp: inside an engine each peer gets its share") {
  const Graph graph = graph::with_random_weights(graph::kronecker({.scale = 9}));
  const auto whole = sssp(graph, 3);
  const auto parts = bsp::Engine({.peers = 5}).run_all([&](bsp::Peer& peer) -> bsp::Task<graph::ShortestPaths<double>> {
    co_return co_await sssp(peer, graph, 3);
  });
  std::vector<double> joined;
  for (const auto& part : parts) {
    CHECK(part.first == joined.size());
    joined.insert(joined.end(), part.distances.begin(), part.distances.end());
  }
  CHECK(joined == whole.distances);
}

TEST_CASE("sssp: what makes no sense is refused") {
  const Graph graph = weighted({{0, 1, 1}, {1, 2, -0.5f}, {2, 3, 1}});
  CHECK(mistake_of(Errc::invalid_argument, graph, 3) ==
        "sssp: the edge from 1 to 2 has weight -0.5, expected 0 or more");
  CHECK(mistake_of(Errc::out_of_range, graph, 4) == "sssp: the source is vertex 4 of a graph of 4 vertices");
  CHECK(mistake_of(Errc::out_of_range, Graph(), 0) == "sssp: the source is vertex 0 of a graph of 0 vertices");
  CHECK(mistake_of(Errc::invalid_argument, graph::path(3), 0, {.delta = -2}) ==
        "sssp: delta is -2, expected a finite number of 0 or more");
  CHECK_THAT(mistake_of(Errc::invalid_argument, graph::path(3), 0, {.delta = infinity}),
             Catch::Matchers::Contains("delta is infinity"));
  // In any place of a share, whatever the stride of the check.
  for (std::size_t at : {0u, 15u, 16u, 40u, 98u}) {
    std::vector<graph::WeightedEdge> edges;
    for (Vertex v = 0; v < 99; ++v) edges.push_back({v, v + 1, v == at ? -1.0f : 1.0f});
    CHECK_THAT(mistake_of(Errc::invalid_argument, weighted(edges), 0, {.peers = 2}),
               Catch::Matchers::Contains("from " + std::to_string(at) + " to "));
  }
}

TEST_CASE("sssp: web-NotreDame and facebook as scipy has them") {
  for (const std::string name : {"web-NotreDame.txt.gz", "facebook_combined.txt"}) {
    const std::string path = shared_file(name);
    if (path.empty()) {
      WARN("skipped: no " << name << " in the shared data");
      continue;
    }
    const Graph bare = graph::read_edge_list(path, {.build = {.directed = name[0] == 'w'}});
    const Graph graph = graph::with_weights(bare, [](Vertex a, Vertex b) {
      return static_cast<float>(1 + (std::uint64_t{std::min(a, b)} * 31 + std::uint64_t{std::max(a, b)} * 17) % 100);
    });
    double sum = 0, most = 0;
    std::uint64_t reached = 0;
    for (const float distance : sssp<float>(graph, 0, {.peers = 3}).distances)
      if (!std::isinf(distance)) sum += distance, most = std::max<double>(most, distance), ++reached;
    CHECK(reached == reference().at(name).at("reached").as_uint());
    CHECK(sum == reference().at(name).at("distance_sum").as_double());
    CHECK(most == reference().at(name).at("distance_max").as_double());
  }
}
