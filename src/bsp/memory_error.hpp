#pragma once
/// What is thrown when memory is exhausted.
#include <cstdint>
#include <string>
#include <utility>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {

/// `what` asked for `bytes` bytes, which are not there.
inline Error memory_error(const std::string& what, std::uint64_t bytes, std::string context) {
  return Error(Errc::resource_exhausted,
               "there is not enough memory for " + what + ": " + std::to_string(bytes) + " bytes were asked for",
               std::move(context));
}

}  // namespace scalar::inline v0::bsp::detail
