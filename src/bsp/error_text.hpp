#pragma once
/// Errors as bytes, for other processes.
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {

/// What is known of `error`: its code, and its context and message with a zero between. An exception of another type
/// than Error arrives as `Errc::failed`.
inline std::string to_text(const std::exception_ptr& error, std::int32_t& code) {
  using namespace std::string_literals;
  code = static_cast<std::int32_t>(Errc::failed);
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    code = static_cast<std::int32_t>(known.code());
    return std::string(known.context()) + '\0' + std::string(known.message());
  } catch (const std::exception& unknown) {
    return "\0"s + unknown.what();
  } catch (...) {
    return "\0an exception of a type unknown here"s;
  }
}

inline Error from_text(std::int32_t code, std::string_view text) {
  const std::size_t end = text.find('\0');
  if (end == text.npos) return Error(Errc(code), std::string(text));
  return Error(Errc(code), std::string(text.substr(end + 1)), std::string(text.substr(0, end)));
}

}  // namespace scalar::inline v0::bsp::detail
