// Hama's pi: every peer throws darts at a square; the share that hits the circle inside is a quarter of pi.
//   pi [DARTS_PER_PEER]
#include <scalar/bsp.hpp>
#include <scalar/core/random.hpp>

#include <cstdio>
#include <cstdlib>
#include <functional>

using namespace scalar;

long hits_of(int rank, long darts) {
  Philox random(2012, static_cast<std::uint64_t>(rank));  // a separate stream for every peer
  long hits = 0;
  for (long dart = 0; dart < darts; ++dart) {
    const double x = 2 * random.uniform() - 1, y = 2 * random.uniform() - 1;
    hits += x * x + y * y < 1;
  }
  return hits;
}

int main(int argc, char** argv) {
  const long darts = argc > 1 ? std::atol(argv[1]) : 250'000;
  const bsp::Engine engine{{.peers = 8}};
  auto body = [darts](bsp::Peer& peer) -> bsp::Task<double> {
    const long hits = co_await reduce(peer, hits_of(peer.rank(), darts), std::plus{});
    co_return 4.0 * static_cast<double>(hits) / static_cast<double>(darts * peer.size());
  };
  std::printf("Estimated value of pi is %.2f\n", engine.run(body));
}
