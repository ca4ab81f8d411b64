#pragma once
/// A stranger's text in a message.
#include <string>
#include <string_view>

namespace scalar::inline v0::serve {

/// `text` in single quotes: at most 64 bytes and no half characters of it, control characters as `\u0000`.
std::string quoted(std::string_view text);

}  // namespace scalar::inline v0::serve
