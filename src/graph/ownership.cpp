#include "scalar/graph/ownership.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "graph/kernels.hpp"

namespace scalar::inline v0::graph::detail {
namespace {

std::uint64_t inverse_of(std::uint64_t factor, std::uint64_t modulus) noexcept {  // extended Euclid
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

Ownership::Ownership(const Graph& graph, Vertex capacity, Division division, int rank, int peers)
    : capacity_(capacity) {
  cuts_.reserve(static_cast<std::size_t>(peers) + 1);
  for (int r = 0; r < peers; ++r)
    cuts_.push_back(division == Division::edges ? edge_share(graph.out_offsets(), r, peers).begin
                                                : bsp::even_share(capacity, r, peers).begin);
  cuts_.push_back(capacity);
  share_ = share(rank);
  if (division == Division::hash && capacity > 2) {
    factor_ = static_cast<std::uint64_t>(0.6180339887498949 * capacity);  // neighbouring numbers fall far apart
    while (factor_ < 2 || std::gcd(factor_, std::uint64_t{capacity}) != 1) ++factor_;
    inverse_ = inverse_of(factor_ % capacity, capacity);
    factor_ %= capacity;
  }
  while (capacity >> shift_ > 4096) ++shift_;
  std::uint32_t owner = 0;
  for (std::size_t slot = 0; slot < capacity; slot += std::size_t{1} << shift_) {
    while (slot >= cuts_[owner + 1]) ++owner;
    guess_.push_back(owner);
  }
}

}  // namespace scalar::inline v0::graph::detail
