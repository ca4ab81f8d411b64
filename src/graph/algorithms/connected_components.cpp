#include "scalar/graph/algorithms/connected_components.hpp"

#include "graph/kernels.hpp"
#include "scalar/bsp/arrays/monotone.hpp"
#include "scalar/core/range.hpp"

namespace scalar::inline v0::graph {
namespace {

constexpr std::int64_t sampled_edges = 2;  // per vertex, before the search for the largest component

/// Joins the trees of two vertices in a forest where each vertex points to a vertex of its component that is not
/// greater. A root points to itself, so the root of a tree is its smallest vertex.
template <class Pointers>
inline void join(Pointers& forest, Vertex u, Vertex v) {
  Vertex a = forest[u], b = forest[v];
  while (a != b) {
    const Vertex high = (std::max)(a, b), low = (std::min)(a, b);
    const Vertex above = forest[high];
    if (above == low || (above == high && forest.lower(high, high, low))) return;
    a = forest[forest[high]];
    b = forest[low];
  }
}

/// Merges a pointer from another process: if a vertex points to different vertices in two processes, those two belong
/// to the same component.
struct JoinBoth {
  void operator()(const bsp::MonotoneCells<Vertex>& forest, std::size_t v, Vertex above) const noexcept {
    join(forest, static_cast<Vertex>(v), above);
  }
};
using Forest = bsp::Monotone<Vertex, JoinBoth>;

/// Makes every vertex of the share point to its root.
void flatten(Forest& forest, Range share) noexcept {
  for (std::size_t v = share.begin; v < share.end; ++v) {
    const Vertex before = forest[v];
    Vertex root = before;
    for (Vertex above = forest[root]; above != root; above = forest[root]) root = above;
    if (root != before) forest.settle(v, root);
  }
}

void join_nth_edges(Forest& forest, const Graph& graph, Range share, std::int64_t n) {
  const auto offsets = graph.out_offsets();
  const auto neighbors = graph.out_neighbors();
  for (std::size_t v = share.begin; v < share.end; ++v)
    if (const std::int64_t place = offsets[v] + n; place < offsets[v + 1])
      join(forest, static_cast<Vertex>(v), neighbors[static_cast<std::size_t>(place)]);
}

/// The most frequent root among at most 1024 vertices that are spread evenly over the graph.
Vertex frequent_label(const Forest& forest, Vertex vertices) {
  constexpr Vertex most = 1024;
  const Vertex count = (std::min)(vertices, most);
  std::vector<Vertex> labels(count);
  for (Vertex i = 0; i < count; ++i) {
    Vertex root = static_cast<Vertex>(even_bound(vertices, i, count));
    for (Vertex above = forest[root]; above != root; above = forest[root]) root = above;
    labels[i] = root;
  }
  std::sort(labels.begin(), labels.end());
  Vertex best = no_vertex, row = 0, best_row = 0;
  for (Vertex i = 0; i < count; ++i) {
    row = i > 0 && labels[i] == labels[i - 1] ? row + 1 : 1;
    if (row > best_row) best = labels[i], best_row = row;
  }
  return best;
}

/// Joins along all edges that were not sampled, except from vertices of component `largest`: an edge that leaves that
/// component is joined at its other end.
void join_rest(Forest& forest, const Graph& graph, Range share, Vertex largest) {
  const bool backwards = graph.is_directed() && graph.has_in_edges();
  for (std::size_t i = share.begin; i < share.end; ++i) {
    const auto v = static_cast<Vertex>(i);
    if (forest[v] == largest) continue;
    const auto out = graph.out(v);
    for (std::size_t k = sampled_edges; k < out.size(); ++k) join(forest, v, out[k]);
    if (!backwards) continue;
    for (const Vertex u : graph.in(v)) join(forest, v, u);
  }
}

bsp::Task<std::int64_t> compute(bsp::Peer& peer, const Graph& graph, Range share, Vertex* labels) {
  Forest forest(peer, graph.vertices(), [](std::size_t v) { return static_cast<Vertex>(v); });
  co_await peer.sync();
  for (std::int64_t n = 0; n < sampled_edges; ++n) {
    join_nth_edges(forest, graph, share, n);
    co_await peer.sync();
    flatten(forest, share);
    co_await peer.sync();
  }
  Vertex largest = no_vertex;
  // Without in-edges, the edges that leave the largest component cannot be joined at their other ends.
  if (peer.rank() == 0 && (!graph.is_directed() || graph.has_in_edges()))
    largest = frequent_label(forest, graph.vertices());
  largest = co_await broadcast(peer, largest);
  join_rest(forest, graph, share, largest);
  co_await peer.sync();
  flatten(forest, share);
  std::int64_t roots = 0;
  for (std::size_t v = share.begin; v < share.end; ++v) {
    labels[v - share.begin] = forest[v];
    roots += forest[v] == v;
  }
  co_return co_await all_reduce(peer, roots, std::plus{});
}

}  // namespace

Components connected_components(const Graph& graph, const ComponentsOptions& options, const Runtime& runtime) {
  const int peers = peers_for(options.peers, runtime, "connected_components");
  Components result{.labels = std::vector<Vertex>(graph.vertices())};
  const bsp::Engine engine({.peers = peers}, runtime);
  result.count = engine.run([&](bsp::Peer& peer) {
    const Range share = edge_share(graph.out_offsets(), peer.rank(), peers);
    return compute(peer, graph, share, result.labels.data() + share.begin);
  });
  return result;
}

bsp::Task<Components> connected_components(bsp::Peer& peer, const Graph& graph) {
  const Range share = edge_share(graph.out_offsets(), peer.rank(), peer.size());
  std::vector<Vertex> labels(share.size());
  const std::int64_t count = co_await compute(peer, graph, share, labels.data());
  co_return Components{.first = static_cast<Vertex>(share.begin), .labels = std::move(labels), .count = count};
}

}  // namespace scalar::inline v0::graph
