#pragma once
#include "scalar/bsp/processes/tcp.hpp"

namespace scalar::inline v0::bsp::sockets {

/// The options with what the environment of this process adds, checked. Errors: `Errc::invalid_argument`.
TcpOptions complete(const TcpOptions& given);

}  // namespace scalar::inline v0::bsp::sockets
