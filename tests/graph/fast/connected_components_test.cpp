#include "scalar/graph/algorithms/connected_components.hpp"

#include <numeric>
#include <set>

#include "graph/fast/reference.hpp"
#include "scalar/bsp/engine.hpp"
#include "scalar/core/error.hpp"
#include "scalar/graph/generate.hpp"
#include "support/catch.hpp"

using namespace graph_test;
using graph::Components;
using graph::connected_components;
using graph::Graph;
using graph::Vertex;

namespace {

/// The least vertex of each component, by joining sets one edge at a time.
std::vector<Vertex> joined(const Graph& graph) {
  std::vector<Vertex> parent(graph.vertices());
  std::iota(parent.begin(), parent.end(), 0u);
  const auto root = [&](Vertex v) {
    while (parent[v] != v) v = parent[v] = parent[parent[v]];
    return v;
  };
  for (Vertex u = 0; u < graph.vertices(); ++u)
    for (const Vertex v : graph.out(u)) {
      const Vertex a = root(u), b = root(v);
      parent[std::max(a, b)] = std::min(a, b);
    }
  for (Vertex v = 0; v < graph.vertices(); ++v) parent[v] = root(v);
  return parent;
}

void check(const Graph& graph) {
  const std::vector<Vertex> expected = joined(graph);
  const auto count = static_cast<std::int64_t>(std::set<Vertex>(expected.begin(), expected.end()).size());
  for (const Division& division : divisions()) {
    const Components result = connected_components(graph, {.peers = division.peers}, division.runtime);
    CHECK(result.labels == expected);
    CHECK(result.count == count);
  }
}

}  // namespace

TEST_CASE("components: as networkx has them") {
  for (const Known& known : known_graphs())
    for (const int peers : {1, 2, 4}) {
      INFO(known.name);
      const Components result = connected_components(known.graph, {.peers = peers});
      CHECK(std::vector<double>(result.labels.begin(), result.labels.end()) == known.numbers("labels"));
    }
}

TEST_CASE("components: the same for any peers and threads, with one large component, many, or none of size") {
  check(graph::kronecker({.scale = 11}));
  check(graph::kronecker({.scale = 11, .edge_factor = 1}));
  check(graph::uniform({.vertices = 5000, .edges = 2500}));
  check(graph::uniform({.vertices = 5000, .edges = 5000, .build = {.directed = true}}));
  check(graph::uniform({.vertices = 5000, .edges = 6000, .build = {.directed = true, .in_edges = false}}));
  check(graph_of({}, false, 3000));
  check(graph::complete(100));
}

TEST_CASE("components: paths, stars, loops, duplicates, no vertex and one") {
  check(graph::path(100000));
  check(graph::star(10000));
  std::vector<graph::Edge> backwards;  // a path whose edges point from high to low: labels travel its whole length
  for (Vertex v = 20000; v > 0; --v) backwards.push_back({v, v - 1});
  check(graph_of(backwards));
  // Two large components joined by one edge late in a long list.
  std::vector<graph::Edge> edges;
  for (Vertex v = 1; v < 1000; ++v) edges.push_back({0, v}), edges.push_back({1000, 1000 + v});
  edges.push_back({999, 1999});
  check(graph_of(edges, false));
  check(graph_of(edges, true));
  check(graph_of({{0, 0}, {1, 2}, {2, 1}, {1, 2}, {4, 4}}, true));
  for (const int peers : {1, 3}) {
    CHECK(connected_components(Graph(), {.peers = peers}).count == 0);
    CHECK(connected_components(graph_of({}, false, 1), {.peers = peers}).labels == std::vector<Vertex>{0});
  }
}

TEST_CASE("components: inside an engine each peer gets its share") {
  const Graph graph = graph::uniform({.vertices = 3000, .edges = 2000});
  const Components whole = connected_components(graph);
  const auto parts = bsp::Engine({.peers = 5}).run_all([&](bsp::Peer& peer) -> bsp::Task<Components> {
    co_return co_await connected_components(peer, graph);
  });
  std::vector<Vertex> labels;
  for (const Components& part : parts) {
    CHECK(part.first == labels.size());
    CHECK(part.count == whole.count);
    labels.insert(labels.end(), part.labels.begin(), part.labels.end());
  }
  CHECK(labels == whole.labels);
}

TEST_CASE("components: what makes no sense is refused") {
  CHECK_THROWS_WITH(connected_components(Graph(), {.peers = -1}),
                    "connected_components: peers is -1, expected 0 or more");
}

TEST_CASE("components: web-NotreDame and facebook are connected") {
  for (const std::string name : {"web-NotreDame.txt.gz", "facebook_combined.txt"}) {
    const std::string path = shared_file(name);
    if (path.empty()) {
      WARN("skipped: no " << name << " in the shared data");
      continue;
    }
    const Graph graph = graph::read_edge_list(path, {.build = {.directed = name[0] == 'w'}});
    CHECK(connected_components(graph, {.peers = 3}).count == reference().at(name).at("components").as_int());
  }
}
