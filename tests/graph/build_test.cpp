#include "scalar/graph/build.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "graph/checks.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace scalar;
using namespace scalar::graph;
using graph_test::list;
using graph_test::Vertices;
using test::message_of;

namespace {

/// What a graph should be, slowly: a sorted list of (from, to, weight).
using Entries = std::vector<std::tuple<Vertex, Vertex, float>>;

Entries expected(const std::vector<WeightedEdge>& edges, const BuildOptions& options) {
  Entries all;
  for (const auto& [from, to, weight] : edges) {
    if (from == to && options.self_loops == SelfLoops::drop) continue;
    all.emplace_back(from, to, weight);
    if (!options.directed && from != to) all.emplace_back(to, from, weight);
  }
  std::sort(all.begin(), all.end());
  if (options.duplicates == Duplicates::keep) return all;
  std::map<std::pair<Vertex, Vertex>, std::vector<float>> merged;
  for (const auto& [from, to, weight] : all) merged[{from, to}].push_back(weight);
  all.clear();
  for (const auto& [ends, weights] : merged) {
    double sum = 0;
    for (const float weight : weights) sum += weight;
    all.emplace_back(ends.first, ends.second,
                     options.duplicates == Duplicates::sum ? static_cast<float>(sum) : weights[0]);
  }
  return all;
}

Entries entries(const Graph& graph, bool in) {
  Entries all;
  for (Vertex v = 0; v < graph.vertices(); ++v) {
    const auto neighbors = in ? graph.in(v) : graph.out(v);
    const auto weights = in ? graph.in_weights(v) : graph.out_weights(v);
    for (std::size_t i = 0; i < neighbors.size(); ++i)
      all.emplace_back(v, neighbors[i], weights.empty() ? 1.0f : weights[i]);
  }
  return all;
}

Entries turned(Entries all) {
  for (auto& [from, to, weight] : all) std::swap(from, to);
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("every way to build gives what the definition says") {
  Philox random(3);
  const Runtime one({.threads = 1}), four({.threads = 4});
  for (const int count : {0, 1, 2, 50, 3000, 70'000}) {
    std::vector<WeightedEdge> edges;
    std::vector<Edge> plain;
    const std::uint64_t range = count < 3000 ? 10 : count / 20;
    for (int i = 0; i < count; ++i) {
      edges.push_back({static_cast<Vertex>(random.below(range)), static_cast<Vertex>(random.below(range)),
                       static_cast<float>(static_cast<int>(random.below(9)) - 4) / 4});
      plain.push_back({edges.back().from, edges.back().to});
    }
    for (const bool directed : {true, false})
      for (const SelfLoops loops : {SelfLoops::keep, SelfLoops::drop})
        for (const Duplicates duplicates : {Duplicates::keep, Duplicates::drop, Duplicates::sum}) {
          const BuildOptions options{
              .directed = directed, .self_loops = loops, .duplicates = duplicates, .vertices = range};
          const Entries want = expected(edges, options);
          const Graph graph = from_edges(edges, options, four);
          REQUIRE(entries(graph, false) == want);
          REQUIRE(entries(graph, true) == (directed ? turned(want) : want));
          REQUIRE(entries(from_edges(edges, options, one), true) == entries(graph, true));
          const auto stored = static_cast<std::int64_t>(want.size());
          const auto loop_count =
              std::count_if(want.begin(), want.end(), [](const auto& e) { return std::get<0>(e) == std::get<1>(e); });
          REQUIRE(graph.edges() == (directed ? stored : (stored + loop_count) / 2));
          if (duplicates == Duplicates::sum) continue;
          const Graph without = from_edges(plain, options, four);
          REQUIRE_FALSE(without.has_weights());
          REQUIRE(list(without.out_neighbors()) == list(graph.out_neighbors()));
          REQUIRE(list(without.in_offsets()) == list(graph.in_offsets()));
        }
  }
}

TEST_CASE("no vertices, one vertex, vertices without edges") {
  CHECK(from_edges(std::span<const Edge>{}).vertices() == 0);
  CHECK(from_edges(std::span<const Edge>{}).out_offsets().size() == 1);
  CHECK(from_edges(std::span<const WeightedEdge>{}, {.vertices = 1}).has_weights());
  const Graph one = from_edges(std::vector<Edge>{{0, 0}}, {.directed = false});
  CHECK(one.vertices() == 1);
  CHECK(one.edges() == 1);
  CHECK(list(one.out(0)) == Vertices{0});
  CHECK(from_edges(std::vector<Edge>{{0, 0}}, {.self_loops = SelfLoops::drop}).edges() == 0);
  CHECK(from_edges(std::span<const Edge>{}, {.vertices = 5}).out_degree(4) == 0);
}

TEST_CASE("weights sort below zero too, and infinities do not come from sums") {
  const Graph graph =
      from_edges(std::vector<WeightedEdge>{{0, 1, 0.5f}, {0, 1, -0.5f}, {0, 1, -8}, {0, 1, 3e38f}, {0, 1, 0}});
  CHECK(list(graph.out_weights(0)) == std::vector<float>{-8, -0.5f, 0, 0.5f, 3e38f});
  const std::vector<WeightedEdge> large{{0, 1, 3e38f}, {0, 1, 3e38f}};
  CHECK(message_of(Errc::out_of_range, [&] {
          from_edges(large, {.duplicates = Duplicates::sum});
        }).starts_with("the weights of the edges to vertex 1 sum to 6"));
}

TEST_CASE("edges that cannot be are named, the first of them") {
  std::vector<Edge> edges(200'000, Edge{1, 2});
  edges[150'000] = {3, no_vertex};
  edges[70'001] = {no_vertex - 1, 4};
  CHECK(message_of(Errc::out_of_range, [&] { from_edges(edges, {.vertices = 0}); }) ==
        "edge 70001: is 4294967294 -> 4, expected vertices below 4294967294 and finite weights");
  std::vector<WeightedEdge> weighted{{0, 1, 1}, {0, 1, std::numeric_limits<float>::quiet_NaN()}};
  CHECK(message_of(Errc::out_of_range, [&] { from_edges(weighted); }) ==
        "edge 1: is 0 -> 1 of weight NaN, expected vertices below 4294967294 and finite weights");
  CHECK(message_of(Errc::invalid_argument, [&] { from_edges(std::vector<Edge>{}, {.duplicates = Duplicates::sum}); }) ==
        "Duplicates::sum needs edges with weights");
  CHECK(message_of(Errc::too_large, [&] { from_edges(std::vector<Edge>{}, {.vertices = max_vertices + 1}); }) ==
        "4294967295 vertices, expected at most 4294967294");
}

TEST_CASE("weights are put on a graph, the same at both ends") {
  const auto weight = [](Vertex from, Vertex to) { return static_cast<float>(10 * from + to); };
  const std::vector<Edge> edges{{0, 1}, {2, 1}, {1, 1}};
  const Graph undirected = with_weights(from_edges(edges, {.directed = false}), weight);
  CHECK(list(undirected.out_weights(1)) == std::vector<float>{1, 11, 12});
  CHECK(list(undirected.out_weights(2)) == std::vector<float>{12});
  const Graph directed = with_weights(from_edges(edges), weight);
  CHECK(list(directed.out_weights(2)) == std::vector<float>{21});
  CHECK(list(directed.in_weights(1)) == std::vector<float>{1, 11, 21});
  CHECK_FALSE(with_weights(from_edges(edges, {.in_edges = false}), weight).has_in_edges());
  CHECK(with_weights(Graph(), weight).has_weights());
  CHECK(message_of(Errc::out_of_range, [&] {
          with_weights(
              directed, [](Vertex, Vertex to) { return to == 1 ? HUGE_VALF : 1.0f; }, Runtime({.threads = 1}));
        }) == "edge 0 -> 1: a weight of infinity, expected a finite one");
}

TEST_CASE("64-bit ids become vertices in their order") {
  constexpr std::uint64_t greatest = ~std::uint64_t{0};
  for (const bool forward : {true, false}) {
    Builder builder;
    if (forward) {
      builder.add(greatest, 7);
      builder.add(std::uint64_t{1} << 40, greatest);
    } else {
      builder.add(std::uint64_t{1} << 40, greatest);
      builder.add(greatest, 7);
    }
    CHECK(builder.add_vertex(std::uint64_t{9}));
    CHECK_FALSE(builder.add_vertex(std::uint64_t{7}));
    const Graph graph = builder.build();
    CHECK(graph.vertices() == 4);
    CHECK(graph.ids() == Ids::numbers);
    CHECK(graph.id(0) == 7);
    CHECK(graph.id(1) == 9);
    CHECK(graph.id(2) == std::uint64_t{1} << 40);
    CHECK(graph.id(3) == greatest);
    CHECK(graph.find(greatest) == Vertex{3});
    CHECK_FALSE(graph.find(std::uint64_t{8}));
    CHECK(graph.name(3) == "18446744073709551615");
    CHECK(graph.find("1099511627776") == Vertex{2});
    CHECK(list(graph.out(3)) == Vertices{0});
    CHECK(list(graph.out(2)) == Vertices{3});
  }
}

TEST_CASE("ids that are 0 to n - 1 cost nothing") {
  Builder builder;
  builder.add(2, 0);
  builder.add(1, 2);
  const Graph graph = builder.build();
  CHECK(graph.has_dense_ids());
  CHECK(list(graph.out(2)) == Vertices{0});
  CHECK(list(graph.out(1)) == Vertices{2});
  CHECK(builder.build().vertices() == 0);  // empty after
}

TEST_CASE("texts are ids too") {
  Builder builder({.directed = false});
  builder.add("b", "ä", 2.5f);
  builder.add("", "b", 1.0f);
  builder.add_vertex("B");
  const Graph graph = builder.build();
  CHECK(graph.ids() == Ids::text);
  CHECK(graph.name(0).empty());
  CHECK(graph.name(1) == "B");
  CHECK(graph.name(2) == "b");
  CHECK(graph.name(3) == "ä");
  for (Vertex v = 0; v < 4; ++v) CHECK(graph.find(graph.name(v)) == v);
  CHECK_FALSE(graph.find("c"));
  CHECK_FALSE(graph.find("zz"));
  CHECK_FALSE(graph.find(std::uint64_t{0}));
  CHECK(list(graph.out_weights(2)) == std::vector<float>{1, 2.5f});
  CHECK(message_of(Errc::type_mismatch, [&] { graph.id(2); }) ==
        "the ids of this graph are texts, such as \"b\"; name() gives them");
}

TEST_CASE("a builder takes one kind of ids and of edges") {
  Builder numbers;
  numbers.add(1, 2);
  CHECK(message_of(Errc::type_mismatch, [&] { numbers.add("a", "b"); }) == "a text among ids that are numbers");
  CHECK(message_of(Errc::type_mismatch, [&] { numbers.add(1, 2, 3.0f); }) ==
        "an edge with a weight among edges without");
  Builder texts;
  texts.add("a", "b", 1.0f);
  CHECK(message_of(Errc::type_mismatch, [&] { texts.add_vertex(std::uint64_t{1}); }) ==
        "a number among ids that are texts");
  CHECK(message_of(Errc::type_mismatch, [&] { texts.add("a", "b"); }) ==
        "an edge without a weight among edges that have one");
  CHECK(message_of(Errc::out_of_range, [&] { texts.add("a", "b", NAN); }) == "a weight that is not finite");
  CHECK(texts.build().edges() == 1);
}

TEST_CASE("dense ids are bounded by the edges there are") {
  Builder builder({}, Ids::dense);
  builder.add(3, 0);
  CHECK(builder.build().vertices() == 4);
  builder.add(4'000'000'000, 0);
  CHECK(message_of(Errc::too_large, [&] { builder.build(); }) ==
        "4000000001 vertices for 1 edges, expected at most 1048640 where vertices are numbered densely");
  CHECK(message_of(Errc::too_large, [&] { builder.add(max_vertices, 0); }) ==
        "vertex 4294967294, expected one below 4294967294; Ids::numbers takes any");
  Builder wide({.vertices = 2'000'000}, Ids::dense);
  wide.add(1'999'999, 0);
  CHECK(wide.build().vertices() == 2'000'000);
}

TEST_CASE("many ids in any order find themselves") {
  Philox random(5);
  Builder builder;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> edges;
  for (int i = 0; i < 200'000; ++i) edges.emplace_back(random.below(50'000) << 20, random.below(50'000) << 20);
  for (const auto& [from, to] : edges) builder.add(from, to);
  const Graph graph = builder.build();
  CHECK(graph.edges() == 200'000);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> read;
  for (Vertex v = 0; v < graph.vertices(); ++v) {
    REQUIRE(graph.find(graph.id(v)) == v);
    for (const Vertex neighbor : graph.out(v)) read.emplace_back(graph.id(v), graph.id(neighbor));
  }
  std::sort(edges.begin(), edges.end());
  CHECK(read == edges);
}
