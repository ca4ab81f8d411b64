#pragma once
/// Neighbourhood<T>: a mailbox that reaches only the neighbours of a topology.
#include <algorithm>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/topology/topology.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

[[noreturn]] void throw_not_neighbours(const Topology& topology, int rank, int other);
[[noreturn]] void throw_other_size(const Topology& topology, int peers);

}  // namespace detail

/// Messages between neighbours, from one superstep to the next. A local variable of the body, as a mailbox is, and one
/// of the peer's mailboxes: all peers make theirs in the same order.
///
/// Neighbours are named by rank, here and in `Topology::shift`. A peer may also send to itself, so that programs for
/// rings and tori work on an extent of 1, but does not belong to its neighbours.
/// Complexity: a send finds the neighbour by bisection and is then that of a mailbox.
/// Thread safety: used only by the peer that made it.
template <class T>
class Neighbourhood {
 public:
  /// Errors: `Errc::shape_mismatch` when the topology is for another number of peers.
  Neighbourhood(Peer& peer, const Topology& topology)
      : topology_(fitting(peer, topology)),
        rank_(peer.rank()),
        neighbours_(topology_.neighbours(rank_)),
        box_(peer.mailbox<T>()) {}

  const Topology& topology() const noexcept { return topology_; }
  /// The ranks of the neighbours, ascending.
  std::span<const int> neighbours() const noexcept { return neighbours_; }

  /// Sends one message. Errors: `Errc::invalid_argument`, naming both peers, for one who is no neighbour.
  void send(int neighbour, const T& value) { box_.send(checked(neighbour), value); }
  void send(int neighbour, T&& value)
    requires(!std::is_trivially_copyable_v<T>)
  {
    box_.send(checked(neighbour), std::move(value));
  }
  /// Sends a copy of each value, in order.
  void send(int neighbour, std::span<const T> values) { box_.send(checked(neighbour), values); }
  void send_to_all_neighbours(const T& value) {
    for (const int neighbour : neighbours_) box_.send(neighbour, value);
  }
  void send_to_all_neighbours(std::span<const T> values) {
    for (const int neighbour : neighbours_) box_.send(neighbour, values);
  }

  /// All messages of the last superstep, by rank of the neighbour, then in the order sent.
  Received<T> received() const noexcept { return box_.received(); }
  /// Those of one neighbour. Errors: as `send`.
  std::span<T> received(int neighbour) const { return box_.received(checked(neighbour)); }
  /// One `Run{source, values}` per neighbour that has sent.
  std::span<const Run<T>> runs() const noexcept { return box_.runs(); }

 private:
  static const Topology& fitting(const Peer& peer, const Topology& topology) {
    if (topology.size() != peer.size()) detail::throw_other_size(topology, peer.size());
    return topology;
  }
  int checked(int rank) const {
    if (rank != rank_ && !std::binary_search(neighbours_.begin(), neighbours_.end(), rank)) [[unlikely]]
      detail::throw_not_neighbours(topology_, rank_, rank);
    return rank;
  }

  Topology topology_;
  int rank_;
  std::vector<int> neighbours_;
  Mailbox<T> box_;
};

}  // namespace scalar::inline v0::bsp
