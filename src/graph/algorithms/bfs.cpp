#include "scalar/graph/algorithms/bfs.hpp"

#include <bit>

#include "graph/kernels.hpp"
#include "scalar/bsp/arrays/monotone.hpp"

namespace scalar::inline v0::graph {
namespace {

/// The place of a vertex in the tree as one number: the depth, then the parent. Lower is better, so of several parents
/// at the same depth the smallest wins.
using Places = bsp::Monotone<std::uint64_t>;
constexpr std::uint64_t nowhere = ~std::uint64_t{0};
constexpr std::uint64_t place(std::uint32_t depth, Vertex parent) noexcept {
  return std::uint64_t{depth} << 32 | parent;
}
constexpr std::uint32_t depth_of(std::uint64_t at) noexcept { return static_cast<std::uint32_t>(at >> 32); }

/// The frontier as one bit per vertex.
using Bitmap = bsp::Replicated<std::uint64_t>;
bool has(const std::uint64_t* bits, Vertex v) noexcept { return (bits[v / 64] >> v % 64 & 1) != 0; }

/// The size of the frontier.
struct Frontier {
  std::int64_t vertices = 0, edges = 0;  // the vertices in it, and their out-edges
  friend Frontier operator+(Frontier a, Frontier b) noexcept { return {a.vertices + b.vertices, a.edges + b.edges}; }
};

/// One peer's search.
struct Search {
  const Graph& graph;
  Range share;
  Places& places;
  Bitmap& bitmap;
  bsp::Mailbox<Vertex>& box;
  int rank, peers;
  std::vector<Vertex> found{};

  /// Searches along the out-edges of the vertices that this peer has received, and distributes what it finds.
  Frontier descend(std::uint32_t depth) {
    found.clear();
    Frontier next;
    for (const auto& run : box.runs())
      for (const Vertex u : run.values)
        for (const Vertex v : graph.out(u)) {
          const std::uint64_t at = place(depth, u);
          if (places[v] <= at || places.lower(v, at) != nowhere) continue;
          found.push_back(v);
          next.edges += graph.out_degree(v);
        }
    next.vertices = static_cast<std::int64_t>(found.size());
    deal(box, found, rank, peers);
    return next;
  }

  /// Searches along the in-edges of each vertex of the share that is not in the tree yet for one from the frontier.
  /// Neighbors are in ascending order, so the first one found is the smallest.
  Frontier ascend(std::uint32_t depth) {
    Frontier next;
    const std::uint64_t* const frontier = bitmap.values().data();
    std::uint64_t* word = bitmap.next().data();
    for (std::size_t begin = share.begin; begin < share.end; begin += 64, ++word) {
      const std::size_t end = (std::min)(begin + 64, share.end);
      std::uint64_t bits = 0;
      for (std::size_t v = begin; v < end; ++v) {
        if (places[v] != nowhere) continue;
        for (const Vertex u : graph.in(static_cast<Vertex>(v))) {
          if (!has(frontier, u)) continue;
          places.set(v, place(depth, u));
          bits |= std::uint64_t{1} << (v - begin);
          break;
        }
      }
      *word = bits;
      next.vertices += std::popcount(bits);
    }
    bitmap.publish();
    return next;
  }

  /// Publishes the frontier as bits: the vertices at `depth`.
  void mark(std::uint32_t depth) {
    std::uint64_t* word = bitmap.next().data();
    for (std::size_t begin = share.begin; begin < share.end; begin += 64, ++word) {
      const std::size_t end = (std::min)(begin + 64, share.end);
      std::uint64_t bits = 0;
      for (std::size_t v = begin; v < end; ++v) bits |= std::uint64_t{depth_of(places[v]) == depth} << (v - begin);
      *word = bits;
    }
    bitmap.publish();
  }

  /// Turns the frontier from bits into a list, and distributes it.
  Frontier list() {
    found.clear();
    Frontier next;
    const std::uint64_t* word = bitmap.values().data() + bitmap.share().begin;
    for (std::size_t begin = share.begin; begin < share.end; begin += 64, ++word)
      for (std::uint64_t bits = *word; bits != 0; bits &= bits - 1) {
        found.push_back(static_cast<Vertex>(begin) + static_cast<Vertex>(std::countr_zero(bits)));
        next.edges += graph.out_degree(found.back());
      }
    next.vertices = static_cast<std::int64_t>(found.size());
    deal(box, found, rank, peers);
    return next;
  }
};

bsp::Task<> compute(bsp::Peer& peer, const Graph& graph, Vertex source, BfsOptions options, Range share,
                    std::uint32_t* depths, Vertex* parents) {
  check_source(graph, source, "bfs");
  if (options.alpha < 0) refuse("bfs", "alpha", options.alpha, "0 or more");
  if (options.beta < 0) refuse("bfs", "beta", options.beta, "0 or more");
  const std::int64_t most_edges = graph.has_in_edges() ? options.alpha : 0;
  Places places(peer, graph.vertices(), [=](std::size_t v) { return v == source ? place(0, source) : nowhere; });
  Bitmap bitmap(peer, (std::size_t{graph.vertices()} + 63) / 64, {(share.begin + 63) / 64, (share.end + 63) / 64});
  auto box = peer.mailbox<Vertex>();
  Search search{graph, share, places, bitmap, box, peer.rank(), peer.size()};

  if (peer.rank() == 0) box.send(0, source);
  co_await peer.sync();
  Frontier frontier{1, graph.out_degree(source)};
  std::int64_t edges_left = static_cast<std::int64_t>(graph.out_neighbors().size());
  for (std::uint32_t depth = 1; frontier.vertices != 0;) {
    if (most_edges == 0 || frontier.edges <= edges_left / most_edges) {
      edges_left -= frontier.edges;
      frontier = search.descend(depth++);
      frontier = co_await all_reduce(peer, frontier, std::plus{});
      continue;
    }
    search.mark(depth - 1);
    co_await peer.sync();
    std::int64_t before = 0;
    do {
      before = frontier.vertices;
      frontier = search.ascend(depth++);
      frontier = co_await all_reduce(peer, frontier, std::plus{});
    } while (frontier.vertices != 0 &&
             (frontier.vertices >= before || frontier.vertices > graph.vertices() / (std::max)(options.beta, 1)));
    if (frontier.vertices == 0) break;
    frontier = search.list();
    frontier = co_await all_reduce(peer, frontier, std::plus{});
    edges_left = (std::max)(edges_left, frontier.edges * most_edges);  // so that the next step descends
  }
  for (std::size_t v = share.begin; v < share.end; ++v) {
    const std::uint64_t at = places[v];
    depths[v - share.begin] = depth_of(at);
    parents[v - share.begin] = static_cast<Vertex>(at);
  }
}

}  // namespace

Bfs bfs(const Graph& graph, Vertex source, const BfsOptions& options, const Runtime& runtime) {
  const int peers = peers_for(options.peers, runtime, "bfs");
  Bfs result{.depths = std::vector<std::uint32_t>(graph.vertices()), .parents = std::vector<Vertex>(graph.vertices())};
  const bsp::Engine engine({.peers = peers}, runtime);
  engine.run([&](bsp::Peer& peer) {
    const auto offsets = graph.has_in_edges() ? graph.in_offsets() : graph.out_offsets();
    const Range share = edge_share(offsets, peer.rank(), peers);
    return compute(peer, graph, source, options, share, result.depths.data() + share.begin,
                   result.parents.data() + share.begin);
  });
  return result;
}

bsp::Task<Bfs> bfs(bsp::Peer& peer, const Graph& graph, Vertex source, BfsOptions options) {
  const auto offsets = graph.has_in_edges() ? graph.in_offsets() : graph.out_offsets();
  const Range share = edge_share(offsets, peer.rank(), peer.size());
  Bfs result{.first = static_cast<Vertex>(share.begin),
             .depths = std::vector<std::uint32_t>(share.size()),
             .parents = std::vector<Vertex>(share.size())};
  co_await compute(peer, graph, source, options, share, result.depths.data(), result.parents.data());
  co_return result;
}

}  // namespace scalar::inline v0::graph
