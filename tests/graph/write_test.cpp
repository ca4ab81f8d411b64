#include "scalar/graph/write.hpp"

#include <string>
#include <vector>

#include "graph/checks.hpp"
#include "scalar/core/error.hpp"
#include "scalar/data/store.hpp"
#include "scalar/graph/build.hpp"
#include "scalar/graph/generate.hpp"
#include "scalar/graph/read.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/paths.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using namespace scalar::graph;
using graph_test::list;
using test::message_of;

namespace {

void check_equal(const Graph& a, const Graph& b) {
  CHECK(a.is_directed() == b.is_directed());
  CHECK(a.edges() == b.edges());
  CHECK(a.ids() == b.ids());
  CHECK(list(a.out_offsets()) == list(b.out_offsets()));
  CHECK(list(a.out_neighbors()) == list(b.out_neighbors()));
  CHECK(list(a.out_weights()) == list(b.out_weights()));
  CHECK(list(a.in_offsets()) == list(b.in_offsets()));
  CHECK(list(a.in_neighbors()) == list(b.in_neighbors()));
  CHECK(list(a.in_weights()) == list(b.in_weights()));
}

}  // namespace

TEST_CASE("graphs read back as they were") {
  test::TemporaryDirectory folder;
  for (const bool directed : {true, false})
    for (const bool weighted : {true, false})
      for (const int scale : {3, 11}) {
        Graph graph = kronecker({.scale = scale, .build = {.directed = directed}});  // with self-loops and duplicates
        if (weighted) graph = with_random_weights(graph, {.low = -100, .high = 100});
        write_sg(graph, folder / "graph.sg");
        check_equal(read_sg(folder / "graph.sg"), graph);
        if (scale != 11) continue;
        write_edge_list(graph, folder / "graph.txt");
        check_equal(read_edge_list(folder / "graph.txt", {.build = {.directed = directed, .vertices = graph.vertices()},
                                                          .ids = Ids::dense,
                                                          .weighted = weighted}),
                    graph);
      }
  write_sg(Graph(), folder / "graph.sg");
  CHECK(read_sg(folder / "graph.sg").vertices() == 0);
  write_sg(from_edges(std::vector<Edge>{{0, 1}}, {.in_edges = false}), folder / "graph.sg");
  CHECK(read_sg(folder / "graph.sg").in_degree(1) == 1);
}

TEST_CASE("serialized graphs are those of the GAP benchmark suite") {
  // Written by its converter from edge lists: 3 4 7, 4 5 2, 5 3 1, 0 3 9, 0 4 100, where the last column
  // are the weights of the .wsg; and 0 1, 1 2, 2 0, 2 3 made symmetric.
  const std::string folder = test::source_file("tests/graph/gapbs/");
  const std::vector<WeightedEdge> edges{{3, 4, 7}, {4, 5, 2}, {5, 3, 1}, {0, 3, 9}, {0, 4, 100}};
  std::vector<Edge> plain;
  for (const WeightedEdge& edge : edges) plain.push_back({edge.from, edge.to});
  const std::vector<Edge> undirected{{0, 1}, {1, 2}, {2, 0}, {2, 3}};
  test::TemporaryDirectory ours;
  for (const auto& [name, graph] : {std::pair<std::string, Graph>("directed.sg", from_edges(plain)),
                                    {"directed.wsg", from_edges(edges)},
                                    {"undirected.sg", from_edges(undirected, {.directed = false})}}) {
    INFO(name);
    check_equal(read_sg(folder + name), graph);
    write_sg(graph, ours / name);
    CHECK(data::read_bytes(ours / name) == data::read_bytes(folder + name));
  }
}

TEST_CASE("an edge list has ids and the shortest weights") {
  test::TemporaryDirectory folder;
  Builder builder({.directed = false});
  builder.add(70, 5'000'000'000, 0.1f);
  builder.add(70, 70, -3.0f);
  write_edge_list(builder.build(), folder / "graph.txt");
  CHECK(data::read_bytes(folder / "graph.txt") == "70\t70\t-3\n70\t5000000000\t0.1\n");
  Builder names;
  names.add("ä", "b");
  write_edge_list(names.build(), folder / "graph.txt");
  CHECK(data::read_bytes(folder / "graph.txt") == "ä\tb\n");
}

TEST_CASE("what would not read back is not written") {
  test::TemporaryDirectory folder;
  for (const char* bad : {"", "a b", "#a", "a\tb", "a\n", "\xef\xbb\xbf"}) {
    Builder builder;
    builder.add("x", bad);
    const Graph graph = builder.build();
    CHECK(message_of(Errc::unsupported, [&] {
            write_edge_list(graph, folder / "graph.txt");
          }).ends_with("would not read back from an edge list"));
  }
  message_of(Errc::not_found, [&] { read_edge_list(folder / "graph.txt"); });
  for (const float weight : {0.5f, 3e9f, -3e9f}) {
    const Graph graph = from_edges(std::vector<WeightedEdge>{{0, 1, weight}});
    CHECK(message_of(Errc::type_mismatch, [&] {
            write_sg(graph, folder / "graph.sg");
          }).ends_with(", expected a 32-bit integer"));
  }
}
