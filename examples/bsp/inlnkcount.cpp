// Hama's inlnkcount: every vertex counts the links that lead to it; checked against the graph's in-degrees.
#include <scalar/graph.hpp>

#include <cstdio>

using namespace scalar;

struct InLinks {
  using Value = int;
  using Message = int;

  static int combine(int a, int b) { return a + b; }
  void compute(graph::Context<InLinks>& vertex, std::span<const int> counts) {
    if (vertex.superstep() == 0) vertex.send_to_neighbours(1);
    for (const int count : counts) vertex.value() += count;
    vertex.vote_to_halt();
  }
};

int main() {
  const graph::Graph web =
      graph::parse_edge_list("a b\n a c\n b c\n d c\n c a\n d d\n e a\n a b\n", {.ids = graph::Ids::text});
  const auto links = graph::run(InLinks{}, web, {.peers = 2}).values;
  bool same = true;
  for (graph::Vertex v = 0; v < web.vertices(); ++v) {
    std::printf("%s %d\n", web.name(v).c_str(), links[v]);
    same = same && web.in_degree(v) == links[v];
  }
  std::printf("the in-degrees say the same: %s\n", same ? "yes" : "no");
}
