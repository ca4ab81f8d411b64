// Against networkx, scipy and definitions written in Python: reference.json is written by reference.py.
#include <cmath>
#include <fstream>
#include <iterator>

#include "graph/algorithms/checks.hpp"
#include "scalar/core/json.hpp"
#include "scalar/graph.hpp"
#include "support/paths.hpp"

using namespace scalar;
using namespace graph_test;

namespace {

const json::Value& reference() {
  static const json::Value value = [] {
    std::ifstream file(test::source_file("tests/graph/algorithms/reference.json"));
    return json::parse(std::string(std::istreambuf_iterator<char>(file), {}), "reference.json");
  }();
  return value;
}

template <class T>
std::vector<T> numbers(const json::Value& list) {
  std::vector<T> all;
  for (const json::Value& item : list.as_array()) all.push_back(static_cast<T>(item.as_double()));
  return all;
}

Graph graph_of(const json::Value& test) {
  std::vector<Edge> edges;
  for (const json::Value& edge : test.at("edges").as_array())
    edges.push_back(
        {static_cast<Vertex>(edge.as_array()[0].as_int()), static_cast<Vertex>(edge.as_array()[1].as_int())});
  return make(static_cast<Vertex>(test.at("vertices").as_int()), edges, test.at("directed").as_bool());
}

/// Calls `check(test, graph, peers)` for every case and number of peers.
template <class Check>
void each_case(Check check) {
  std::size_t count = 0;
  for (const json::Value& test : reference().at("cases").as_array()) {
    const Graph graph = graph_of(test);
    for (const int peers : peer_counts) {
      INFO(test.at("name").as_string() << ", " << peers << " peers");
      check(test, graph, peers);
      ++count;
    }
  }
  CHECK(count >= 60);
}

void check_close(const std::vector<double>& seen, const std::vector<double>& expected, double tolerance) {
  REQUIRE(seen.size() == expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) worst = (std::max)(worst, std::fabs(seen[i] - expected[i]));
  CHECK(worst <= tolerance);
}

}  // namespace

TEST_CASE("in-links") {
  each_case([](const auto& test, const Graph& graph, int peers) {
    const auto expected = numbers<std::uint64_t>(test.at("in_links"));
    CHECK(graph::in_link_count(graph, {.peers = peers}) == expected);
    if (!graph.is_directed()) return;
    std::vector<Edge> edges;
    for (Vertex v = 0; v < graph.vertices(); ++v)
      for (const Vertex u : graph.out(v)) edges.push_back({v, u});
    const Graph one_way = graph::from_edges(edges, {.in_edges = false, .vertices = graph.vertices()});
    CHECK(graph::in_link_count(one_way, {.peers = peers}) == expected);
  });
}

TEST_CASE("k-cores") {
  each_case([](const auto& test, const Graph& graph, int peers) {
    CHECK(graph::k_core(graph, {.peers = peers}) == numbers<std::uint32_t>(test.at("cores")));
  });
}

TEST_CASE("triangles and clustering") {
  each_case([](const auto& test, const Graph& graph, int peers) {
    CHECK(graph::triangle_count(graph, {.peers = peers}) == static_cast<std::uint64_t>(test.at("triangles").as_int()));
    check_close(graph::clustering_coefficient(graph, {.peers = peers}), numbers<double>(test.at("clustering")), 1e-15);
  });
}

TEST_CASE("strongly connected components") {
  each_case([](const auto& test, const Graph& graph, int peers) {
    const auto expected = numbers<Vertex>(test.at("strong"));
    const graph::Components seen = graph::strongly_connected_components(graph, {.peers = peers});
    CHECK(seen.labels == expected);
    std::int64_t count = 0;
    for (Vertex v = 0; v < graph.vertices(); ++v) count += expected[v] == v;
    CHECK(seen.count == count);
  });
}

TEST_CASE("label propagation") {
  each_case([](const auto& test, const Graph& graph, int peers) {
    for (const int iterations : {1, 2, 7})
      CHECK(graph::label_propagation(graph, {.iterations = iterations, .peers = peers}) ==
            numbers<Vertex>(test.at("labels").at(std::to_string(iterations))));
    const auto own = graph::label_propagation(graph, {.iterations = 0, .peers = peers});
    for (Vertex v = 0; v < graph.vertices(); ++v) REQUIRE(own[v] == v);
  });
}

TEST_CASE("minimum-distance search") {
  each_case([](const auto& test, const Graph& graph, int peers) {
    CHECK(graph::minimum_distance_search(graph, {.peers = peers}) == numbers<Vertex>(test.at("least_ancestor")));
  });
}

TEST_CASE("sparse matrix times vector") {
  each_case([](const auto& test, const Graph& graph, int peers) {
    if (graph.vertices() == 0) {
      CHECK(graph::spmv(graph, {}, {.peers = peers}).empty());
      return;
    }
    const auto x = numbers<double>(test.at("x"));  // quarters: sums are exact
    CHECK(graph::spmv(graph, x, {.peers = peers}) == numbers<double>(test.at("spmv")));
    CHECK(graph::spmv(graph, x, {.transposed = true, .peers = peers}) == numbers<double>(test.at("spmv_transposed")));
  });
}

TEST_CASE("personalized PageRank") {
  each_case([](const auto& test, const Graph& graph, int peers) {
    if (graph.vertices() == 0) return;
    const auto sources = numbers<Vertex>(test.at("sources"));
    const auto seen = graph::personalized_pagerank(graph, sources, {.iterations = 300, .peers = peers});
    check_close(seen.ranks, numbers<double>(test.at("personalized")), 1e-11);
    CHECK(seen.ranks == graph::personalized_pagerank(graph, sources, {.iterations = 300, .peers = 3}).ranks);
  });
}

TEST_CASE("semi-clusters") {
  each_case([](const auto& test, const Graph& graph, int peers) {
    const auto seen = graph::semi_clustering(
        graph, {.max_vertices = 4, .max_clusters = 3, .boundary_factor = 0.25, .iterations = 6, .peers = peers});
    REQUIRE(seen.size() == graph.vertices());
    std::size_t different = 0;
    for (Vertex v = 0; v < graph.vertices(); ++v) {
      const auto& expected = test.at("semi").as_array()[v].as_array();
      REQUIRE(seen[v].size() == expected.size());
      for (std::size_t k = 0; k < expected.size(); ++k) {
        const auto vertices = seen[v][k].vertices();
        different += std::vector<Vertex>(vertices.begin(), vertices.end()) != numbers<Vertex>(expected[k]);
      }
    }
    CHECK(different == 0);
  });
}

TEST_CASE("independent sets are independent, maximal, and the same for any number of peers") {
  each_case([](const auto&, const Graph& graph, int peers) {
    for (const std::uint64_t seed : {0, 1}) {
      const auto seen = graph::maximal_independent_set(graph, {.seed = seed, .peers = peers});
      check_independent_set(graph, seen);
      CHECK(seen == graph::maximal_independent_set(graph, {.seed = seed, .peers = 3}));
    }
  });
}

TEST_CASE("matchings are maximal, at least half of a largest one, and the same for any number of peers") {
  const json::Value& test = reference().at("bipartite");
  std::vector<Edge> edges;
  for (const json::Value& edge : test.at("edges").as_array())
    edges.push_back(
        {static_cast<Vertex>(edge.as_array()[0].as_int()), static_cast<Vertex>(edge.as_array()[1].as_int())});
  const auto left = numbers<std::uint8_t>(test.at("left"));
  const auto largest = static_cast<std::size_t>(test.at("maximum").as_int());
  for (const bool directed : {false, true}) {
    const Graph graph = make(static_cast<Vertex>(test.at("vertices").as_int()), edges, directed);
    std::vector<std::vector<Vertex>> seen;
    for (const int peers : peer_counts)
      for (const std::uint64_t seed : {3, 4}) {
        const auto mates = graph::bipartite_matching(graph, left, {.seed = seed, .peers = peers});
        const std::size_t pairs = check_matching(graph, mates);
        CHECK(pairs <= largest);
        CHECK(2 * pairs >= largest);
        if (seen.size() < 2) seen.push_back(mates);
        CHECK(mates == seen[seed - 3]);
      }
    CHECK(seen[0] != seen[1]);
  }
}
