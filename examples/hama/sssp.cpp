// Hama's sssp: shortest paths from one vertex, as a vertex program with a combiner; checked against graph::sssp.
#include <scalar/graph.hpp>

#include <algorithm>
#include <cstdio>
#include <limits>

using namespace scalar;

struct ShortestPaths {
  using Value = double;    // the distance from the start
  using Message = double;  // the length of a path that leads here

  graph::Vertex start = 0;

  static double combine(double a, double b) { return std::min(a, b); }
  void init(graph::Context<ShortestPaths>& vertex) { vertex.value() = std::numeric_limits<double>::infinity(); }
  void compute(graph::Context<ShortestPaths>& vertex, std::span<const double> paths) {
    double shortest = vertex.superstep() == 0 && vertex.vertex() == start ? 0 : vertex.value();
    for (const double path : paths) shortest = std::min(shortest, path);
    if (shortest < vertex.value()) {
      vertex.value() = shortest;
      for (std::size_t edge = 0; edge < vertex.degree(); ++edge)
        vertex.send(vertex.neighbors()[edge], shortest + vertex.weight(edge));
    }
    vertex.vote_to_halt();
  }
};

int main() {
  // Cormen et al., "Introduction to algorithms", 3rd edition, figure 24.6.
  const graph::Graph roads =
      graph::parse_edge_list("s t 10\n s y 5\n t x 1\n t y 2\n y t 3\n y x 9\n y z 2\n x z 4\n z x 6\n z s 7\n",
                             {.ids = graph::Ids::text, .weighted = true});
  const graph::Vertex start = *roads.find("s");
  const auto found = graph::run(ShortestPaths{start}, roads, {.peers = 3}).values;
  for (graph::Vertex v = 0; v < roads.vertices(); ++v) std::printf("%s %g\n", roads.name(v).c_str(), found[v]);
  std::printf("graph::sssp says the same: %s\n", graph::sssp(roads, start).distances == found ? "yes" : "no");
}
