#pragma once
/// Neighborhood<T>: a mailbox that reaches only the neighbors of a topology.
#include <algorithm>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/topology/topology.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

[[noreturn]] void throw_not_neighbors(const Topology& topology, int rank, int other);
[[noreturn]] void throw_other_size(const Topology& topology, int peers);

}  // namespace detail

/// Messages between neighbors, from one superstep to the next. A local variable of the body. It counts as one of the
/// peer's mailboxes: all peers make theirs in the same order.
///
/// Neighbors are named by rank, here and in `Topology::shift`. A peer may also send to itself, so that programs for
/// rings and tori work on an extent of 1, but it is not one of its neighbors.
/// Complexity: a send finds the neighbor by bisection and then costs the same as a mailbox's.
/// Thread safety: used only by the peer that made it.
template <class T>
class Neighborhood {
 public:
  /// Errors: `Errc::shape_mismatch` when the topology is for another number of peers.
  Neighborhood(Peer& peer, const Topology& topology)
      : topology_(fitting(peer, topology)),
        rank_(peer.rank()),
        neighbors_(topology_.neighbors(rank_)),
        box_(peer.mailbox<T>()) {}

  const Topology& topology() const noexcept { return topology_; }
  /// The ranks of the neighbors, ascending.
  std::span<const int> neighbors() const noexcept { return neighbors_; }

  /// Sends one message. Errors: `Errc::invalid_argument`, naming both peers, when `neighbor` is not a neighbor.
  void send(int neighbor, const T& value) { box_.send(checked(neighbor), value); }
  void send(int neighbor, T&& value)
    requires(!std::is_trivially_copyable_v<T>)
  {
    box_.send(checked(neighbor), std::move(value));
  }
  /// Sends a copy of each value, in order.
  void send(int neighbor, std::span<const T> values) { box_.send(checked(neighbor), values); }
  void send_to_all_neighbors(const T& value) {
    for (const int neighbor : neighbors_) box_.send(neighbor, value);
  }
  void send_to_all_neighbors(std::span<const T> values) {
    for (const int neighbor : neighbors_) box_.send(neighbor, values);
  }

  /// All messages of the last superstep, by rank of the neighbor, then in the order sent.
  Received<T> received() const noexcept { return box_.received(); }
  /// The messages from one neighbor. Errors: as `send`.
  std::span<T> received(int neighbor) const { return box_.received(checked(neighbor)); }
  /// One `Run{source, values}` per neighbor that has sent.
  std::span<const Run<T>> runs() const noexcept { return box_.runs(); }

 private:
  static const Topology& fitting(const Peer& peer, const Topology& topology) {
    if (topology.size() != peer.size()) detail::throw_other_size(topology, peer.size());
    return topology;
  }
  int checked(int rank) const {
    if (rank != rank_ && !std::binary_search(neighbors_.begin(), neighbors_.end(), rank)) [[unlikely]]
      detail::throw_not_neighbors(topology_, rank_, rank);
    return rank;
  }

  Topology topology_;
  int rank_;
  std::vector<int> neighbors_;
  Mailbox<T> box_;
};

}  // namespace scalar::inline v0::bsp
