#pragma once
/// gather, all_gather and scatter.
#include <algorithm>
#include <cstddef>
#include <span>

#include "scalar/bsp/exchange.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

template <class T>
struct Gathered {
  T value;
  T* all;
  int root;
};
[[noreturn]] void throw_unlike_gather_roots(World& world, std::string_view name, int expected, int rank, int root);

/// Collects one value per peer while the last one arrives.
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

}  // namespace detail

/// `root` gets every peer's value: `all[r]` is that of peer r, and `all` has one element for each. Elsewhere `all` is
/// not looked at. One superstep, no message. Errors: `Errc::out_of_range`, `Errc::shape_mismatch`.
template <detail::FitsBarrier T>
detail::FusedGather<T> gather(Peer& peer, T value, std::type_identity_t<std::span<T>> all, int root = 0) {
  if (root < 0 || root >= peer.size()) peer.throw_bad_rank(root, "gather");
  if (peer.rank() == root)
    detail::check_buffer(peer, "gather", "the result", static_cast<std::size_t>(peer.size()), all.size());
  return {peer, detail::fused_gather<T>, detail::Gathered<T>{value, all.data(), root}};
}

/// Every peer gets every peer's value: `all[r]` is that of peer r. One superstep, no message.
template <detail::FitsBarrier T>
detail::FusedGather<T> all_gather(Peer& peer, T value, std::type_identity_t<std::span<T>> all) {
  detail::check_buffer(peer, "all_gather", "the result", static_cast<std::size_t>(peer.size()), all.size());
  return {peer, detail::fused_all_gather<T>, detail::Gathered<T>{value, all.data(), detail::everyone}};
}

/// `root` gets every peer's `values`, one after another in rank order. All have one length, and `root`'s `all` has
/// `size()` times as many elements; elsewhere `all` is not looked at. Two supersteps. Errors: `Errc::shape_mismatch`,
/// `Errc::out_of_range`.
template <class T>
Task<> gather(Peer& peer, std::span<const T> values, std::type_identity_t<std::span<T>> all, int root = 0) {
  detail::check_elements<T>();
  if (root < 0 || root >= peer.size()) peer.throw_bad_rank(root, "gather");
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

/// Every peer gets every peer's `values`, one after another in rank order. All have one length, and `all` has `size()`
/// times as many elements. Two supersteps; between processes every vector travels once for each. Errors:
/// `Errc::shape_mismatch`.
template <class T>
Task<> all_gather(Peer& peer, std::span<const T> values, std::type_identity_t<std::span<T>> all) {
  detail::check_elements<T>();
  detail::check_buffer(peer, "all_gather", "the result", values.size() * static_cast<std::size_t>(peer.size()),
                       all.size());
  const detail::Offer<T> offer{.values = values, .is_shared = true, .out = all.data()};
  detail::World& world = peer.world();
  // One peer of each other process takes a vector, for all there.
  const auto wants = [&world](int source, int to) {
    const detail::Hosts& hosts = world.hosts();
    const int process = hosts.process_of(to);
    return process == hosts.process_of(source) || to == hosts.first(process) + source % hosts.count(process);
  };
  co_await detail::exchange<T>(peer, detail::all_gather_span<T>, offer, values.size(), detail::everyone, wants,
                               detail::nothing_before<T>, [&](int source, std::span<const T> got) {
                                 const auto at = static_cast<std::size_t>(source) * got.size();
                                 if (world.is_local(source)) {
                                   detail::copy_values(got, all.data() + at);
                                   return;
                                 }
                                 for (int rank = world.first(); rank < world.first() + world.local(); ++rank)
                                   detail::copy_values(got, detail::offer_of<T>(world, rank).out + at);
                               });
}

/// Every peer gets its piece of `root`'s `all`: `values.size()` elements, those of peer r beginning at element `r *
/// values.size()`. Elsewhere `all` is not looked at. Two supersteps. Errors: `Errc::shape_mismatch`,
/// `Errc::out_of_range`.
template <class T>
Task<> scatter(Peer& peer, std::type_identity_t<std::span<const T>> all, std::span<T> values, int root = 0) {
  detail::check_elements<T>();
  if (root < 0 || root >= peer.size()) peer.throw_bad_rank(root, "scatter");
  if (peer.rank() == root)
    detail::check_buffer(peer, "scatter", "the source", values.size() * static_cast<std::size_t>(peer.size()),
                         all.size());
  const detail::Offer<T> offer{.values = all, .each = values.size()};
  co_await detail::exchange<T>(
      peer, detail::scatter_span<T>, offer, values.size(), root, [root](int from, int) { return from == root; },
      detail::nothing_before<T>, [values](int, std::span<const T> got) { detail::copy_values(got, values.data()); });
}

}  // namespace scalar::inline v0::bsp
