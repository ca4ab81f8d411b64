#pragma once
/// A port for the processes of a test.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <random>
#include <stdexcept>

namespace test {

/// A loopback port that was free a moment ago. The system does not give it to outgoing connections, as it would one of
/// those that it chooses itself, so no test that runs at the same time can take it by connecting somewhere.
inline int free_port() {
  constexpr std::uint32_t first = 10000, last = 32767;
  std::random_device random;
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const auto port = static_cast<std::uint16_t>(first + random() % (last - first + 1));
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool is_bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    if (is_bound) return port;
  }
  throw std::runtime_error("no free port");
}

}  // namespace test
