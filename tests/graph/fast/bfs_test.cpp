#include "scalar/graph/algorithms/bfs.hpp"

#include <map>

#include "graph/fast/reference.hpp"
#include "scalar/bsp/engine.hpp"
#include "scalar/core/error.hpp"
#include "scalar/graph/generate.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace graph_test;
using graph::bfs;
using graph::Bfs;
using graph::BfsOptions;
using graph::Graph;
using graph::no_vertex;
using graph::not_reached;
using graph::Vertex;
using test::message_of;

namespace {

/// The tree's own rules: the parent is the least vertex one level up with an edge to the child.
void check_tree(const Graph& graph, Vertex source, const Bfs& tree) {
  REQUIRE(tree.depths.size() == graph.vertices());
  REQUIRE(tree.parents.size() == graph.vertices());
  std::vector<Vertex> least(graph.vertices(), no_vertex);
  bool possible = true;
  for (Vertex u = 0; u < graph.vertices(); ++u)
    for (const Vertex v : graph.out(u)) {
      if (tree.depths[u] == not_reached) continue;
      possible = possible && tree.depths[v] <= tree.depths[u] + 1;
      if (tree.depths[v] == tree.depths[u] + 1) least[v] = std::min(least[v], u);
    }
  least[source] = source;
  CHECK(possible);
  CHECK(tree.depths[source] == 0);
  CHECK(tree.parents == least);
  bool agree = true;
  for (Vertex v = 0; v < graph.vertices(); ++v)
    agree = agree && (tree.depths[v] == not_reached) == (tree.parents[v] == no_vertex);
  CHECK(agree);
}

std::string mistake_of(Errc code, const Graph& graph, Vertex source, const BfsOptions& options = {}) {
  return message_of(code, [&] { bfs(graph, source, options); });
}

}  // namespace

TEST_CASE("bfs: depths as networkx has them, in each direction") {
  for (const Known& known : known_graphs())
    for (const BfsOptions& options : {BfsOptions{}, BfsOptions{.alpha = 0}, BfsOptions{.alpha = 1000000, .beta = 0},
                                      BfsOptions{.alpha = 1000, .beta = 3, .peers = 3}}) {
      INFO(known.name << ", alpha " << options.alpha);
      const Bfs tree = bfs(known.graph, 0, options);
      check_tree(known.graph, 0, tree);
      std::vector<double> depths;
      for (const std::uint32_t depth : tree.depths) depths.push_back(depth == not_reached ? -1.0 : depth);
      CHECK(depths == known.numbers("depths"));
    }
}

TEST_CASE("bfs: the same tree for any peers and threads") {
  const Graph kronecker = graph::kronecker({.scale = 11});
  const Graph sparse = graph::uniform({.vertices = 4000, .edges = 9000, .build = {.directed = true}});
  for (const Graph& graph : {kronecker, sparse}) {
    Vertex source = 17;
    while (graph.out_degree(source) == 0) ++source;
    const Bfs expected = bfs(graph, source, {.peers = 1});
    check_tree(graph, source, expected);
    for (const Division& division : divisions()) {
      const Bfs again = bfs(graph, source, {.peers = division.peers}, division.runtime);
      CHECK((again.depths == expected.depths && again.parents == expected.parents));
    }
  }
}

TEST_CASE("bfs: closed forms") {
  constexpr Vertex length = 100000;
  const Graph path = graph::path(length);
  for (const int peers : {1, 4}) {
    const Bfs tree = bfs(path, 30000, {.peers = peers});
    bool right = true;
    for (Vertex v = 0; v < length; ++v) {
      right = right && tree.depths[v] == (v > 30000 ? v - 30000 : 30000 - v);
      right = right && tree.parents[v] == (v > 30000 ? v - 1 : v < 30000 ? v + 1 : v);
    }
    CHECK(right);
  }
  const Bfs from_leaf = bfs(graph::star(1000), 7);
  CHECK((from_leaf.depths[7] == 0 && from_leaf.depths[0] == 1 && from_leaf.depths[999] == 2));
  CHECK((from_leaf.parents[0] == 7 && from_leaf.parents[999] == 0));
  const std::vector<Vertex> sides{20, 30};
  const Graph grid = graph::grid(sides);
  const Bfs corner = bfs(grid, 0, {.alpha = 1000, .peers = 3});
  check_tree(grid, 0, corner);
  for (Vertex v = 0; v < 600; ++v) CHECK(corner.depths[v] == v / 30 + v % 30);
}

TEST_CASE("bfs: loops, duplicates, one vertex, another component") {
  const Graph odd = graph_of({{0, 0}, {0, 1}, {0, 1}, {1, 1}, {3, 2}, {2, 3}});
  for (const int peers : {1, 2, 5}) {
    const Bfs tree = bfs(odd, 0, {.peers = peers});
    CHECK(tree.depths == std::vector<std::uint32_t>{0, 1, not_reached, not_reached});
    CHECK(tree.parents == std::vector<Vertex>{0, 0, no_vertex, no_vertex});
    const Bfs alone = bfs(graph_of({}, false, 1), 0, {.peers = peers});
    CHECK(alone.depths == std::vector<std::uint32_t>{0});
  }
}

TEST_CASE("bfs: a directed graph without in-edges is searched along edges") {
  const auto edges = std::vector<graph::Edge>{{0, 1}, {1, 2}, {2, 3}, {0, 3}, {4, 0}};
  const Graph graph = graph::from_edges(edges, {.directed = true, .in_edges = false});
  CHECK(bfs(graph, 0, {.alpha = 100000}).depths == std::vector<std::uint32_t>{0, 1, 2, 1, not_reached});
}

TEST_CASE("bfs: inside an engine each peer gets its share") {
  const Graph graph = graph::kronecker({.scale = 9});
  const Bfs whole = bfs(graph, 3);
  const auto parts = bsp::Engine({.peers = 5}).run_all([&](bsp::Peer& peer) -> bsp::Task<Bfs> {
    co_return co_await bfs(peer, graph, 3);
  });
  Bfs joined;
  for (const Bfs& part : parts) {
    CHECK(part.first == joined.depths.size());
    joined.depths.insert(joined.depths.end(), part.depths.begin(), part.depths.end());
    joined.parents.insert(joined.parents.end(), part.parents.begin(), part.parents.end());
  }
  CHECK((joined.depths == whole.depths && joined.parents == whole.parents));
}

TEST_CASE("bfs: what makes no sense is refused") {
  CHECK(mistake_of(Errc::out_of_range, Graph(), 0) == "bfs: the source is vertex 0 of a graph of 0 vertices");
  CHECK(mistake_of(Errc::out_of_range, graph::path(5), 5) == "bfs: the source is vertex 5 of a graph of 5 vertices");
  CHECK(mistake_of(Errc::invalid_argument, graph::path(5), 0, {.alpha = -1}) == "bfs: alpha is -1, expected 0 or more");
  CHECK(mistake_of(Errc::invalid_argument, graph::path(5), 0, {.peers = -1}) == "bfs: peers is -1, expected 0 or more");
}

TEST_CASE("bfs: levels of web-NotreDame and facebook") {
  for (const std::string name : {"web-NotreDame.txt.gz", "facebook_combined.txt"}) {
    const std::string path = shared_file(name);
    if (path.empty()) {
      WARN("skipped: no " << name << " in the shared data");
      continue;
    }
    const Graph graph = graph::read_edge_list(path, {.build = {.directed = name[0] == 'w'}});
    const Bfs tree = bfs(graph, *graph.find(std::uint64_t{0}), {.peers = 3});
    check_tree(graph, 0, tree);
    std::vector<std::uint64_t> levels;
    for (const std::uint32_t depth : tree.depths) {
      if (depth == not_reached) continue;
      if (depth >= levels.size()) levels.resize(depth + 1);
      ++levels[depth];
    }
    std::vector<std::uint64_t> expected;
    for (const json::Value& count : reference().at(name).at("depths").as_array()) expected.push_back(count.as_uint());
    CHECK(levels == expected);
  }
}
