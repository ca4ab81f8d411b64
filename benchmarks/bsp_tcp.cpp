// Processes over loopback TCP: a barrier against a raw round trip, 1 MiB frames with and without TLS against a raw
// stream, and 16-byte messages a second.
//
//   benchmark_bsp_tcp [--json]
//
// The rival is a socket pair over the same loopback between the same two processes: send and recv that sleep or spin
// for the round trip, and for the stream one thread a process that sends and receives 1 MiB blocks without waiting,
// both ways at once. Each round of ours and of the rival's follow each other.
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "bench.hpp"
#include "bsp/tcp/certificates.hpp"
#include "bsp_loopback.hpp"
#include "scalar/bsp.hpp"
#include "scalar/bsp/processes/tcp.hpp"

namespace {

using namespace scalar;
using bench::block_bytes;
using bench::Figures;
using bsp::Peer;
using bsp::Task;

constexpr int rounds = 5;
constexpr int barriers = 5'000, blocks = 300;
constexpr int batches = 20;
constexpr std::size_t batch = 250'000;  // messages

struct Message {
  std::uint64_t key, value;
};

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
  if (sum != batches * (batch * (batch - 1) / 2)) bench::fail("a message is missing");
  co_return time / (batches * static_cast<double>(batch));
}

/// The plain loops of one thread: 1 MiB copied twice, and messages put into a vector and added up.
double copied(std::vector<char>& out, std::vector<char>& in) {
  return bench::seconds([&] {
    for (int i = 0; i < 2 * blocks; ++i) {
      std::memcpy(in.data(), out.data(), block_bytes);
      asm volatile("" ::"r"(in.data()) : "memory");
    }
  });
}
double pushed(std::vector<Message>& box) {
  std::uint64_t sum = 0;
  const double time = bench::seconds([&] {
    for (int i = 0; i < batches; ++i) {
      box.clear();
      for (std::size_t k = 0; k < batch; ++k) box.push_back(Message{k, k});
      for (const Message& message : box) sum += message.value;
    }
  });
  if (sum != batches * (batch * (batch - 1) / 2)) bench::fail("a message is missing");
  return time / (batches * static_cast<double>(batch));
}

/// The files of a CA, and of the one identity that it has signed for all processes.
class Certificates {
 public:
  Certificates() {
    std::filesystem::create_directories(directory_);
    const auto ca = bsp_tcp_test::Identity::make("benchmark ca");
    ca.write(files_.ca_file, (directory_ / "ca.key").string());
    bsp_tcp_test::Identity::make("benchmark", &ca).write(files_.certificate_file, files_.key_file);
  }
  ~Certificates() { std::filesystem::remove_all(directory_); }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;
  const bsp::TcpTls& files() const { return files_; }

 private:
  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("scalar-benchmark-tls-" + std::to_string(getpid()));
  bsp::TcpTls files_{.certificate_file = (directory_ / "mine.pem").string(),
                     .key_file = (directory_ / "mine.key").string(),
                     .ca_file = (directory_ / "ca.pem").string()};
};

bsp::Engine engine_of(int process, int processes, std::uint16_t port, const bsp::TcpTls& tls = {}) {
  return bsp::Engine({.peers = processes,
                      .workers = 1,
                      .transport = bsp::tcp({.coordinator = "127.0.0.1:" + std::to_string(port),
                                             .process = process,
                                             .processes = processes,
                                             .tls = tls})});
}

Figures two_processes(const bsp::TcpTls& tls) {
  std::uint16_t raw_port = 0;
  const int listening = bench::listener(raw_port);
  const std::uint16_t port = bench::free_port(), tls_port = bench::free_port();
  Figures figures = bench::in_processes(2, [&](int process) {
    const int socket = bench::raw_socket(process, listening, raw_port);
    const bsp::Engine plain = engine_of(process, 2, port), secret = engine_of(process, 2, tls_port, tls);
    std::vector<char> out(block_bytes, 'x'), in(block_bytes);
    std::vector<Message> box;
    return bench::interleave(
        {{"barrier", [&] { return plain.run(empty_barriers); }},
         {"round trip, asleep", [&] { return bench::raw_round_trip(process, socket, barriers, false); }},
         {"round trip, spinning", [&] { return bench::raw_round_trip(process, socket, barriers, true); }},
         {"frames", [&] { return plain.run(frames); }},
         {"stream", [&] { return bench::raw_stream(socket, blocks, out, in); }},
         {"frames, TLS", [&] { return secret.run(frames); }},
         {"memcpy", [&] { return copied(out, in); }},
         {"messages", [&] { return plain.run(messages); }},
         {"vector", [&] { return pushed(box); }}},
        rounds);
  });
  close(listening);
  return figures;
}

/// Twice as many as cores. Two of them go round trips, the others sleep meanwhile.
Figures four_processes() {
  std::uint16_t raw_port = 0;
  const int listening = bench::listener(raw_port);
  const std::uint16_t port = bench::free_port();
  Figures figures = bench::in_processes(4, [&](int process) {
    const int socket = process < 2 ? bench::raw_socket(process, listening, raw_port) : -1;
    const auto trip = [=](bool spins) {
      return socket < 0 ? 0 : bench::raw_round_trip(process, socket, barriers, spins);
    };
    const bsp::Engine engine = engine_of(process, 4, port);
    return bench::interleave({{"barrier", [&] { return engine.run(empty_barriers); }},
                              {"round trip, asleep", [&] { return trip(false); }},
                              {"round trip, spinning", [&] { return trip(true); }}},
                             rounds);
  });
  close(listening);
  return figures;
}

}  // namespace

int main(int argc, char** argv) {
  const Figures four = four_processes();
  const Certificates certificates;
  const Figures two = two_processes(certificates.files());
  const auto scaled = [](std::vector<double> values, double factor) {
    for (double& value : values) value *= factor;
    return values;
  };
  const auto us = [&](const std::vector<double>& values) { return scaled(values, 1e6); };
  const auto block = [&](const std::vector<double>& values) { return scaled(values, 1e6 / blocks); };
  const auto ns = [&](const std::vector<double>& values) { return scaled(values, 1e9); };
  const std::string sync = "empty sync(), 2 processes over loopback TCP",
                    sync4 = "empty sync(), 4 processes on 2 cores", asleep = "a raw round trip of 8 bytes, asleep",
                    spinning = "a raw round trip of 8 bytes, spinning", mib = "a superstep with 1 MiB each way",
                    message = "a 16-byte message, each way at once";
  return bench::print({{sync, asleep, "us", us(two[0]), us(two[1]), 1 / 1.3},
                       {sync, spinning, "us", us(two[0]), us(two[2]), 1 / 1.3},
                       {sync4, asleep, "us", us(four[0]), us(four[1]), 1 / 3.0},
                       {sync4, spinning, "us", us(four[0]), us(four[2]), 1 / 3.0},
                       {mib, "1 MiB of a raw stream each way", "us", block(two[3]), block(two[4]), 0.85},
                       {mib + ", TLS", "without TLS", "us", block(two[5]), block(two[3]), 0.45},
                       {mib, "memcpy of 2 MiB, 1 thread", "us", block(two[3]), block(two[6]), 0},
                       {message, "the goal of 40 M/s", "ns", ns(two[7]), std::vector<double>(two[7].size(), 25.0), 1},
                       {message, "plain loop over a vector, 1 thread", "ns", ns(two[7]), ns(two[8]), 0}},
                      argc, argv);
}
