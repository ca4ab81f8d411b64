// Hama's semi: groups of friends that are more connected to each other than to the rest; groups may overlap.
#include <scalar/graph.hpp>

#include <cstdio>

using namespace scalar;

int main() {
  // Two triangles of strong ties with a weak tie between them: each triangle has the score (6 - 0.2 * 0.5) / 3.
  const graph::Graph calls =
      graph::parse_edge_list("a b 2\n b c 2\n c a 2\n c d 0.5\n d e 2\n e f 2\n f d 2\n",
                             {.build = {.directed = false}, .ids = graph::Ids::text, .weighted = true});
  const auto clusters = graph::semi_clustering(calls, {.max_vertices = 3, .boundary_factor = 0.2, .peers = 2});
  for (graph::Vertex v = 0; v < calls.vertices(); ++v) {
    const graph::SemiCluster& best = clusters[v].front();
    std::printf("%s:", calls.name(v).c_str());
    for (const graph::Vertex member : best.vertices()) std::printf(" %s", calls.name(member).c_str());
    std::printf(" with score %.3f\n", best.score);
  }
}
