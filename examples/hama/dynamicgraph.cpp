// Hama's dynamicgraph: the first vertex adds a new one, which sums the values of all others and removes them.
#include <scalar/graph.hpp>

#include <cstdio>
#include <numeric>
#include <vector>

using namespace scalar;

struct Summing {
  using Value = int;
  using Message = int;
  static constexpr bool mutates = true;

  void init(graph::Context<Summing>& vertex) { vertex.value() = static_cast<int>(vertex.vertex()) + 1; }
  void compute(graph::Context<Summing>& vertex, std::span<const int> numbers) {
    const graph::Vertex sum = vertex.vertices() - 1;  // the vertex that `extra_vertices` leaves room for
    if (vertex.superstep() == 0) {
      if (vertex.vertex() == 0) vertex.add_vertex(sum);
    } else if (vertex.vertex() != sum) {
      vertex.send(sum, vertex.value());
      vertex.vote_to_halt();
    } else if (vertex.superstep() == 2) {
      vertex.value() = std::accumulate(numbers.begin(), numbers.end(), 0);
      for (graph::Vertex other = 0; other < sum; ++other) vertex.remove_vertex(other);
      vertex.vote_to_halt();
    }
  }
};

int main() {
  const graph::Graph numbers = graph::from_edges(std::vector<graph::Edge>{}, {.vertices = 4});
  const auto result = graph::run(Summing{}, numbers, {.peers = 2, .extra_vertices = 1});
  for (std::size_t v = 0; v < result.values.size(); ++v)
    std::printf("%s %d%s\n", v < 4 ? "number" : "sum", result.values[v], result.exists[v] ? "" : " (removed)");
}
