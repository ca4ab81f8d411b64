// Hama's cmb (combine): every peer sends 1, 2 and 3 to every peer; the sender adds up the numbers for the same peer.
#include <scalar/bsp.hpp>

#include <cstdio>
#include <functional>

using namespace scalar;

struct Got {
  long sum = 0;
  unsigned long values = 0;
};

int main() {
  auto body = [](bsp::Peer& peer) -> bsp::Task<Got> {
    const auto peers = static_cast<unsigned>(peer.size());  // the keys are ranks: peer r owns key r
    bsp::Combining<unsigned, long> box(peer, {.keys = peers, .policy = bsp::CombinePolicy::hash});
    for (unsigned to = 0; to < peers; ++to)
      for (const long number : {1, 2, 3}) box.send(to, number);
    co_await peer.sync();
    co_return Got{*box.find(static_cast<unsigned>(peer.rank())), box.pairs()};
  };
  const bsp::Engine engine{{.peers = 8}};
  for (const Got& got : engine.run_all(body)) std::printf("received %ld in %lu values\n", got.sum, got.values);
}
