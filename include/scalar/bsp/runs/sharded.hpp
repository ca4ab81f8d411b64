#pragma once
/// sharded: for Peer::persist, names a peer's part of state that is divided into shards.
#include <cstddef>

#include "scalar/bsp/serialize.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

/// A `std::vector` or similar container of states that can be serialized.
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

/// For `Peer::persist`: `parts` holds one state for each of the peer's own shards, in order. Which shards these are is
/// given by `shards_of(shards, rank, peers)`. The run may then be continued with any number of peers up to the number
/// of shards: `parts` is set to the states of the new peer's shards.
template <detail::ShardStates Parts>
Sharded<Parts> sharded(Parts& parts, int shards) noexcept {
  return {parts, shards};
}

namespace detail {

template <class Parts>
inline constexpr bool holds_address<Sharded<Parts>> = true;  // a reference to state, and not state itself

}  // namespace detail
}  // namespace scalar::inline v0::bsp
