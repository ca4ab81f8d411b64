#pragma once
/// Hosts and ports as text.
#include <cstdint>
#include <string>
#include <string_view>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::sockets {

struct Address {
  std::string host{};
  std::uint16_t port = 0;

  std::string text() const {
    return (host.find(':') == std::string::npos ? host : '[' + host + ']') + ':' + std::to_string(port);
  }
};

/// `host:port`, `[v6]:port`, or, where `needs_port` is false, only a host: the port is 0 then.
/// Errors: `Errc::invalid_argument`, naming `what`.
Address parse_address(std::string_view text, std::string_view what, bool needs_port = true);

}  // namespace scalar::inline v0::bsp::sockets
