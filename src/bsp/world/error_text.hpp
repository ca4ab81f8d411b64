#pragma once
/// Turns errors into bytes that travel to other processes, and back.
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "bsp/world/memory_error.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {

/// Describes `error`, with which peer `rank` failed in `superstep`: sets `code`, and returns the context and the
/// message with a zero byte between them. `std::bad_alloc` is described as the Error that this process's run throws for
/// it; an exception of any type other than Error gets `Errc::failed`.
inline std::string to_text(const std::exception_ptr& error, int rank, std::uint64_t superstep, std::int32_t& code) {
  using namespace std::string_literals;
  const auto text_of = [&code](const Error& known) {
    code = static_cast<std::int32_t>(known.code());
    return std::string(known.context()) + '\0' + std::string(known.message());
  };
  code = static_cast<std::int32_t>(Errc::failed);
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    return text_of(known);
  } catch (const std::bad_alloc&) {
    code = static_cast<std::int32_t>(Errc::resource_exhausted);  // first: there may be no memory for the text either
    return text_of(peer_memory_error(rank, superstep));
  } catch (const std::exception& unknown) {
    return "\0"s + unknown.what();
  } catch (...) {
    return "\0an exception of a type unknown here"s;
  }
}

/// The Error that `to_text` described.
inline Error from_text(std::int32_t code, std::string_view text) {
  const std::size_t end = text.find('\0');
  if (end == text.npos) return Error(Errc(code), std::string(text));
  return Error(Errc(code), std::string(text.substr(end + 1)), std::string(text.substr(0, end)));
}

}  // namespace scalar::inline v0::bsp::detail
