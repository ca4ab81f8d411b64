#include "scalar/graph/algorithms/sssp.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "graph/kernels.hpp"
#include "scalar/bsp/arrays/monotone.hpp"

namespace scalar::inline v0::graph {
namespace {

constexpr std::uint64_t no_bucket = (std::numeric_limits<std::uint64_t>::max)();
constexpr std::size_t small_bucket = 1000;  // a smaller bucket is emptied at once by its peer, without a barrier

/// One peer's vertices, sorted into buckets by distance: a ring of the next buckets, and a list of farther vertices.
///
/// A vertex whose distance falls is added to its new bucket; its entry in the old bucket stays and is skipped there.
class Buckets {
 public:
  explicit Buckets(double delta) noexcept : per_delta_(1 / (std::max)(delta, 1e-300)) {}

  /// The bucket of a distance. Never decreases with distance, in spite of rounding.
  std::uint64_t of(double distance) const noexcept {
    const double bucket = distance * per_delta_;
    return bucket < 0x1p62 ? static_cast<std::uint64_t>(bucket) : std::uint64_t{1} << 62;
  }
  void add(Vertex v, double distance) {
    const std::uint64_t bucket = of(distance);
    if (bucket - base_ < ring_size) return ring_[bucket % ring_size].push_back(v);
    far_.push_back(v);
    nearest_far_ = (std::min)(nearest_far_, bucket);
  }
  /// The first bucket that may not be empty.
  std::uint64_t first() const noexcept {
    for (std::uint64_t bucket = base_; bucket - base_ < ring_size && bucket < nearest_far_; ++bucket)
      if (!ring_[bucket % ring_size].empty()) return bucket;
    return nearest_far_;
  }
  /// Makes `bucket` the current one. Requires that all earlier buckets are empty at all peers; they stay empty.
  template <class Distances>
  void advance(std::uint64_t bucket, const Distances& distances) {
    base_ = bucket;
    if (nearest_far_ > bucket) return;
    nearest_far_ = no_bucket;
    for (const Vertex v : std::exchange(far_, {}))
      if (const double distance = distances[v]; of(distance) >= bucket) add(v, distance);
  }
  std::vector<Vertex>& current() noexcept { return ring_[base_ % ring_size]; }

 private:
  static constexpr std::uint64_t ring_size = 256;

  double per_delta_;
  std::uint64_t base_ = 0, nearest_far_ = no_bucket;
  std::vector<Vertex> ring_[ring_size];
  std::vector<Vertex> far_;
};

template <class Distance>
struct Search {
  const Graph& graph;
  bsp::Monotone<Distance>& distances;
  Buckets& buckets;
  const float* weights = nullptr;  // null: every edge counts 1
  std::vector<Vertex> batch{};

  void relax(Vertex u) {
    const Distance from = distances[u];
    const std::int64_t first = graph.out_offsets()[u];
    const auto neighbors = graph.out(u);
    for (std::size_t k = 0; k < neighbors.size(); ++k) {
      const Vertex v = neighbors[k];
      const Distance distance = from + (weights != nullptr ? weights[first + static_cast<std::int64_t>(k)] : 1);
      if (distance < distances[v] && distances.lower(v, distance) > distance) buckets.add(v, distance);
    }
  }
  /// Processes the vertices of the bucket that this peer has received, then those that come back to its own bucket as
  /// long as they are few.
  void empty(std::uint64_t bucket, const bsp::Mailbox<Vertex>& box) {
    for (const auto& run : box.runs())
      for (const Vertex u : run.values)
        if (buckets.of(distances[u]) >= bucket) relax(u);
    while (!buckets.current().empty() && buckets.current().size() < small_bucket) {
      batch.clear();
      batch.swap(buckets.current());
      for (const Vertex u : batch)
        if (buckets.of(distances[u]) >= bucket) relax(u);
    }
  }
};

/// The sum of the weights of a share. Errors: `Errc::invalid_argument` for a negative one.
double sum_of_weights(const Graph& graph, Range share) {
  const auto offsets = graph.out_offsets();
  const auto weights = graph.out_weights();
  const auto begin = static_cast<std::size_t>(offsets[share.begin]), end = static_cast<std::size_t>(offsets[share.end]);
  float sums[16]{}, least = 0;
  double sum = 0;
  std::size_t k = begin;
  for (; k + 16 <= end; k += 16)
    for (std::size_t i = 0; i < 16; ++i) sums[i] += weights[k + i], least = (std::min)(least, weights[k + i]);
  for (; k < end; ++k) sum += weights[k], least = (std::min)(least, weights[k]);
  for (const float part : sums) sum += part;
  if (!(least < 0)) return sum;
  std::size_t edge = begin, from = share.begin;
  while (!(weights[edge] < 0)) ++edge;
  while (static_cast<std::size_t>(offsets[from + 1]) <= edge) ++from;
  fail(Errc::invalid_argument, "sssp", "the edge from {} to {} has weight {}, expected 0 or more",
       graph.name(static_cast<Vertex>(from)), graph.name(graph.out_neighbors()[edge]), shown(weights[edge]));
}

/// The width of a bucket: the mean weight divided by half the mean degree, so that about two edges of each vertex stay
/// within the bucket.
double delta_of(const Graph& graph, double sum) noexcept {
  const auto edges = static_cast<double>(graph.out_neighbors().size());
  const double delta = 2 * sum / edges * (graph.vertices() / edges);
  return delta > 0 && std::isfinite(delta) ? delta : 1;
}

template <class Distance>
bsp::Task<> compute(bsp::Peer& peer, const Graph& graph, Vertex source, SsspOptions options, Range share,
                    Distance* result) {
  check_source(graph, source, "sssp");
  if (!(options.delta >= 0) || std::isinf(options.delta))
    refuse("sssp", "delta", options.delta, "a finite number of 0 or more");
  constexpr Distance infinity = std::numeric_limits<Distance>::infinity();
  bsp::Monotone<Distance> distances(peer, graph.vertices(),
                                    [=](std::size_t v) { return v == source ? Distance{0} : infinity; });
  auto box = peer.mailbox<Vertex>();
  double delta = options.delta > 0 ? options.delta : 1;
  if (graph.has_weights()) {
    double sum = sum_of_weights(graph, share);
    sum = co_await all_reduce(peer, sum, std::plus{});
    if (options.delta == 0) delta = delta_of(graph, sum);
  }
  Buckets buckets(delta);
  Search<Distance> search{graph, distances, buckets, graph.has_weights() ? graph.out_weights().data() : nullptr};
  if (peer.rank() == 0) buckets.add(source, 0);
  for (;;) {
    std::uint64_t bucket = buckets.first();
    bucket = co_await all_reduce(peer, bucket, [](std::uint64_t a, std::uint64_t b) { return (std::min)(a, b); });
    if (bucket == no_bucket) break;
    buckets.advance(bucket, distances);
    deal(box, buckets.current(), peer.rank(), peer.size());
    buckets.current().clear();
    co_await peer.sync();
    search.empty(bucket, box);
  }
  for (std::size_t v = share.begin; v < share.end; ++v) result[v - share.begin] = distances[v];
}

}  // namespace

template <class Distance>
ShortestPaths<Distance> sssp(const Graph& graph, Vertex source, const SsspOptions& options, const Runtime& runtime) {
  const int peers = peers_for(options.peers, runtime, "sssp");
  ShortestPaths<Distance> result{.distances = std::vector<Distance>(graph.vertices())};
  const bsp::Engine engine({.peers = peers}, runtime);
  engine.run([&](bsp::Peer& peer) {
    const Range share = edge_share(graph.out_offsets(), peer.rank(), peers);
    return compute(peer, graph, source, options, share, result.distances.data() + share.begin);
  });
  return result;
}

template <class Distance>
bsp::Task<ShortestPaths<Distance>> sssp(bsp::Peer& peer, const Graph& graph, Vertex source, SsspOptions options) {
  const Range share = edge_share(graph.out_offsets(), peer.rank(), peer.size());
  ShortestPaths<Distance> result{.first = static_cast<Vertex>(share.begin),
                                 .distances = std::vector<Distance>(share.size())};
  co_await compute(peer, graph, source, options, share, result.distances.data());
  co_return result;
}

template ShortestPaths<float> sssp(const Graph&, Vertex, const SsspOptions&, const Runtime&);
template ShortestPaths<double> sssp(const Graph&, Vertex, const SsspOptions&, const Runtime&);
template bsp::Task<ShortestPaths<float>> sssp(bsp::Peer&, const Graph&, Vertex, SsspOptions);
template bsp::Task<ShortestPaths<double>> sssp(bsp::Peer&, const Graph&, Vertex, SsspOptions);

}  // namespace scalar::inline v0::graph
