#include "scalar/graph/algorithms/triangles.hpp"

#include <functional>
#include <utility>

#include "graph/algorithms/neighbors.hpp"
#include "graph/algorithms/per_vertex.hpp"
#include "scalar/bsp/collectives.hpp"

namespace scalar::inline v0::graph {
namespace {

/// An edge as stored at one of its ends.
struct Arc {
  Vertex to = 0;
  std::uint32_t ways = 0;  // the number of directions in which there is an edge
};
struct List {
  std::uint64_t first = 0, count = 0;
};

/// Whether an edge between `a` and `b` is stored at `a`. It is stored at the end with fewer edges, so that no list is
/// longer than sqrt(2 edges).
bool is_before(const Graph& graph, Vertex a, Vertex b) noexcept {
  const std::pair left{graph.out_degree(a) + (graph.is_directed() ? graph.in_degree(a) : 0), a};
  const std::pair right{graph.out_degree(b) + (graph.is_directed() ? graph.in_degree(b) : 0), b};
  return left < right;
}

std::uint64_t count_lists(const Graph& graph, Range share, std::span<List> lists) {
  std::uint64_t arcs = 0;
  for (std::size_t v = share.begin; v < share.end; ++v) {
    List& list = lists[v - share.begin];
    list = {arcs, 0};
    each_neighbor(graph, static_cast<Vertex>(v),
                  [&](Vertex u, int) { list.count += is_before(graph, static_cast<Vertex>(v), u); });
    arcs += list.count;
  }
  return arcs;
}

void fill_lists(const Graph& graph, Range share, Arc* arcs) {
  for (std::size_t v = share.begin; v < share.end; ++v)
    each_neighbor(graph, static_cast<Vertex>(v), [&](Vertex u, int ways) {
      if (is_before(graph, static_cast<Vertex>(v), u)) *arcs++ = {u, static_cast<std::uint32_t>(ways)};
    });
}

/// Calls `found(v, vu, vw, uw)` with the arcs of each triangle (v, u, w) whose first vertex v is in the share.
template <class Found>
void each_triangle(Range share, std::span<const List> lists, const Arc* arcs, Found found) {
  for (std::size_t v = share.begin; v < share.end; ++v) {
    const Arc* const begin = arcs + lists[v].first;
    const Arc* const end = begin + lists[v].count;
    for (const Arc* vu = begin; vu != end; ++vu) {
      const Arc* uw = arcs + lists[vu->to].first;
      const Arc* const stop = uw + lists[vu->to].count;
      for (const Arc* vw = begin; vw != end && uw != stop;) {
        if (vw->to == uw->to)
          found(static_cast<Vertex>(v), *vu, *vw++, *uw++);
        else if (vw->to < uw->to)
          ++vw;
        else
          ++uw;
      }
    }
  }
}

std::uint64_t count_triangles(Range share, std::span<const List> lists, const Arc* arcs) {
  std::uint64_t count = 0;
  each_triangle(share, lists, arcs, [&](Vertex, Arc, Arc, Arc) { ++count; });
  return count;
}
void count_opposite(Range share, std::span<const List> lists, const Arc* arcs, std::uint64_t* edges) {
  each_triangle(share, lists, arcs, [&](Vertex v, Arc vu, Arc vw, Arc uw) {
    edges[v] += uw.ways, edges[vu.to] += vw.ways, edges[vw.to] += vu.ways;
  });
}

/// Builds lists that store every edge at one of its ends and that all peers can read; then calls
/// `use(share, lists, arcs)`.
template <class Use>
bsp::Task<> with_lists(bsp::Peer& peer, const Graph& graph, Range share, Use& use) {
  bsp::Replicated<List> lists(peer, graph.vertices(), share);
  bsp::Replicated<std::uint64_t> totals(peer, static_cast<std::size_t>(peer.size()));
  const std::uint64_t own = count_lists(graph, share, lists.next());
  totals.next()[0] = own;
  totals.publish();
  co_await peer.sync();
  std::uint64_t first = 0, all = 0;
  for (int rank = 0; rank < peer.size(); ++rank) {
    if (rank == peer.rank()) first = all;
    all += totals[static_cast<std::size_t>(rank)];
  }
  for (List& list : lists.next()) list.first += first;
  bsp::Replicated<Arc> arcs(peer, all, {first, first + own});
  fill_lists(graph, share, arcs.next().data());
  lists.publish();
  arcs.publish();
  co_await peer.sync();
  use(share, lists.values(), arcs.values().data());
}

bsp::Task<std::uint64_t> count(bsp::Peer& peer, const Graph& graph) {
  const Range share = share_of(Partition::edge_balanced(graph, peer.size()), peer.rank());
  std::uint64_t own = 0;
  auto use = [&](Range of, std::span<const List> lists, const Arc* arcs) { own = count_triangles(of, lists, arcs); };
  co_await with_lists(peer, graph, share, use);
  co_return co_await all_reduce(peer, own, std::plus{});
}

bsp::Task<> coefficients(bsp::Peer& peer, const Graph& graph, Range share, double* result) {
  std::vector<std::uint64_t> edges(graph.vertices());
  auto use = [&](Range of, std::span<const List> lists, const Arc* arcs) {
    count_opposite(of, lists, arcs, edges.data());
  };
  co_await with_lists(peer, graph, share, use);
  co_await all_reduce(peer, std::span(edges), std::plus{});
  for (std::size_t v = share.begin; v < share.end; ++v) {
    std::uint64_t degree = 0;
    each_neighbor(graph, static_cast<Vertex>(v), [&](Vertex, int) { ++degree; });
    result[v - share.begin] =
        degree < 2 ? 0.0
                   : static_cast<double>(edges[v]) / (static_cast<double>(degree) * static_cast<double>(degree - 1));
  }
}

}  // namespace

std::uint64_t triangle_count(const Graph& graph, const AlgorithmOptions& options, const Runtime& runtime) {
  const bsp::Engine engine({.peers = peers_for(options.peers, runtime, "triangle_count")}, runtime);
  return engine.run([&](bsp::Peer& peer) { return count(peer, graph); });
}

bsp::Task<std::uint64_t> triangle_count(bsp::Peer& peer, const Graph& graph) { return count(peer, graph); }

std::vector<double> clustering_coefficient(const Graph& graph, const AlgorithmOptions& options,
                                           const Runtime& runtime) {
  return values_of_all<double>(
      graph, options.peers, runtime, "clustering_coefficient",
      [&](bsp::Peer& peer, Range share, double* result) { return coefficients(peer, graph, share, result); });
}

bsp::Task<VertexValues<double>> clustering_coefficient(bsp::Peer& peer, const Graph& graph) {
  return values_of_own<double>(peer, graph, [&graph](bsp::Peer& at, Range share, double* result) {
    return coefficients(at, graph, share, result);
  });
}

}  // namespace scalar::inline v0::graph
