// Closed forms on made graphs: long paths, cycles and stars, cliques, 64-bit ids.
#include <algorithm>
#include <limits>

#include "graph/algorithms/checks.hpp"
#include "scalar/graph.hpp"

using namespace scalar;
using namespace graph_test;

namespace {

constexpr Vertex long_path = 100'000;

/// A path through the vertices in this order.
Graph path_through(const std::vector<Vertex>& order, bool directed) {
  std::vector<Edge> edges;
  for (std::size_t i = 1; i < order.size(); ++i) edges.push_back({order[i - 1], order[i]});
  return make(static_cast<Vertex>(order.size()), edges, directed);
}

std::vector<Vertex> ascending(Vertex n) {
  std::vector<Vertex> order(n);
  for (Vertex v = 0; v < n; ++v) order[v] = v;
  return order;
}

}  // namespace

TEST_CASE("a path of 100,000, in order and shuffled") {
  for (const bool in_order : {true, false}) {
    const auto order = in_order ? ascending(long_path) : shuffled(long_path, 11);
    const Graph graph = path_through(order, false);
    for (const int peers : {1, 3}) {
      INFO("in order " << in_order << ", " << peers << " peers");
      CHECK(graph::k_core(graph, {.peers = peers}) == std::vector<std::uint32_t>(long_path, 1));
      CHECK(graph::triangle_count(graph, {.peers = peers}) == 0);
      CHECK(graph::clustering_coefficient(graph, {.peers = peers}) == std::vector<double>(long_path, 0.0));
      CHECK(graph::minimum_distance_search(graph, {.peers = peers}) == std::vector<Vertex>(long_path, 0));
      CHECK(graph::strongly_connected_components(graph, {.peers = peers}).count == 1);
      check_independent_set(graph, graph::maximal_independent_set(graph, {.peers = peers}));
      std::vector<std::uint8_t> left(long_path);
      for (Vertex i = 0; i < long_path; ++i) left[order[i]] = i % 2 == 0;
      const auto mates = graph::bipartite_matching(graph, left, {.peers = peers});
      CHECK(check_matching(graph, mates) >= long_path / 3);  // what any maximal matching of a path has
      const auto links = graph::in_link_count(graph, {.peers = peers});
      CHECK(std::count(links.begin(), links.end(), 1u) == 2);
      CHECK(std::count(links.begin(), links.end(), 2u) == long_path - 2);
    }
  }
}

TEST_CASE("directed paths and cycles of 100,000") {
  for (const int peers : {1, 3}) {
    for (const int kind : {0, 1, 2}) {
      INFO("kind " << kind << ", " << peers << " peers");
      auto order = kind == 2 ? shuffled(long_path, 12) : ascending(long_path);
      if (kind == 1) std::reverse(order.begin(), order.end());
      const Graph path = path_through(order, true);
      const auto singles = graph::strongly_connected_components(path, {.peers = peers});
      CHECK(singles.count == long_path);
      CHECK(singles.labels == ascending(long_path));
      const auto least = graph::minimum_distance_search(path, {.peers = peers});
      Vertex lowest = order[0];
      std::size_t wrong = 0;
      for (const Vertex v : order) lowest = (std::min)(lowest, v), wrong += least[v] != lowest;
      CHECK(wrong == 0);

      order.push_back(order.front());
      std::vector<Edge> edges;
      for (Vertex i = 0; i < long_path; ++i) edges.push_back({order[i], order[i + 1]});
      const Graph cycle = make(long_path, edges, true);
      const auto one = graph::strongly_connected_components(cycle, {.peers = peers});
      CHECK(one.count == 1);
      CHECK(one.labels == std::vector<Vertex>(long_path, 0));
      CHECK(graph::minimum_distance_search(cycle, {.peers = peers}) == std::vector<Vertex>(long_path, 0));
      CHECK(graph::k_core(cycle, {.peers = peers}) == std::vector<std::uint32_t>(long_path, 2));
    }
  }
}

TEST_CASE("a star of 100,000") {
  const Graph graph = graph::star(long_path);
  std::vector<std::uint8_t> left(long_path, 1);
  left[0] = 0;
  for (const int peers : peer_counts) {
    CHECK(graph::k_core(graph, {.peers = peers}) == std::vector<std::uint32_t>(long_path, 1));
    CHECK(graph::triangle_count(graph, {.peers = peers}) == 0);
    const auto inside = graph::maximal_independent_set(graph, {.peers = peers});
    check_independent_set(graph, inside);
    CHECK(check_matching(graph, graph::bipartite_matching(graph, left, {.peers = peers})) == 1);
    const auto labels = graph::label_propagation(graph, {.iterations = 2, .peers = peers});
    CHECK(labels[0] == 0);  // it took 1, then its leaves' own 0
    CHECK(labels[1] == 1);
    CHECK(graph::in_link_count(graph, {.peers = peers})[0] == long_path - 1);
  }
  // A cluster of the hub and a leaf: inside 1, boundary n - 2.
  const auto clusters = graph::semi_clustering(
      graph::star(50), {.max_vertices = 2, .max_clusters = 2, .boundary_factor = 0.5, .iterations = 1});
  REQUIRE(clusters[7].size() == 2);
  CHECK(clusters[7][0].score == 1);
  CHECK(clusters[7][1].inside == 1);
  CHECK(clusters[7][1].boundary == 48);
  CHECK(clusters[7][1].score == 1 - 0.5 * 48);
}

TEST_CASE("cliques, and cliques joined by bridges") {
  for (const Vertex n : {3u, 4u, 17u, 60u}) {
    const Graph graph = graph::complete(n);
    const std::uint64_t m = n;
    CHECK(graph::triangle_count(graph, {.peers = 3}) == m * (m - 1) * (m - 2) / 6);
    CHECK(graph::clustering_coefficient(graph, {.peers = 3}) == std::vector<double>(n, 1.0));
    CHECK(graph::k_core(graph, {.peers = 3}) == std::vector<std::uint32_t>(n, n - 1));
    const auto inside = graph::maximal_independent_set(graph, {.peers = 3});
    CHECK(std::count(inside.begin(), inside.end(), 1) == 1);
  }
  // 40 cycles of 25, the next reached from the one before: the components stay apart, and all see vertex 0.
  std::vector<Edge> edges;
  for (Vertex c = 0; c < 40; ++c)
    for (Vertex i = 0; i < 25; ++i) {
      edges.push_back({25 * c + i, 25 * c + (i + 7) % 25});
      if (c < 39) edges.push_back({25 * c + i, 25 * (c + 1) + i});
    }
  const Graph graph = make(1000, edges, true);
  for (const int peers : peer_counts) {
    const auto seen = graph::strongly_connected_components(graph, {.peers = peers});
    CHECK(seen.count == 40);
    for (Vertex v = 0; v < 1000; ++v) REQUIRE(seen.labels[v] == v / 25 * 25);
    CHECK(graph::minimum_distance_search(graph, {.peers = peers}) == std::vector<Vertex>(1000, 0));
  }
}

TEST_CASE("weights, and ids of 64 bits") {
  graph::Builder builder({.directed = true});
  const std::uint64_t big = 0xffffffffffffffffu;
  builder.add(big, 5, 2.0f);
  builder.add(5, big, 0.5f);
  builder.add(5, std::uint64_t{1} << 40, 4.0f);
  const Graph graph = builder.build();
  const Vertex five = *graph.find(std::uint64_t{5}), middle = *graph.find(std::uint64_t{1} << 40),
               top = *graph.find(big);
  std::vector<double> x(3);
  x[five] = 1, x[middle] = 10, x[top] = 100;
  const auto y = graph::spmv(graph, x, {.peers = 2});
  CHECK(y[five] == 0.5 * 100 + 4 * 10);
  CHECK(y[top] == 2);
  CHECK(y[middle] == 0);
  const auto strong = graph::strongly_connected_components(graph, {.peers = 2});
  CHECK(strong.count == 2);
  CHECK(graph.id(strong.labels[top]) == 5);
  const auto clusters = graph::semi_clustering(graph, {.max_clusters = 8, .boundary_factor = 0});
  CHECK(clusters[top].front().score == 2.5);  // with five; all three have 2 + 0.5 + 4 for 3 pairs
  CHECK(clusters[middle].front().score == 4);
  CHECK(clusters[top][1].score == 6.5 / 3);
}

TEST_CASE("what makes no sense is refused") {
  const Graph graph = graph::path(10);
  const std::vector<double> x(9);
  CHECK(message_of(Errc::shape_mismatch, [&] { graph::spmv(graph, x); }) ==
        "spmv: x has 9 elements, the graph 10 vertices");
  const std::vector<std::uint8_t> left(10, 1);
  CHECK(message_of(Errc::invalid_argument, [&] {
          graph::bipartite_matching(graph, left);
        }).find("bipartite_matching: the edge between vertices 0 and 1 has both ends on the left") == 0);
  CHECK(message_of(Errc::shape_mismatch, [&] { graph::bipartite_matching(graph, std::span(left).first(3)); }) ==
        "bipartite_matching: is_left has 3 elements, the graph 10 vertices");
  CHECK(message_of(Errc::invalid_argument, [&] { graph::label_propagation(graph, {.iterations = -1}); }) ==
        "label_propagation: iterations is -1, expected 0 or more");
  CHECK(message_of(Errc::invalid_argument, [&] { graph::semi_clustering(graph, {.max_vertices = 17}); }) ==
        "semi_clustering: max_vertices is 17, expected 2 to 16");
  CHECK(message_of(Errc::invalid_argument, [&] { graph::semi_clustering(graph, {.max_clusters = 0}); }) ==
        "semi_clustering: max_clusters is 0, expected 1 to 1024");
  CHECK(message_of(Errc::invalid_argument, [&] {
          graph::semi_clustering(graph, {.boundary_factor = std::numeric_limits<double>::quiet_NaN()});
        }).find("boundary_factor is NaN, expected 0 to 1") != std::string::npos);
  CHECK(message_of(Errc::invalid_argument, [&] { graph::personalized_pagerank(graph, {}); }) ==
        "personalized_pagerank: there are no sources to return to");
  const Vertex far[] = {3, 10};
  CHECK(message_of(Errc::out_of_range, [&] { graph::personalized_pagerank(graph, far); }).find("vertex 10") !=
        std::string::npos);
  CHECK(message_of(Errc::invalid_argument, [&] { graph::k_core(graph, {.peers = -2}); }) ==
        "k_core: peers is -2, expected 0 or more");
  const Graph one_way = graph::from_edges(std::vector<Edge>{{0, 1}}, {.in_edges = false});
  for (const auto& call : std::vector<std::function<void()>>{
           [&] { graph::k_core(one_way); }, [&] { graph::triangle_count(one_way); },
           [&] { graph::strongly_connected_components(one_way); }, [&] { graph::label_propagation(one_way); },
           [&] { graph::maximal_independent_set(one_way); }, [&] { graph::semi_clustering(one_way); }})
    message_of(Errc::empty, call);
}

TEST_CASE("inside an engine every peer gets its share, in rank order") {
  const Graph graph = graph::uniform({.vertices = 500, .edges = 1500, .build = {.directed = true}});
  const auto cores = graph::k_core(graph, {.peers = 1});
  const auto strong = graph::strongly_connected_components(graph, {.peers = 1});
  const auto least = graph::minimum_distance_search(graph, {.peers = 1});
  const auto triangles = graph::triangle_count(graph, {.peers = 1});
  const bsp::Engine engine({.peers = 4});
  auto body = [&](bsp::Peer& peer) -> bsp::Task<bool> {
    const auto same = [](auto first, const auto& own, const auto& all) {
      return std::equal(own.begin(), own.end(), all.begin() + first);
    };
    const auto own_cores = co_await graph::k_core(peer, graph);
    const auto own_strong = co_await graph::strongly_connected_components(peer, graph);
    const auto own_least = co_await graph::minimum_distance_search(peer, graph);
    const std::uint64_t own_triangles = co_await graph::triangle_count(peer, graph);
    const std::uint64_t share = own_cores.values.size();
    const std::uint64_t all = co_await all_reduce(peer, share, std::plus{});
    co_return all == 500 && same(own_cores.first, own_cores.values, cores) &&
        same(own_strong.first, own_strong.labels, strong.labels) && same(own_least.first, own_least.values, least) &&
        own_strong.count == strong.count&& own_triangles == triangles;
  };
  CHECK(engine.run_all(body) == std::vector<bool>(4, true));
}
