#include "scalar/bsp/detail/frame_pool.hpp"

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_no_frame(std::size_t bytes) {
  fail(Errc::resource_exhausted, "bsp", "there is no memory for a coroutine's frame of {} bytes", bytes);
}

}  // namespace scalar::inline v0::bsp::detail
