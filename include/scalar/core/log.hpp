#pragma once
/// Where the library's log messages go: to a function that the host provides. Nothing is printed by default.
#include <cstdint>
#include <functional>
#include <string_view>

namespace scalar::inline v0 {

enum class LogLevel : std::uint8_t { debug = 0, info = 1, warning = 2, error = 3 };

/// Receives one message. It is called from any thread, possibly several at once, and must not throw.
using LogSink = std::function<void(LogLevel level, std::string_view room, std::string_view message)>;

}  // namespace scalar::inline v0
