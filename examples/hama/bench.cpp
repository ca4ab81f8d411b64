// Hama's bench (RandBench): every peer sends messages to random peers, superstep after superstep.
//   bench [MESSAGE_BYTES] [SENDS_PER_SUPERSTEP] [SUPERSTEPS] [PEERS]
#include <scalar/bsp.hpp>
#include <scalar/core/random.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

using namespace scalar;

void send_all(bsp::Mailbox<std::byte>& box, Philox& random, int peers, long sends, std::span<const std::byte> message) {
  for (long i = 0; i < sends; ++i) box.send(static_cast<int>(random.below(static_cast<std::uint64_t>(peers))), message);
}

int main(int argc, char** argv) {
  const auto argument = [&](int index, long standard) { return argc > index ? std::atol(argv[index]) : standard; };
  const long bytes = argument(1, 16), sends = argument(2, 1'000), supersteps = argument(3, 20);
  const bsp::Engine engine{{.peers = static_cast<int>(argument(4, 16))}};

  auto body = [=](bsp::Peer& peer) -> bsp::Task<long> {
    auto box = peer.mailbox<std::byte>();
    Philox random(1, static_cast<std::uint64_t>(peer.rank()));
    const std::vector<std::byte> message(static_cast<std::size_t>(bytes));
    long received = 0;
    for (long step = 0; step < supersteps; ++step) {
      send_all(box, random, peer.size(), sends, message);
      co_await peer.sync();
      received += static_cast<long>(box.received().size());
    }
    co_return co_await reduce(peer, received, std::plus{});
  };
  const auto begin = std::chrono::steady_clock::now();
  const long received = engine.run(body);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;

  std::printf("%d peers sent %ld messages of %ld bytes each in each of %ld supersteps\n", engine.options().peers, sends,
              bytes, supersteps);
  std::printf("%ld messages arrived\n", received / bytes);
  std::fprintf(stderr, "Job finished in %.3f seconds\n", seconds.count());
}
