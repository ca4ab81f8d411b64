#pragma once
/// What processes on one machine have without the BSP engine: raw sockets over loopback, and figures of process 0.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include "bench.hpp"

namespace bench {

constexpr std::size_t block_bytes = std::size_t{1} << 20;

[[noreturn]] inline void fail(const char* what) { throw std::runtime_error(what); }

inline int listener(std::uint16_t& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(socket, 1) != 0 ||
      getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    fail("no port");
  port = ntohs(address.sin_port);
  return socket;
}

/// The raw connection of this process to the other.
inline int raw_socket(int process, int listening, std::uint16_t port) {
  int socket = -1;
  if (process == 0) {
    socket = accept(listening, nullptr, nullptr);
  } else {
    socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("cannot connect");
  }
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

/// Waits for 8 bytes: asleep in the kernel, or asking without end.
inline void receive(int socket, std::uint64_t& word, bool spins) {
  for (;;) {
    const ssize_t got = recv(socket, &word, sizeof word, spins ? MSG_DONTWAIT : MSG_WAITALL);
    if (got == sizeof word) return;  // so small a write over loopback comes as a whole
    if (got >= 0 || !spins || (errno != EAGAIN && errno != EWOULDBLOCK)) fail("recv");
  }
}

/// Seconds a round trip of 8 bytes.
inline double raw_round_trip(int process, int socket, int count, bool spins) {
  return seconds([&] {
           std::uint64_t word = 0;
           for (int i = 0; i < count; ++i) {
             if (process == 0 && send(socket, &word, sizeof word, 0) != sizeof word) fail("send");
             receive(socket, word, spins);
             if (process == 1 && send(socket, &word, sizeof word, 0) != sizeof word) fail("send");
           }
         }) /
         count;
}

/// Seconds that `blocks` blocks take, both ways at once.
inline double raw_stream(int socket, int blocks, std::vector<char>& out, std::vector<char>& in) {
  return seconds([&] {
    const std::size_t all = static_cast<std::size_t>(blocks) * block_bytes;
    for (std::size_t sent = 0, received = 0; sent < all || received < all;) {
      bool moved = false;
      if (sent < all) {
        const std::size_t at = sent % block_bytes;
        const ssize_t put = send(socket, out.data() + at, block_bytes - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (put > 0) sent += static_cast<std::size_t>(put), moved = true;
      }
      if (received < all) {
        const std::size_t at = received % block_bytes;
        const ssize_t got = recv(socket, in.data() + at, (std::min)(block_bytes - at, all - received), MSG_DONTWAIT);
        if (got == 0) fail("the other process has gone");
        if (got > 0) received += static_cast<std::size_t>(got), moved = true;
      }
      if (moved) continue;
      pollfd one{socket, static_cast<short>((received < all ? POLLIN : 0) | (sent < all ? POLLOUT : 0)), 0};
      poll(&one, 1, -1);
    }
  });
}

inline std::uint16_t free_port() {
  std::uint16_t port = 0;
  close(listener(port));
  return port;
}

using Figures = std::vector<std::vector<double>>;

/// Runs `work(process)` in so many processes and returns what process 0 returned; the last one is not waited for but
/// ended when `ends_last`.
template <class Work>
Figures in_processes(int count, Work work, bool ends_last = false) {
  std::vector<pid_t> others;
  for (int process = 1; process < count; ++process) {
    others.push_back(fork());
    if (others.back() != 0) continue;
    try {
      work(process);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "process %d: %s\n", process, error.what());
      _exit(1);
    }
    _exit(0);
  }
  Figures figures = work(0);
  if (ends_last) kill(others.back(), SIGKILL);
  for (const pid_t other : others) waitpid(other, nullptr, 0);
  return figures;
}

}  // namespace bench
