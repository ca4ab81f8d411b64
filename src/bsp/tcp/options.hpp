#pragma once
#include "scalar/bsp/processes/tcp.hpp"

namespace scalar::inline v0::bsp::sockets {

/// Completes the options from this process's environment and checks them. Errors: `Errc::invalid_argument`.
TcpOptions complete(const TcpOptions& given);

}  // namespace scalar::inline v0::bsp::sockets
