#pragma once
/// What is thrown when memory is exhausted.
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {

/// The error that `make` returns or, for want of memory, throws.
template <class Make>
std::exception_ptr failure_of(const Make& make) noexcept {
  try {
    throw make();
  } catch (...) {
    return std::current_exception();
  }
}

/// `what` asked for `bytes` bytes, which are not there.
inline Error memory_error(const std::string& what, std::uint64_t bytes, std::string context) {
  return Error(Errc::resource_exhausted,
               "there is not enough memory for " + what + ": " + std::to_string(bytes) + " bytes were asked for",
               std::move(context));
}

/// Peer `rank` asked for memory in `superstep`, nobody knows how much.
inline Error peer_memory_error(int rank, std::uint64_t superstep) {
  return Error(Errc::resource_exhausted, "there is no memory for what peer " + std::to_string(rank) + " has asked for",
               "bsp superstep " + std::to_string(superstep));
}

}  // namespace scalar::inline v0::bsp::detail
