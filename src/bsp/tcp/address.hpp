#pragma once
/// Hosts and ports as text.
#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace scalar::inline v0::bsp::sockets {

struct Address {
  std::string host{};
  std::uint16_t port = 0;

  std::string text() const {
    const bool is_v6 = host.find(':') != std::string::npos;
    return is_v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
  }
};

/// Reads `host:port`, `[v6]:port`, or, if `needs_port` is false, a host alone, whose port is then 0.
/// Errors: `Errc::invalid_argument`, naming `what`.
Address parse_address(std::string_view text, std::string_view what, bool needs_port = true);

}  // namespace scalar::inline v0::bsp::sockets
