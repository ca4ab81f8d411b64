#include "scalar/graph/graph.hpp"

#include <string>
#include <vector>

#include "graph/checks.hpp"
#include "scalar/core/error.hpp"
#include "scalar/graph/build.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace scalar;
using namespace scalar::graph;
using graph_test::list;
using graph_test::Vertices;
using test::message_of;

TEST_CASE("a default graph has no vertices") {
  const Graph graph;
  CHECK(graph.vertices() == 0);
  CHECK(graph.edges() == 0);
  CHECK(graph.out_offsets().size() == 1);
  CHECK(graph.in_offsets().size() == 1);
  CHECK(graph.out_neighbors().empty());
  CHECK(graph.with_in_edges().vertices() == 0);
  CHECK(graph.transposed().vertices() == 0);
  CHECK(graph.memory_bytes() == 0);
  CHECK_FALSE(graph.find(std::uint64_t{0}));
  CHECK_FALSE(graph.find("0"));
}

TEST_CASE("a directed graph has lists both ways") {
  const Graph graph =
      from_edges(std::vector<WeightedEdge>{{2, 0, 5}, {0, 2, 1}, {0, 1, 3}, {1, 1, -2}}, {.vertices = 4});
  CHECK(graph.vertices() == 4);
  CHECK(graph.edges() == 4);
  CHECK(graph.is_directed());
  CHECK(graph.has_weights());
  CHECK(list(graph.out(0)) == Vertices{1, 2});
  CHECK(list(graph.out_weights(0)) == std::vector<float>{3, 1});
  CHECK(list(graph.in(1)) == Vertices{0, 1});
  CHECK(list(graph.in_weights(1)) == std::vector<float>{3, -2});
  CHECK(graph.out_degree(3) == 0);
  CHECK(graph.in_degree(2) == 1);
  CHECK(list(graph.out_offsets()) == std::vector<std::int64_t>{0, 2, 3, 4, 4});
  CHECK(list(graph.in_offsets()) == std::vector<std::int64_t>{0, 1, 3, 4, 4});
  CHECK(list(graph.in_neighbors()) == Vertices{2, 0, 1, 0});

  const Graph turned = graph.transposed();
  CHECK(list(turned.out_neighbors()) == list(graph.in_neighbors()));
  CHECK(list(turned.out_weights()) == list(graph.in_weights()));
  CHECK(list(turned.in_offsets()) == list(graph.out_offsets()));
}

TEST_CASE("an undirected graph holds one set of lists") {
  const Graph graph = from_edges(std::vector<Edge>{{1, 0}, {1, 1}, {2, 1}}, {.directed = false});
  CHECK(graph.edges() == 3);
  CHECK_FALSE(graph.is_directed());
  CHECK_FALSE(graph.has_weights());
  CHECK(list(graph.out(1)) == Vertices{0, 1, 2});
  CHECK(graph.out(1).data() == graph.in(1).data());
  CHECK(graph.out_weights(1).empty());
  CHECK(graph.out_weights().empty());
  CHECK(graph.transposed().out_neighbors().data() == graph.out_neighbors().data());
}

TEST_CASE("in-edges are made when wanted, and asked for in vain before") {
  const std::vector<Edge> edges{{0, 1}, {2, 1}};
  const Graph without = from_edges(edges, {.in_edges = false});
  CHECK_FALSE(without.has_in_edges());
  const std::string text = "a directed graph that was built without in-edges; with_in_edges() adds them";
  CHECK(message_of(Errc::empty, [&] { without.in(0); }) == text);
  CHECK(message_of(Errc::empty, [&] { without.in_offsets(); }) == text);
  const Graph with = without.with_in_edges();
  CHECK(list(with.in(1)) == Vertices{0, 2});
  CHECK(with.out_neighbors().data() == without.out_neighbors().data());
  CHECK(with.memory_bytes() == 2 * without.memory_bytes());
  CHECK(list(without.transposed().out(1)) == Vertices{0, 2});
}

TEST_CASE("dense ids are the vertices") {
  const Graph graph = from_edges(std::vector<Edge>{{0, 11}});
  CHECK(graph.has_dense_ids());
  CHECK(graph.id(11) == 11);
  CHECK(graph.name(11) == "11");
  CHECK(graph.find(std::uint64_t{11}) == Vertex{11});
  CHECK_FALSE(graph.find(std::uint64_t{12}));
  CHECK_FALSE(graph.find(std::uint64_t{1} << 32));
  CHECK(graph.find("11") == Vertex{11});
  CHECK(graph.find("0") == Vertex{0});
  for (const char* text : {"", "011", "00", "+1", "-1", " 1", "1 ", "0x1", "12", "18446744073709551616", "a"})
    CHECK_FALSE(graph.find(text));
  CHECK(message_of(Errc::out_of_range, [&] { graph.id(12); }) == "vertex 12 of a graph of 12 vertices");
  CHECK(message_of(Errc::out_of_range, [&] { graph.name(no_vertex); }) ==
        "vertex 4294967295 of a graph of 12 vertices");
}

TEST_CASE("copies share") {
  Graph copy;
  {
    const Graph graph = from_edges(std::vector<Edge>{{0, 1}});
    copy = graph;
    CHECK(copy.out_neighbors().data() == graph.out_neighbors().data());
  }
  CHECK(list(copy.out(0)) == Vertices{1});
}
