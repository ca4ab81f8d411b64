#include "scalar/graph/algorithms/bipartite_matching.hpp"

#include <algorithm>

#include "core/fail.hpp"
#include "graph/algorithms/neighbors.hpp"
#include "graph/algorithms/per_vertex.hpp"
#include "scalar/core/random.hpp"
#include "scalar/graph/run.hpp"

namespace scalar::inline v0::graph {
namespace {

struct Matching {
  struct Value {
    Vertex mate = no_vertex;
  };
  using Message = Vertex;  // the sender
  struct Aggregates {
    Sum<std::uint64_t> grants;
  };

  std::span<const std::uint8_t> is_left;
  std::uint64_t seed = 0;

  void init(Context<Matching>& vertex) {
    const Vertex v = vertex.vertex();
    each_neighbor(vertex.graph(), v, [&](Vertex u, int) {
      if ((is_left[u] != 0) == (is_left[v] != 0))
        fail(Errc::invalid_argument, "bipartite_matching",
             "the edge between vertices {} and {} has both ends on the {}", (std::min)(u, v), (std::max)(u, v),
             is_left[v] != 0 ? "left" : "right");
    });
  }
  Vertex any_of(std::span<const Vertex> senders, Context<Matching>& vertex) const {
    Philox random(seed, std::uint64_t{vertex.vertex()} << 32 | (vertex.superstep() & 0xffffffffu));
    return senders[random.below(senders.size())];
  }
  void compute(Context<Matching>& vertex, std::span<const Vertex> senders) {
    const bool left = is_left[vertex.vertex()] != 0;
    Vertex& mate = vertex.value().mate;
    if (!left || mate != no_vertex) vertex.vote_to_halt();
    switch (vertex.superstep() % 4) {
      case 0:  // ask
        if (left && mate == no_vertex)
          each_neighbor(vertex.graph(), vertex.vertex(), [&](Vertex u, int) { vertex.send(u, vertex.vertex()); });
        return;
      case 1:  // grant
        if (left || mate != no_vertex || senders.empty()) return;
        vertex.aggregate().grants.add(1);
        return vertex.send(any_of(senders, vertex), vertex.vertex());
      case 2:  // accept
        if (!left || mate != no_vertex || senders.empty()) return;
        mate = any_of(senders, vertex);
        vertex.vote_to_halt();
        return vertex.send(mate, vertex.vertex());
      case 3:
        if (!left && !senders.empty()) mate = senders.front();
        return;
    }
  }
  void master(MasterContext<Matching>& master) const {
    if (master.superstep() % 4 == 1 && master.aggregated().grants.value() == 0) master.halt();
  }
};

void check_sides(const Graph& graph, std::span<const std::uint8_t> is_left) {
  if (is_left.size() != graph.vertices())
    fail(Errc::shape_mismatch, "bipartite_matching", "is_left has {} elements, the graph {} vertices", is_left.size(),
         graph.vertices());
}

bsp::Task<> compute(bsp::Peer& peer, const Graph& graph, std::span<const std::uint8_t> is_left, std::uint64_t seed,
                    Vertex* mates) {
  const Matching program{is_left, seed};
  const RunResult<Matching> own = co_await run(peer, program, graph, {.gather = Gather::own});
  std::transform(own.values.begin(), own.values.end(), mates, [](const auto& value) { return value.mate; });
}

}  // namespace

std::vector<Vertex> bipartite_matching(const Graph& graph, std::span<const std::uint8_t> is_left,
                                       const MatchingOptions& options, const Runtime& runtime) {
  check_sides(graph, is_left);
  return values_of_all<Vertex>(
      graph, options.peers, runtime, "bipartite_matching",
      [&](bsp::Peer& peer, Range, Vertex* mates) { return compute(peer, graph, is_left, options.seed, mates); });
}

bsp::Task<VertexValues<Vertex>> bipartite_matching(bsp::Peer& peer, const Graph& graph,
                                                   std::span<const std::uint8_t> is_left, MatchingOptions options) {
  check_sides(graph, is_left);
  return values_of_own<Vertex>(peer, graph, [&graph, is_left, options](bsp::Peer& at, Range, Vertex* mates) {
    return compute(at, graph, is_left, options.seed, mates);
  });
}

}  // namespace scalar::inline v0::graph
