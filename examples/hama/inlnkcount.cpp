// Hama's inlnkcount: every vertex counts the links that lead to it; checked against graph::in_link_count.
#include <scalar/graph.hpp>

#include <cstdio>

using namespace scalar;

struct InLinks {
  using Value = std::uint64_t;
  using Message = std::uint64_t;

  static std::uint64_t combine(std::uint64_t a, std::uint64_t b) { return a + b; }
  void compute(graph::Context<InLinks>& vertex, std::span<const std::uint64_t> counts) {
    if (vertex.superstep() == 0) vertex.send_to_neighbors(1);
    for (const std::uint64_t count : counts) vertex.value() += count;
    vertex.vote_to_halt();
  }
};

int main() {
  const graph::Graph web =
      graph::parse_edge_list("a b\n a c\n b c\n d c\n c a\n d d\n e a\n a b\n", {.ids = graph::Ids::text});
  const auto links = graph::run(InLinks{}, web, {.peers = 2}).values;
  for (graph::Vertex v = 0; v < web.vertices(); ++v) std::printf("%s %lu\n", web.name(v).c_str(), links[v]);
  std::printf("graph::in_link_count says the same: %s\n", graph::in_link_count(web) == links ? "yes" : "no");
}
