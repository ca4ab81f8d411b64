#pragma once
/// Runs an algorithm that gives one value per vertex, with an engine of its own or inside another one. Internal.
#include <utility>
#include <vector>

#include "graph/kernels.hpp"
#include "scalar/bsp/engine.hpp"
#include "scalar/bsp/task.hpp"
#include "scalar/graph/algorithms/vertex_values.hpp"
#include "scalar/graph/partition.hpp"

namespace scalar::inline v0::graph {

inline Range share_of(const Partition& partition, int rank) noexcept {
  return {partition.first(rank), partition.last(rank)};
}

/// Runs the coroutine `compute(peer, share, values of the share)` on a new engine; returns the values of all vertices.
template <class T, class Compute>
std::vector<T> values_of_all(const Graph& graph, int asked, const Runtime& runtime, const char* algorithm,
                             Compute compute) {
  const int peers = peers_for(asked, runtime, algorithm);
  std::vector<T> values(graph.vertices());
  const Partition partition = Partition::edge_balanced(graph, peers);
  const bsp::Engine engine({.peers = peers}, runtime);
  engine.run([&](bsp::Peer& peer) {
    const Range share = share_of(partition, peer.rank());
    return compute(peer, share, values.data() + share.begin);
  });
  return values;
}

/// Runs `compute(peer, share, values of the share)` inside the engine of `peer`. `Compute` must not capture anything
/// with a destructor.
template <class T, class Compute>
bsp::Task<VertexValues<T>> values_of_own(bsp::Peer& peer, const Graph& graph, Compute compute) {
  const Range share = share_of(Partition::edge_balanced(graph, peer.size()), peer.rank());
  VertexValues<T> own{.first = static_cast<Vertex>(share.begin), .values = std::vector<T>(share.size())};
  co_await compute(peer, share, own.values.data());
  co_return own;
}

}  // namespace scalar::inline v0::graph
