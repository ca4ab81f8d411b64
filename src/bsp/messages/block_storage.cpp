#include "scalar/bsp/detail/block_storage.hpp"

#include <string>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_no_room_for_messages(std::uint64_t bytes, int source, int destination) {
  throw Error(
      Errc::resource_exhausted,
      "there is no memory for " + std::to_string(bytes) + " bytes of messages to peer " + std::to_string(destination),
      "bsp peer " + std::to_string(source));
}

}  // namespace scalar::inline v0::bsp::detail
