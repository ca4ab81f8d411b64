// Hama's mdstsearch: every vertex learns the smallest vertex that it is connected to, which names its component;
// checked against graph::minimum_distance_search.
#include <scalar/graph.hpp>

#include <algorithm>
#include <cstdio>

using namespace scalar;

struct MinimumSearch {
  using Value = graph::Vertex;
  using Message = graph::Vertex;

  static graph::Vertex combine(graph::Vertex a, graph::Vertex b) { return std::min(a, b); }
  void init(graph::Context<MinimumSearch>& vertex) { vertex.value() = vertex.vertex(); }
  void compute(graph::Context<MinimumSearch>& vertex, std::span<const graph::Vertex> others) {
    graph::Vertex least = vertex.value();
    for (const graph::Vertex other : others) least = std::min(least, other);
    if (least < vertex.value() || vertex.superstep() == 0) vertex.send_to_neighbors(least);
    vertex.value() = least;
    vertex.vote_to_halt();
  }
};

int main() {
  const graph::Graph islands =
      graph::parse_edge_list("1 2\n 2 4\n 3 6\n 6 9\n 9 3\n 5 10\n 8 4\n 7 7\n", {.build = {.directed = false}});
  const auto least = graph::run(MinimumSearch{}, islands, {.peers = 3}).values;
  for (graph::Vertex v = 0; v < islands.vertices(); ++v)
    std::printf("%s in the component of %s\n", islands.name(v).c_str(), islands.name(least[v]).c_str());
  const bool same = graph::minimum_distance_search(islands) == least;
  std::printf("graph::minimum_distance_search says the same: %s\n", same ? "yes" : "no");
}
