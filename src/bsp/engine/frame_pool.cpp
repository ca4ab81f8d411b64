#include "scalar/bsp/detail/frame_pool.hpp"

#include <string>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_no_frame(std::size_t bytes) {
  throw Error(Errc::resource_exhausted,
              "there is no memory for a coroutine's frame of " + std::to_string(bytes) + " bytes", "bsp");
}

}  // namespace scalar::inline v0::bsp::detail
