// BSP on processes: two processes of four peers each add up an integral over TCP. The program text of a peer does not
// know where the others are, and the bits of the result do not depend on it.
#include <scalar/bsp.hpp>
#include <scalar/bsp/processes/tcp.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

using namespace scalar;

constexpr int peers = 8, processes = 2;

/// A loopback port that is free: below those that the system gives to outgoing connections.
std::string free_address() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int port = 20'000 + ::getpid() % 10'000;; ++port) {
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_free = ::bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(probe);
    if (is_free) return "127.0.0.1:" + std::to_string(port);
  }
}

/// The integral of 4 / (1 + x^2) from 0 to 1, which is pi: each peer adds up its own strips.
bsp::Task<double> integral(bsp::Peer& peer) {
  constexpr int strips = 1'000'000;
  double sum = 0;
  for (int i = peer.rank(); i < strips; i += peer.size()) {
    const double x = (i + 0.5) / strips;
    sum += 4 / (1 + x * x) / strips;
  }
  co_return co_await all_reduce(peer, sum, std::plus{});
}

int main() {
  const std::string coordinator = free_address();
  const pid_t child = ::fork();  // before either has threads; on a cluster a launcher starts the processes
  const bsp::Engine shared{
      {.peers = peers,
       .transport = bsp::tcp({.coordinator = coordinator, .process = child == 0 ? 1 : 0, .processes = processes})}};
  const double sum = shared.run(integral);  // what rank 0 returned, so in process 0
  if (child == 0) return 0;
  int status = -1;
  ::waitpid(child, &status, 0);
  const double alone = bsp::Engine{{.peers = peers}}.run(integral);
  std::printf("pi is %.9f, the bits of one process: %s\n", sum, sum == alone ? "yes" : "no");
  return status;
}
