// Many random programs against a serial model, on every kind of schedule.
#include "scalar/bsp.hpp"

#include <functional>
#include <string>
#include <vector>

#include "bsp/places.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;
using bsp_test::places;

namespace {

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a * 0x9e3779b97f4a7c15u ^ (b + 0x632be59bd9b4e019u);
  x ^= x >> 31, x *= 0xbf58476d1ce4e5b9u, x ^= x >> 27;
  return x;
}

/// How many messages `from` sends to `to` in a superstep; most pairs are silent.
int messages(std::uint64_t seed, int step, int from, int to) {
  const std::uint64_t x = mix(seed, mix(static_cast<std::uint64_t>(step),
                                        static_cast<std::uint64_t>(from) << 32 | static_cast<std::uint64_t>(to)));
  return x % 5 == 0 ? static_cast<int>(x >> 8 & 7) : 0;
}
int steps_of(std::uint64_t seed, int rank) {
  return 3 + static_cast<int>(mix(seed, static_cast<std::uint64_t>(rank)) % 12);
}

/// The digest that peer `me` computes over all it receives, in order.
std::uint64_t model(std::uint64_t seed, int me, int peers) {
  std::uint64_t digest = seed;
  for (int step = 0; step + 1 < steps_of(seed, me); ++step)
    for (int from = 0; from < peers; ++from)
      if (step < steps_of(seed, from))
        for (int k = 0; k < messages(seed, step, from, me); ++k)
          digest = mix(digest, static_cast<std::uint64_t>(from * 1000 + step * 10 + k));
  return digest;
}

Task<> one_superstep(Peer& peer, bsp::Mailbox<std::uint64_t>& numbers, bsp::Mailbox<std::string>& texts,
                     std::uint64_t seed, int step) {
  for (int to = 0; to < peer.size(); ++to)
    for (int k = 0; k < messages(seed, step, peer.rank(), to); ++k) {
      numbers.send(to, static_cast<std::uint64_t>(peer.rank() * 1000 + step * 10 + k));
      texts.send(to, std::to_string(peer.rank() * 1000 + step * 10 + k) + " and enough text to be on the heap");
    }
  co_await peer.sync();
}

}  // namespace

TEST_CASE("random programs with early returns agree with a serial model") {
  const int rounds = bsp_test::sanitized ? 1 : 3;
  for (int round = 0; round < rounds; ++round)
    for (const int peers : {1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 16, 17, 65, 130}) {
      const std::uint64_t seed = mix(static_cast<std::uint64_t>(round), static_cast<std::uint64_t>(peers));
      std::vector<std::uint64_t> expected;
      for (int rank = 0; rank < peers; ++rank) expected.push_back(model(seed, rank, peers));
      for (const auto& place : places(peers)) {
        INFO(place.name << ", " << peers << " peers, seed " << seed);
        auto body = [&](Peer& peer) -> Task<std::vector<std::uint64_t>> {
          auto numbers = peer.mailbox<std::uint64_t>();
          auto texts = peer.mailbox<std::string>();
          std::uint64_t digest = seed, text_digest = seed;
          for (int step = 0; step < steps_of(seed, peer.rank()); ++step) {
            for (const std::uint64_t value : numbers.received()) digest = mix(digest, value);
            for (const std::string& text : texts.received()) text_digest = mix(text_digest, std::stoull(text));
            co_await one_superstep(peer, numbers, texts, seed, step);
          }
          co_return std::vector<std::uint64_t>{digest, text_digest};
        };
        const auto all = bsp::Engine(place.options).run_all(body);
        for (int rank = 0; rank < peers; ++rank) {
          const std::uint64_t digest = expected[static_cast<std::size_t>(rank)];
          CHECK(all[static_cast<std::size_t>(rank)] == std::vector<std::uint64_t>{digest, digest});
        }
      }
    }
}

TEST_CASE("long and short supersteps alternate in every rhythm") {
  // The scheduler keeps rows of brief supersteps on one worker; whatever it expects, the result is the same.
  for (const int peers : {2, 3, 9})
    for (const auto& place : places(peers))
      for (const int row : {1, 7, 40}) {
        INFO(place.name << ", " << peers << " peers, row " << row);
        auto body = [&](Peer& peer) -> Task<double> {
          double sum = 0;
          for (int step = 0; step < 100; ++step) {
            double work = peer.rank();
            if (step % row == 0)
              for (int i = 0; i < 3000; ++i) work = work * 0.999 + 1e-3;
            sum += co_await all_reduce(peer, work, [](double a, double b) { return (std::max)(a, b); }) > -1;
          }
          co_return sum;
        };
        CHECK(bsp::Engine(place.options).run(body) == 100);
      }
}

TEST_CASE("hundreds of short runs start and end cleanly") {
  for (const auto& place : places(3)) {
    INFO(place.name);
    const bsp::Engine engine(place.options);
    long sum = 0;
    for (int round = 0; round < 300; ++round) {
      auto body = [round](Peer& peer) -> Task<int> {
        if (round % 3 == 0) co_await peer.sync();
        if (round % 7 == 0 && peer.rank() == round % 3) throw round;
        if (round % 2 == 0) co_await peer.sync();
        co_return 1;
      };
      try {
        sum += engine.run(body);
      } catch (int) {
      }
    }
    CHECK(sum == 257);
  }
}
