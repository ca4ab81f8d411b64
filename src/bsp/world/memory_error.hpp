#pragma once
/// The errors of a run that is out of memory.
#include <fmt/core.h>

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {

/// The error that `make` returns; if there is no memory to make it, the `std::bad_alloc` that `make` throws.
template <class Make>
std::exception_ptr failure_of(const Make& make) noexcept {
  try {
    throw make();
  } catch (...) {
    return std::current_exception();
  }
}

/// The error for `what`, which asked for `bytes` bytes in vain.
inline Error memory_error(const std::string& what, std::uint64_t bytes, std::string context) {
  return Error(Errc::resource_exhausted,
               fmt::format("there is not enough memory for {}: {} bytes were asked for", what, bytes),
               std::move(context));
}

/// The error for peer `rank`, which asked for an unknown amount of memory in `superstep`.
inline Error peer_memory_error(int rank, std::uint64_t superstep) {
  return Error(Errc::resource_exhausted, fmt::format("there is no memory for what peer {} has asked for", rank),
               fmt::format("bsp superstep {}", superstep));
}

}  // namespace scalar::inline v0::bsp::detail
