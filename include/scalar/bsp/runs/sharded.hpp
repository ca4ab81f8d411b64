#pragma once
/// sharded: a peer's part of state that is divided into shards, for Peer::persist.
#include <cstddef>

#include "scalar/bsp/serialize.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

/// `std::vector<T>`, or what is used like it, of states that can be written down.
template <class Parts>
concept ShardStates =
    Sequence<Parts> && is_part<typename Parts::value_type>() && requires(Parts& parts, std::size_t i) { parts[i]; };

}  // namespace detail

/// A peer's part of state that is divided into shards; made by `sharded`.
template <class Parts>
struct Sharded {
  Parts& parts;
  int shards = 0;
};

/// For `Peer::persist`: `parts` holds one state for each of the peer's own shards, in order; `shards_of(shards, rank,
/// peers)` says which these are. The run may then go on with any number of peers up to that of shards: `parts` becomes
/// the states of the new peer's shards.
template <detail::ShardStates Parts>
Sharded<Parts> sharded(Parts& parts, int shards) noexcept {
  return {parts, shards};
}

namespace detail {

template <class Parts>
inline constexpr bool holds_address<Sharded<Parts>> = true;  // never state itself

}  // namespace detail
}  // namespace scalar::inline v0::bsp
