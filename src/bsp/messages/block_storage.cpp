#include "scalar/bsp/detail/block_storage.hpp"

#include <fmt/core.h>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_no_room_for_messages(std::uint64_t bytes, int source, int destination) {
  fail(Errc::resource_exhausted, fmt::format("bsp peer {}", source),
       "there is no memory for {} bytes of messages to peer {}", bytes, destination);
}

}  // namespace scalar::inline v0::bsp::detail
