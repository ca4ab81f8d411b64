#pragma once
/// Quotes text from a request in a message.
#include <string>
#include <string_view>

namespace scalar::inline v0::serve {

/// `text` in single quotes: at most its first 64 bytes, only whole characters, control characters as `\u0000`.
///
/// Differs from `quoted` of core/quoted.hpp because these messages are part of the protocol: clients look for Triton's
/// "Request for unknown model: 'm' is not found", with single quotes, and escapes are those of JSON.
std::string quoted(std::string_view text);

}  // namespace scalar::inline v0::serve
