#include "scalar/graph/partition.hpp"

#include <numeric>
#include <utility>

#include "core/fail.hpp"
#include "scalar/core/range.hpp"

namespace scalar::inline v0::graph {
namespace {

std::uint64_t count_of(int peers) {
  if (peers < 1) fail(Errc::invalid_argument, {}, "a partition for {} peers, expected at least 1", peers);
  return static_cast<std::uint64_t>(peers);
}

std::vector<Vertex> even_cuts(Vertex vertices, int peers) {
  const std::uint64_t count = count_of(peers);
  std::vector<Vertex> cuts;
  for (std::uint64_t peer = 0; peer <= count; ++peer)
    cuts.push_back(static_cast<Vertex>(even_bound(vertices, peer, count)));
  return cuts;
}

/// The number whose product with `factor` is 1 modulo `modulus` (extended Euclid). Requires coprime arguments.
std::uint64_t inverse_of(std::uint64_t factor, std::uint64_t modulus) noexcept {
  std::int64_t before = 0, now = 1;
  std::uint64_t rest = modulus, remainder = factor;
  while (remainder != 0) {
    const auto times = static_cast<std::int64_t>(rest / remainder);
    before = std::exchange(now, before - times * now);
    rest = std::exchange(remainder, rest % remainder);
  }
  return static_cast<std::uint64_t>(before < 0 ? before + static_cast<std::int64_t>(modulus) : before);
}

}  // namespace

Partition::Partition(Vertex vertices, std::vector<Vertex> cuts)
    : vertices_(vertices), peers_(static_cast<int>(cuts.size()) - 1) {
  while (vertices >> shift_ > 4096) ++shift_;
  std::vector<std::uint32_t> guesses;
  std::uint32_t peer = 0;
  for (std::uint64_t slot = 0; slot < vertices; slot += std::uint64_t{1} << shift_) {
    while (slot >= cuts[peer + 1]) ++peer;
    guesses.push_back(peer);
  }
  guesses_ = std::make_shared<std::vector<std::uint32_t>>(std::move(guesses));
  cuts_ = std::make_shared<std::vector<Vertex>>(std::move(cuts));
}

Partition Partition::range(Vertex vertices, int peers) { return {vertices, even_cuts(vertices, peers)}; }

Partition Partition::hash(Vertex vertices, int peers) {
  Partition result = range(vertices, peers);
  if (vertices < 4) return result;
  // Multiples of the golden section keep close numbers far apart, by the three-distance theorem.
  auto factor = static_cast<std::uint64_t>(0.6180339887498949 * vertices);
  while (factor < 2 || std::gcd(factor, std::uint64_t{vertices}) != 1) ++factor;
  result.factor_ = factor;
  result.inverse_ = inverse_of(factor, vertices);
  return result;
}

Partition Partition::edge_balanced(const Graph& graph, int peers) {
  const std::uint64_t count = count_of(peers);
  const std::span<const std::int64_t> offsets = graph.out_offsets();
  const Vertex vertices = graph.vertices();
  const std::uint64_t all = static_cast<std::uint64_t>(offsets[vertices]) + vertices;
  std::vector<Vertex> cuts;
  for (std::uint64_t peer = 0; peer <= count; ++peer) {
    const std::uint64_t wanted = even_bound(all, peer, count);
    Vertex low = 0, high = vertices;
    while (low < high) {
      const Vertex middle = low + (high - low) / 2;
      if (static_cast<std::uint64_t>(offsets[middle]) + middle < wanted)
        low = middle + 1;
      else
        high = middle;
    }
    cuts.push_back(low);
  }
  return {vertices, std::move(cuts)};
}

std::vector<Vertex> Partition::owned(int peer) const {
  std::vector<Vertex> vertices(size(peer));
  std::iota(vertices.begin(), vertices.end(), first(peer));
  for (Vertex& v : vertices) v = vertex(v);
  return vertices;
}

}  // namespace scalar::inline v0::graph
