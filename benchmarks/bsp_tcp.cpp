// Two processes over loopback TCP: a barrier against a raw round trip, 1 MiB frames against a raw stream, and 16-byte
// messages a second.
//
//   benchmark_bsp_tcp [--json]
//
// The rival is a socket pair over the same loopback between the same two processes: blocking send and recv for the
// round trip, and for the stream one thread a process that sends and receives 1 MiB blocks without waiting, both ways
// at once. Each round of ours and of the rival's follow each other.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "bench.hpp"
#include "scalar/bsp.hpp"
#include "scalar/bsp/tcp.hpp"

namespace {

using namespace scalar;
using bsp::Peer;
using bsp::Task;

constexpr int rounds = 5;
constexpr int barriers = 5'000, blocks = 300;
constexpr std::size_t block_bytes = std::size_t{1} << 20;
constexpr int batches = 20;
constexpr std::size_t batch = 250'000;  // messages

struct Message {
  std::uint64_t key, value;
};

[[noreturn]] void fail(const char* what) { throw std::runtime_error(what); }

int listener(std::uint16_t& port) {
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
int raw_socket(int process, int listening, std::uint16_t port) {
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

/// Seconds a round trip of 8 bytes.
double raw_round_trip(int process, int socket) {
  return bench::seconds([&] {
           std::uint64_t word = 0;
           for (int i = 0; i < barriers; ++i) {
             if (process == 0 && send(socket, &word, sizeof word, 0) != sizeof word) fail("send");
             if (recv(socket, &word, sizeof word, MSG_WAITALL) != sizeof word) fail("recv");
             if (process == 1 && send(socket, &word, sizeof word, 0) != sizeof word) fail("send");
           }
         }) /
         barriers;
}

/// Seconds that `blocks` blocks take, both ways at once.
double raw_stream(int socket, std::vector<char>& out, std::vector<char>& in) {
  return bench::seconds([&] {
    const std::size_t all = blocks * block_bytes;
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

Task<double> empty_barriers(Peer& peer) {
  co_await peer.sync();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < barriers; ++i) co_await peer.sync();
  co_return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / barriers;
}

Task<double> frames(Peer& peer) {
  auto box = peer.mailbox<char>();
  const std::vector<char> block(block_bytes, 'x');
  co_await peer.sync();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < blocks; ++i) {
    box.send(1 - peer.rank(), std::span(block));
    co_await peer.sync();
  }
  co_return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void send_batch(bsp::Mailbox<Message>& box, int to) {
  for (std::size_t i = 0; i < batch; ++i) box.send(to, Message{i, i});
}

std::uint64_t add_up(bsp::Mailbox<Message>& box) {
  std::uint64_t sum = 0;
  for (const Message& message : box.received()) sum += message.value;
  return sum;
}

/// Seconds a message, each way.
Task<double> messages(Peer& peer) {
  auto box = peer.mailbox<Message>();
  std::uint64_t sum = 0;
  co_await peer.sync();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < batches; ++i) {
    send_batch(box, 1 - peer.rank());
    co_await peer.sync();
    sum += add_up(box);
  }
  const double time = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (sum != batches * (batch * (batch - 1) / 2)) fail("a message is missing");
  co_return time / (batches * static_cast<double>(batch));
}

/// What either process does; the figures are of process 0.
std::vector<std::vector<double>> measure(int process, int listening, std::uint16_t raw_port, std::uint16_t port) {
  const int socket = raw_socket(process, listening, raw_port);
  const bsp::Engine engine(
      {.peers = 2,
       .workers = 1,
       .transport =
           bsp::tcp({.coordinator = "127.0.0.1:" + std::to_string(port), .process = process, .processes = 2})});
  std::vector<char> out(block_bytes, 'x'), in(block_bytes);
  return bench::interleave({{"barrier", [&] { return engine.run(empty_barriers); }},
                            {"round trip", [&] { return raw_round_trip(process, socket); }},
                            {"frames", [&] { return engine.run(frames); }},
                            {"stream", [&] { return raw_stream(socket, out, in); }},
                            {"messages", [&] { return engine.run(messages); }}},
                           rounds);
}

}  // namespace

int main(int argc, char** argv) {
  std::uint16_t raw_port = 0, port = 0;
  const int listening = listener(raw_port);
  close(listener(port));
  const pid_t child = fork();
  if (child == 0) {
    measure(1, listening, raw_port, port);
    _exit(0);
  }
  const auto figures = measure(0, listening, raw_port, port);
  waitpid(child, nullptr, 0);
  const auto scaled = [](std::vector<double> values, double factor) {
    for (double& value : values) value *= factor;
    return values;
  };
  const double per_block = 1e6 / blocks;
  return bench::print({{"empty sync(), 2 processes over loopback TCP", "a raw round trip of 8 bytes", "us",
                        scaled(figures[0], 1e6), scaled(figures[1], 1e6), 1 / 1.3},
                       {"a superstep with 1 MiB each way", "1 MiB of a raw stream each way", "us",
                        scaled(figures[2], per_block), scaled(figures[3], per_block), 0.85},
                       {"a 16-byte message, each way at once", "the goal of 40 M/s", "ns", scaled(figures[4], 1e9),
                        std::vector<double>(figures[4].size(), 25.0), 1}},
                      argc, argv);
}
