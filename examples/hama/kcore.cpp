// Hama's kcore: the greatest k such that a vertex belongs to a subgraph in which every vertex has k neighbors.
#include <scalar/graph.hpp>

#include <cstdio>

using namespace scalar;

int main() {
  // a, b, c, d all know each other; e knows two of them; f and g are a chain that hangs on e; h, i, j are a triangle.
  const graph::Graph friends =
      graph::parse_edge_list("a b\n a c\n a d\n b c\n b d\n c d\n e a\n e b\n f e\n g f\n h i\n i j\n j h\n",
                             {.build = {.directed = false}, .ids = graph::Ids::text});
  const auto cores = graph::k_core(friends, {.peers = 2});
  for (graph::Vertex v = 0; v < friends.vertices(); ++v) std::printf("%s %u\n", friends.name(v).c_str(), cores[v]);
}
