#pragma once
/// all_to_all, all_to_all_v and reduce_scatter.
#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "scalar/bsp/detail/exchange.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

template <class T>
inline constexpr Collective all_to_all_span = collective_of<Announce<T>>("all_to_all");
template <class T>
inline constexpr Collective all_to_all_v_span = collective_of<Announce<T>>("all_to_all_v");
template <class T, class Op>
inline constexpr Collective reduce_scatter_span = collective_of<Announce<T>, Op>("reduce_scatter");

}  // namespace detail

/// Every peer gets its piece of everyone's `values`: all pieces have the same length, piece r of `values` goes to peer
/// r, and `received` has the pieces in the order of their sources. The spans must not overlap. Two supersteps; within a
/// process each element is copied once. Errors: `Errc::shape_mismatch`.
template <class T>
Task<> all_to_all(Peer& peer, std::type_identity_t<std::span<const T>> values, std::span<T> received) {
  detail::check_elements<T>();
  const std::size_t each = values.size() / static_cast<std::size_t>(peer.size());
  detail::check_buffer(peer, "all_to_all", "the source", each * static_cast<std::size_t>(peer.size()), values.size());
  detail::check_buffer(peer, "all_to_all", "the result", values.size(), received.size());
  const detail::Offer<T> offer{.values = values, .each = each};
  co_await detail::exchange<T>(
      peer, detail::all_to_all_span<T>, offer, each, detail::everyone, [](int, int) { return true; },
      detail::nothing_before<T>,
      [received](int source, std::span<const T> got) {
        detail::copy_values(got, received.data() + static_cast<std::size_t>(source) * got.size());
      });
}

/// As `all_to_all`, but with pieces of any lengths: `values[cuts[r], cuts[r + 1])` goes to peer r. There are
/// `size() + 1` cuts; the first is 0 and the last is `values.size()`. Afterwards
/// `received[received_cuts[s], received_cuts[s + 1])` is what peer s has sent. Errors: `Errc::shape_mismatch`.
template <class T>
Task<> all_to_all_v(Peer& peer, std::type_identity_t<std::span<const T>> values, std::span<const std::size_t> cuts,
                    std::vector<T>& received, std::vector<std::size_t>& received_cuts) {
  detail::check_elements<T>();
  detail::check_cuts(peer, "all_to_all_v", cuts, values.size());
  const detail::Offer<T> offer{.values = values, .cuts = cuts.data()};
  const auto wants = [](int, int) { return true; };
  const auto measure = [&](const Mailbox<T>* box) {
    detail::measure_all<T>(peer, box, wants, received_cuts);
    received.resize(received_cuts.back());
  };
  co_await detail::exchange<T>(peer, detail::all_to_all_v_span<T>, offer, detail::any_size, detail::everyone, wants,
                               measure, [&](int source, std::span<const T> got) {
                                 detail::copy_values(got,
                                                     received.data() + received_cuts[static_cast<std::size_t>(source)]);
                               });
}

/// Peer r gets the fold of piece r of everyone's `values`, element by element in rank order: `((v0 op v1) op v2) ...`.
/// `values` has `size()` pieces of the length of `result`. Two supersteps. Errors: `Errc::shape_mismatch`.
template <class T, class Op>
Task<> reduce_scatter(Peer& peer, std::type_identity_t<std::span<const T>> values, std::span<T> result, Op op) {
  detail::check_elements<T>(), detail::check_operation<Op>();
  detail::check_buffer(peer, "reduce_scatter", "the source", result.size() * static_cast<std::size_t>(peer.size()),
                       values.size());
  const detail::Offer<T> offer{.values = values, .each = result.size()};
  co_await detail::exchange<T>(
      peer, detail::reduce_scatter_span<T, Op>, offer, result.size(), detail::everyone, [](int, int) { return true; },
      detail::nothing_before<T>,
      [result, &op](int source, std::span<const T> got) {
        if (source == 0) std::copy(got.begin(), got.end(), result.begin());
        if (source == 0) return;
        for (std::size_t i = 0; i < got.size(); ++i) result[i] = static_cast<T>(op(result[i], got[i]));
      });
}

}  // namespace scalar::inline v0::bsp
