#pragma once
/// gather, all_gather and scatter.
#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "scalar/bsp/detail/exchange.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

template <class T>
struct Gathered {
  T value;
  T* all;
  int root;
};
[[noreturn]] void throw_unlike_gather_roots(World& world, std::string_view name, int expected, int rank, int root);

/// Collects one value per peer when the last peer arrives.
template <class T>
class [[nodiscard]] FusedGather final : public Contribution<Gathered<T>> {
 public:
  using Value = Gathered<T>;
  using Contribution<Value>::Contribution;

  static void complete(World& world, std::string_view name) {
    const int root = world.value<Value>(0).root;
    const T* first = nullptr;
    for (int rank = 0; rank < world.size(); ++rank) {
      const Value next = world.value<Value>(rank);
      if (next.root != root) throw_unlike_gather_roots(world, name, root, rank, next.root);
      if (!world.is_local(rank) || (root != everyone && rank != root)) continue;
      if (first == nullptr) {
        for (int source = 0; source < world.size(); ++source) next.all[source] = world.value<Value>(source).value;
        first = next.all;
      } else {
        std::copy_n(first, world.size(), next.all);
      }
    }
  }
};
template <class T>
inline constexpr Collective fused_gather = collective_of<FusedGather<T>>("gather");
template <class T>
inline constexpr Collective fused_all_gather = collective_of<FusedGather<T>, void>("all_gather");
template <class T>
inline constexpr Collective gather_span = collective_of<Announce<T>>("gather");
template <class T>
inline constexpr Collective all_gather_span = collective_of<Announce<T>, void>("all_gather");
template <class T>
inline constexpr Collective scatter_span = collective_of<Announce<T>>("scatter");
template <class T>
inline constexpr Collective gather_v_span = collective_of<Announce<T>>("gather_v");
template <class T>
inline constexpr Collective all_gather_v_span = collective_of<Announce<T>, void>("all_gather_v");
template <class T>
inline constexpr Collective scatter_v_span = collective_of<Announce<T>>("scatter_v");

/// Whether `to` receives what `source` gives to all: in the source's process every peer does, in each other process one
/// peer does on behalf of all its peers.
struct OncePerProcess {
  const Placement& placement;
  bool operator()(int source, int to) const noexcept {
    const int process = placement.process_of(to);
    return process == placement.process_of(source) ||
           to == placement.first(process) + source % placement.count(process);
  }
};
/// Copies what `source` gave to the result, from element `at` on: to the peer's own result or, if the peer received it
/// on behalf of its process, to the results of all local peers.
template <class T>
void put_for_all(Peer& peer, T* own, int source, std::size_t at, std::span<const T> got) {
  World& world = peer.world();
  if (world.is_local(source)) {
    copy_values(got, own + at);
    return;
  }
  for (int rank = world.first(); rank < world.first() + world.local(); ++rank)
    copy_values(got, offer_of<T>(world, rank).out + at);
}

}  // namespace detail

/// `root` gets every peer's value: `all[r]` is the value of peer r, and `all` has `size()` elements. Other peers' `all`
/// is ignored. One superstep, no messages. Errors: `Errc::out_of_range`, `Errc::shape_mismatch`.
template <detail::FitsBarrier T>
detail::FusedGather<T> gather(Peer& peer, T value, std::type_identity_t<std::span<T>> all, int root = 0) {
  peer.check_rank(root, "gather");
  if (peer.rank() == root)
    detail::check_buffer(peer, "gather", "the result", static_cast<std::size_t>(peer.size()), all.size());
  return {peer, detail::fused_gather<T>, detail::Gathered<T>{value, all.data(), root}};
}

/// Every peer gets every peer's value: `all[r]` is the value of peer r. One superstep, no messages.
template <detail::FitsBarrier T>
detail::FusedGather<T> all_gather(Peer& peer, T value, std::type_identity_t<std::span<T>> all) {
  detail::check_buffer(peer, "all_gather", "the result", static_cast<std::size_t>(peer.size()), all.size());
  return {peer, detail::fused_all_gather<T>, detail::Gathered<T>{value, all.data(), detail::everyone}};
}

/// `root` gets every peer's `values`, one after another in rank order. All have the same length, and `root`'s `all` has
/// `size()` times as many elements; other peers' `all` is ignored. Two supersteps. Errors: `Errc::shape_mismatch`,
/// `Errc::out_of_range`.
template <class T>
Task<> gather(Peer& peer, std::span<const T> values, std::type_identity_t<std::span<T>> all, int root = 0) {
  detail::check_elements<T>();
  peer.check_rank(root, "gather");
  if (peer.rank() == root)
    detail::check_buffer(peer, "gather", "the result", values.size() * static_cast<std::size_t>(peer.size()),
                         all.size());
  const detail::Offer<T> offer{.values = values, .is_shared = true};
  co_await detail::exchange<T>(
      peer, detail::gather_span<T>, offer, values.size(), root, [root](int, int to) { return to == root; },
      detail::nothing_before<T>,
      [all](int source, std::span<const T> got) {
        detail::copy_values(got, all.data() + static_cast<std::size_t>(source) * got.size());
      });
}

/// Every peer gets every peer's `values`, one after another in rank order. All have the same length, and `all` has
/// `size()` times as many elements. Two supersteps; every vector travels once to each other process. Errors:
/// `Errc::shape_mismatch`.
template <class T>
Task<> all_gather(Peer& peer, std::span<const T> values, std::type_identity_t<std::span<T>> all) {
  detail::check_elements<T>();
  detail::check_buffer(peer, "all_gather", "the result", values.size() * static_cast<std::size_t>(peer.size()),
                       all.size());
  const detail::Offer<T> offer{.values = values, .is_shared = true, .out = all.data()};
  const detail::OncePerProcess wants{peer.world().placement()};
  co_await detail::exchange<T>(peer, detail::all_gather_span<T>, offer, values.size(), detail::everyone, wants,
                               detail::nothing_before<T>, [&](int source, std::span<const T> got) {
                                 detail::put_for_all(peer, all.data(), source,
                                                     static_cast<std::size_t>(source) * got.size(), got);
                               });
}

/// Every peer gets its piece of `root`'s `all`: `values.size()` elements. The piece of peer r begins at element
/// `r * values.size()`. Other peers' `all` is ignored. Two supersteps. Errors: `Errc::shape_mismatch`,
/// `Errc::out_of_range`.
template <class T>
Task<> scatter(Peer& peer, std::type_identity_t<std::span<const T>> all, std::span<T> values, int root = 0) {
  detail::check_elements<T>();
  peer.check_rank(root, "scatter");
  if (peer.rank() == root)
    detail::check_buffer(peer, "scatter", "the source", values.size() * static_cast<std::size_t>(peer.size()),
                         all.size());
  const detail::Offer<T> offer{.values = all, .each = values.size()};
  co_await detail::exchange<T>(
      peer, detail::scatter_span<T>, offer, values.size(), root, [root](int from, int) { return from == root; },
      detail::nothing_before<T>, [values](int, std::span<const T> got) { detail::copy_values(got, values.data()); });
}

/// Overloads of `gather`, `all_gather` and `scatter` for vectors and for spans of elements that are not const. As for
/// every awaited function, vectors passed to them must have a name.
template <class T>
Task<> gather(Peer& peer, const std::vector<T>& values, std::type_identity_t<std::span<T>> all, int root = 0) {
  return gather(peer, std::span<const T>(values), all, root);
}
template <class T, std::size_t Extent>
  requires(!std::is_const_v<T>)
Task<> gather(Peer& peer, std::span<T, Extent> values, std::type_identity_t<std::span<T>> all, int root = 0) {
  return gather(peer, std::span<const T>(values), all, root);
}
template <class T>
Task<> all_gather(Peer& peer, const std::vector<T>& values, std::type_identity_t<std::span<T>> all) {
  return all_gather(peer, std::span<const T>(values), all);
}
template <class T, std::size_t Extent>
  requires(!std::is_const_v<T>)
Task<> all_gather(Peer& peer, std::span<T, Extent> values, std::type_identity_t<std::span<T>> all) {
  return all_gather(peer, std::span<const T>(values), all);
}
template <class T>
Task<> scatter(Peer& peer, std::type_identity_t<std::span<const T>> all, std::vector<T>& values, int root = 0) {
  return scatter(peer, all, std::span<T>(values), root);
}

/// `root` gets every peer's `values`, of any lengths, one after another in rank order: `all[cuts[r], cuts[r + 1])` are
/// the values of peer r. Resizes `all` and `cuts` at `root`; at other peers both are ignored. Two supersteps. Errors:
/// `Errc::out_of_range`.
template <class T>
Task<> gather_v(Peer& peer, std::type_identity_t<std::span<const T>> values, std::vector<T>& all,
                std::vector<std::size_t>& cuts, int root = 0) {
  detail::check_elements<T>();
  peer.check_rank(root, "gather_v");
  const detail::Offer<T> offer{.values = values, .is_shared = true};
  const auto wants = [root](int, int to) { return to == root; };
  const auto measure = [&](const Mailbox<T>* box) {
    if (peer.rank() != root) return;
    detail::measure_all<T>(peer, box, wants, cuts);
    all.resize(cuts.back());
  };
  co_await detail::exchange<T>(peer, detail::gather_v_span<T>, offer, detail::any_size, root, wants, measure,
                               [&](int source, std::span<const T> got) {
                                 detail::copy_values(got, all.data() + cuts[static_cast<std::size_t>(source)]);
                               });
}

/// As `gather_v`, but every peer gets the values. Three supersteps: the lengths go ahead, so that every vector travels
/// only once to each other process.
template <class T>
Task<> all_gather_v(Peer& peer, std::type_identity_t<std::span<const T>> values, std::vector<T>& all,
                    std::vector<std::size_t>& cuts) {
  detail::check_elements<T>();
  cuts.assign(static_cast<std::size_t>(peer.size()) + 1, 0);
  const std::span<std::size_t> lengths = std::span(cuts).subspan(1);
  co_await all_gather(peer, values.size(), lengths);
  for (std::size_t i = 1; i < cuts.size(); ++i) cuts[i] += cuts[i - 1];
  all.resize(cuts.back());
  const detail::Offer<T> offer{.values = values, .is_shared = true, .out = all.data()};
  const detail::OncePerProcess wants{peer.world().placement()};
  co_await detail::exchange<T>(peer, detail::all_gather_v_span<T>, offer, detail::any_size, detail::everyone, wants,
                               detail::nothing_before<T>, [&](int source, std::span<const T> got) {
                                 const std::size_t at = cuts[static_cast<std::size_t>(source)];
                                 detail::check_received(source, cuts[static_cast<std::size_t>(source) + 1] - at,
                                                        got.size(), peer.rank());
                                 detail::put_for_all(peer, all.data(), source, at, got);
                               });
}

/// Every peer gets its piece of `root`'s `all`, of any length: `all[cuts[r], cuts[r + 1])` goes to peer r. At `root`
/// there are `size() + 1` cuts; the first is 0 and the last is `all.size()`. Other peers' `all` and `cuts` are ignored.
/// Two supersteps. Errors: `Errc::shape_mismatch`, `Errc::out_of_range`.
template <class T>
Task<> scatter_v(Peer& peer, std::type_identity_t<std::span<const T>> all, std::span<const std::size_t> cuts,
                 std::vector<T>& values, int root = 0) {
  detail::check_elements<T>();
  peer.check_rank(root, "scatter_v");
  if (peer.rank() == root) detail::check_cuts(peer, "scatter_v", cuts, all.size());
  const detail::Offer<T> offer{.values = all, .cuts = cuts.data()};
  co_await detail::exchange<T>(
      peer, detail::scatter_v_span<T>, offer, detail::any_size, root, [root](int from, int) { return from == root; },
      detail::nothing_before<T>, [&](int, std::span<const T> got) { values.assign(got.begin(), got.end()); });
}

}  // namespace scalar::inline v0::bsp
