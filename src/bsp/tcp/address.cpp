#include "bsp/tcp/address.hpp"

#include <charconv>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::sockets {

Address parse_address(std::string_view text, std::string_view what, bool needs_port) {
  const auto refuse = [&] {
    fail(Errc::invalid_argument, "bsp::tcp", "{} is \"{}\", expected {}", what, text,
         needs_port ? "host:port with a port from 1 to 65535" : "host or host:port");
  };
  Address address;
  std::string_view host = text, port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos) refuse();
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    has_port = port.starts_with(':');
    if (!port.empty() && !has_port) refuse();
    if (has_port) port.remove_prefix(1);
  } else if (const std::size_t colon = text.rfind(':'); colon != text.npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
    if (host.find(':') != host.npos) refuse();
  }
  if (host.empty() || (needs_port && !has_port)) refuse();
  address.host = host;
  if (has_port) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc{} || end != port.data() + port.size() || (needs_port && address.port == 0)) refuse();
  }
  return address;
}

}  // namespace scalar::inline v0::bsp::sockets
