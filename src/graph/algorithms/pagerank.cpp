#include "scalar/graph/algorithms/pagerank.hpp"

#include <cmath>

#include "core/fail.hpp"
#include "graph/kernels.hpp"

namespace scalar::inline v0::graph {
namespace {

// Sums over vertices use fixed point: integers give the same sum in any order. Ranks sum to at most 1, changes to at
// most 2.
constexpr double unit = 0x1p60;
std::int64_t fixed(double value) noexcept { return static_cast<std::int64_t>(value * unit); }

/// The sums over all vertices in an iteration.
struct Sums {
  std::int64_t dangling = 0, change = 0;
  friend Sums operator+(Sums a, Sums b) noexcept { return {a.dangling + b.dangling, a.change + b.change}; }
};

/// A peer's part of the computation: all that stays the same from iteration to iteration.
template <class Score>
struct Part {
  std::span<const std::int64_t> in_offsets{}, out_offsets{};
  const Vertex* in_neighbors = nullptr;
  const double* teleport = nullptr;  // null: uniform
  Range share{};
  Score* ranks = nullptr;  // of the share
  double damping = 0, teleport_scale = 0;
  Dangling dangling = Dangling::redistribute;
  bool with_change = false;

  double jump(std::size_t v) const noexcept {
    return teleport != nullptr ? teleport[v] * teleport_scale : teleport_scale;
  }

  /// What a vertex of this rank passes along each of its out-edges. For a dangling vertex the whole rank, which it
  /// keeps or loses.
  Score contribution(std::size_t v, Score rank, Sums& sums) const noexcept {
    const std::int64_t degree = out_offsets[v + 1] - out_offsets[v];
    if (degree != 0) return rank / static_cast<Score>(degree);
    if (dangling == Dangling::redistribute) sums.dangling += fixed(rank);
    return rank;
  }

  Sums begin(std::span<Score> next) const noexcept {
    Sums sums;
    for (std::size_t v = share.begin; v < share.end; ++v) {
      const auto rank = static_cast<Score>(jump(v));
      ranks[v - share.begin] = rank;
      next[v - share.begin] = contribution(v, rank, sums);
    }
    return sums;
  }

  Sums iterate(std::span<const Score> contributions, std::span<Score> next, double dangling_rank) const noexcept {
    Sums sums;
    const Score* const given = contributions.data();
    const double jumping = 1 - damping + damping * dangling_rank;
    const auto follow = static_cast<Score>(damping);
    const auto uniform = static_cast<Score>(jumping * teleport_scale);
    const Vertex* neighbor = in_neighbors + in_offsets[share.begin];
    for (std::size_t v = share.begin; v < share.end; ++v) {
      const Vertex* const end = in_neighbors + in_offsets[v + 1];
      Score sum = 0;
      for (; neighbor != end; ++neighbor) sum += given[*neighbor];
      if (dangling == Dangling::self_loop && out_offsets[v + 1] == out_offsets[v]) sum += given[v];
      const Score base = teleport == nullptr ? uniform : static_cast<Score>(jumping * jump(v));
      const Score rank = base + follow * sum;
      Score& own = ranks[v - share.begin];
      if (with_change) sums.change += fixed(std::abs(static_cast<double>(rank) - static_cast<double>(own)));
      own = rank;
      next[v - share.begin] = contribution(v, rank, sums);
    }
    return sums;
  }
};

void check(const PageRankOptions& options) {
  if (!(options.damping >= 0 && options.damping <= 1)) refuse("pagerank", "damping", options.damping, "0 to 1");
  if (options.iterations < 0) refuse("pagerank", "iterations", options.iterations, "0 or more");
  if (!(options.tolerance >= 0)) refuse("pagerank", "tolerance", options.tolerance, "0 or more");
}

/// Checks the weights and returns 1 / their sum.
double scale_of(std::span<const double> teleport, Vertex vertices) {
  if (teleport.empty()) return vertices == 0 ? 0 : 1.0 / vertices;
  if (teleport.size() != vertices)
    fail(Errc::shape_mismatch, "pagerank", "teleport has {} weights for {} vertices", teleport.size(), vertices);
  double sum = 0;
  for (std::size_t v = 0; v < teleport.size(); ++v) {
    if (!(teleport[v] >= 0) || std::isinf(teleport[v]))
      fail(Errc::invalid_argument, "pagerank", "teleport of vertex {} is {}, expected a finite number of 0 or more", v,
           teleport[v]);
    sum += teleport[v];
  }
  if (!(sum > 0) || std::isinf(sum))
    fail(Errc::invalid_argument, "pagerank", "teleport sums to {}, expected a finite sum above 0", sum);
  return 1 / sum;
}

template <class Score>
PageRank<Score> outcome_of(const PageRankOptions& options, int iterations, const Sums& sums) {
  const double change = iterations == 0 ? 0 : static_cast<double>(sums.change) / unit;
  return {.iterations = iterations,
          .change = change,
          .converged = options.tolerance > 0 && iterations > 0 && change <= options.tolerance};
}

/// Computes the ranks of `share` into `ranks`, and returns the rest of the result.
template <class Score>
bsp::Task<PageRank<Score>> compute(bsp::Peer& peer, const Graph& graph, PageRankOptions options, Range share,
                                   Score* ranks) {
  check(options);
  double scale = 0;
  if (peer.rank() == 0) scale = scale_of(options.teleport, graph.vertices());
  scale = co_await broadcast(peer, scale);

  const Part<Score> part{.in_offsets = graph.in_offsets(),
                         .out_offsets = graph.out_offsets(),
                         .in_neighbors = graph.in_neighbors().data(),
                         .teleport = options.teleport.empty() ? nullptr : options.teleport.data(),
                         .share = share,
                         .ranks = ranks,
                         .damping = options.damping,
                         .teleport_scale = scale,
                         .dangling = options.dangling,
                         .with_change = options.tolerance > 0};
  bsp::Replicated<Score> contributions(peer, graph.vertices(), share);
  Sums sums = part.begin(contributions.next());
  int iterations = 0;
  while (iterations < options.iterations) {
    contributions.publish();
    sums = co_await all_reduce(peer, sums, std::plus{});
    if (iterations > 0 && options.tolerance > 0 && static_cast<double>(sums.change) / unit <= options.tolerance) break;
    sums = part.iterate(contributions.values(), contributions.next(), static_cast<double>(sums.dangling) / unit);
    ++iterations;
  }
  if (options.tolerance > 0 && iterations == options.iterations) sums = co_await all_reduce(peer, sums, std::plus{});
  co_return outcome_of<Score>(options, iterations, sums);
}

}  // namespace

template <class Score>
PageRank<Score> pagerank(const Graph& graph, const PageRankOptions& options, const Runtime& runtime) {
  const int peers = peers_for(options.peers, runtime, "pagerank");
  const auto offsets = graph.in_offsets();
  std::vector<Score> ranks(graph.vertices());
  const bsp::Engine engine({.peers = peers}, runtime);
  PageRank<Score> result = engine.run([&](bsp::Peer& peer) {
    const Range share = edge_share(offsets, peer.rank(), peers);
    return compute<Score>(peer, graph, options, share, ranks.data() + share.begin);
  });
  result.ranks = std::move(ranks);
  return result;
}

template <class Score>
bsp::Task<PageRank<Score>> pagerank(bsp::Peer& peer, const Graph& graph, PageRankOptions options) {
  const Range share = edge_share(graph.in_offsets(), peer.rank(), peer.size());
  std::vector<Score> ranks(share.size());
  PageRank<Score> result = co_await compute<Score>(peer, graph, options, share, ranks.data());
  result.first = static_cast<Vertex>(share.begin);
  result.ranks = std::move(ranks);
  co_return result;
}

template PageRank<float> pagerank(const Graph&, const PageRankOptions&, const Runtime&);
template PageRank<double> pagerank(const Graph&, const PageRankOptions&, const Runtime&);
template bsp::Task<PageRank<float>> pagerank(bsp::Peer&, const Graph&, PageRankOptions);
template bsp::Task<PageRank<double>> pagerank(bsp::Peer&, const Graph&, PageRankOptions);

}  // namespace scalar::inline v0::graph
