#include "scalar/bsp/collectives.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "bsp/places.hpp"
#include "scalar/bsp/aborted.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;
using bsp_test::engine_of;
using bsp_test::places;

namespace {

/// Values whose sum depends on the order of additions.
double rough(int rank, std::size_t i) {
  return std::sin(1.0 + rank * 7.0 + static_cast<double>(i) * 0.37) *
         std::pow(10.0, (rank * 5 + static_cast<int>(i)) % 13 - 6);
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

struct Moments {
  double sum = 0;
  long count = 0;
};

}  // namespace

TEST_CASE("all_reduce, reduce and broadcast of one value, for 1 to 17 peers") {
  for (int peers = 1; peers <= 17; ++peers)
    for (const auto& place : places(peers)) {
      INFO(place.name << ", " << peers << " peers");
      double expected = rough(0, 0);
      for (int rank = 1; rank < peers; ++rank) expected += rough(rank, 0);
      auto body = [&](Peer& peer) -> Task<int> {
        int wrong = 0;
        const double sum = co_await all_reduce(peer, rough(peer.rank(), 0), std::plus{});
        wrong += std::memcmp(&sum, &expected, sizeof sum) != 0;  // the bits of a fold in rank order
        wrong +=
            co_await all_reduce(peer, peer.rank(), [](int a, int b) { return (std::max)(a, b); }) != peer.size() - 1;
        // Not commutative: the first operand is the fold of the lower ranks.
        wrong += co_await all_reduce(peer, peer.rank(), [](int, int b) { return b; }) != peer.size() - 1;
        for (int root = 0; root < peer.size(); ++root) {
          const int got = co_await reduce(peer, 1, std::plus{}, root);
          wrong += got != (root == peer.rank() ? peer.size() : 1);
          wrong += co_await broadcast(peer, 100 * peer.rank() + 7, root) != 100 * root + 7;
        }
        const auto [total, count] = co_await all_reduce(peer, Moments{1.5, 1}, [](Moments a, Moments b) {
          return Moments{a.sum + b.sum, a.count + b.count};
        });
        wrong += total != 1.5 * peer.size() || count != peer.size();
        wrong += peer.superstep() != 4u + 2u * static_cast<unsigned>(peer.size());
        co_return wrong;
      };
      for (const int wrong : bsp::Engine(place.options).run_all(body)) CHECK(wrong == 0);
    }
}

TEST_CASE("an operation may carry values, and rank 0's counts") {
  auto body = [](Peer& peer) -> Task<int> {
    const int weight = peer.rank() + 2;
    co_return co_await all_reduce(peer, 1, [weight](int a, int b) { return a * weight + b; });
  };
  CHECK(engine_of(3).run_all(body) == std::vector<int>(3, (1 * 2 + 1) * 2 + 1));
}

namespace {

/// The fold of `values(first) ... values(first + count - 1)` over the tree that the documentation describes: as many
/// ranks to the left as the largest power of two below `count`.
template <class T, class Values>
T tree_sum(int first, int count, const Values& values) {
  if (count == 1) return static_cast<T>(values(first));
  int left = 1;
  while (left * 2 < count) left *= 2;
  return tree_sum<T>(first, left, values) + tree_sum<T>(first + left, count - left, values);
}

}  // namespace

TEST_CASE("vector all_reduce has the bits of a fold over the tree of ranks, for every size and schedule") {
  for (const int peers : {1, 2, 3, 4, 7, 16, 17})
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{9},
                                   std::size_t{600}, std::size_t{5003}}) {
      std::vector<double> expected(size);
      std::vector<float> expected_float(size);
      for (std::size_t i = 0; i < size; ++i) {
        const auto value = [i](int rank) { return rough(rank, i); };
        expected[i] = tree_sum<double>(0, peers, value);
        expected_float[i] = tree_sum<float>(0, peers, value);
      }
      for (const auto& place : places(peers)) {
        INFO(place.name << ", " << peers << " peers, " << size << " elements");
        auto body = [&](Peer& peer) -> Task<bool> {
          bool right = true;
          std::vector<double> values(size), kept(size);
          std::vector<float> floats(size);
          for (std::size_t i = 0; i < size; ++i)
            values[i] = rough(peer.rank(), i), floats[i] = static_cast<float>(values[i]);
          const std::vector<double> own = values;
          co_await all_reduce(peer, std::span(values), std::plus{});
          co_await all_reduce(peer, std::span(floats), std::plus<float>{});
          right = right && same_bits(values, expected);
          right = right && same_bits(floats, expected_float);
          const int root = peer.size() / 2;
          kept = own;
          co_await reduce(peer, std::span(kept), std::plus{}, root);
          right = right && kept == (peer.rank() == root ? expected : own);
          kept.assign(size, peer.rank());
          co_await broadcast(peer, std::span(kept), root);
          right = right && kept == std::vector<double>(size, root);
          right = right && peer.superstep() == 8;
          co_return right;
        };
        for (const bool right : bsp::Engine(place.options).run_all(body)) CHECK(right);
      }
    }
}

TEST_CASE("spans of fixed extent and of structs are reduced") {
  auto body = [](Peer& peer) -> Task<double> {
    double pair[2] = {1.0 + peer.rank(), 2.0};
    co_await all_reduce(peer, std::span<double, 2>(pair), std::multiplies{});
    std::vector<Moments> moments(300, Moments{1.0, peer.rank()});
    co_await all_reduce(peer, std::span(moments), [](Moments a, Moments b) {
      return Moments{a.sum + b.sum, a.count + b.count};
    });
    co_return pair[0] * 1000 + pair[1] * 100 + moments[299].sum * 10 + static_cast<double>(moments[299].count);
  };
  CHECK(engine_of(3).run_all(body) == std::vector<double>(3, 6 * 1000 + 8 * 100 + 3 * 10 + 3));
}

TEST_CASE("the chunks of a vector cover it once, in whole cache lines, whatever the numbers") {
  Philox random(7, 0);
  for (int trial = 0; trial < 2000; ++trial) {
    const std::size_t count = random() % 5000, bytes = std::size_t{1} << random() % 9;
    const int peers = 1 + static_cast<int>(random() % 70);
    std::size_t next = 0;
    for (int rank = 0; rank < peers; ++rank) {
      const auto chunk = bsp::detail::chunk_of(count, bytes, rank, peers);
      REQUIRE(chunk.begin == next);
      REQUIRE(chunk.end >= chunk.begin);
      REQUIRE((chunk.end == count || chunk.end * bytes % 64 == 0));
      next = chunk.end;
    }
    REQUIRE(next == count);
  }
}

TEST_CASE("peers that do not agree about a collective get an error that says so") {
  const auto message = [](auto body) -> std::string {
    std::string text;
    for (const auto& place : places(3)) {
      try {
        bsp::Engine(place.options).run(body);
        return "no error";
      } catch (const bsp::Aborted&) {
        return "a consequence was thrown";
      } catch (const Error& error) {
        if (!text.empty() && text != error.what()) return "texts differ: " + text + " / " + error.what();
        text = error.what();
      }
    }
    return text;
  };
  std::vector<double> four(4), five(5);
  CHECK(message([](Peer& peer) -> Task<> {
          if (peer.rank() == 1) co_await peer.sync();
          if (peer.rank() != 1) co_await all_reduce(peer, 1, std::plus{});
        }) == "bsp superstep 0: peers are at different collectives: peer 0 is in all_reduce, peer 1 is in sync");
  CHECK(message([](Peer& peer) -> Task<> {
          co_await peer.sync();
          if (peer.rank() == 2) co_return;
          co_await broadcast(peer, 1);
        }) == "bsp superstep 1: peers are at different collectives: peer 0 is in broadcast, peer 2 has returned");
  CHECK(message([](Peer& peer) -> Task<> {
          if (peer.rank() == 0) co_return;
          co_await peer.sync();
          co_await peer.sync();
          co_await reduce(peer, 1, std::plus{});
        }) == "bsp superstep 2: peers are at different collectives: peer 0 has returned, peer 1 is in reduce");
  CHECK(message([](Peer& peer) -> Task<> {
          if (peer.rank() == 2) co_await all_reduce(peer, 1.0f, std::plus{});
          if (peer.rank() != 2) co_await all_reduce(peer, 1, std::plus{});
        }) ==
        "bsp superstep 0: peers are at different collectives: peer 0 is in all_reduce, peer 2 is in all_reduce of "
        "another "
        "type or operation");
  CHECK(message([](Peer& peer) -> Task<> { co_await broadcast(peer, 1, peer.rank() == 2 ? 1 : 0); }) ==
        "bsp: broadcast: root is 0 for peer 0, but 1 for peer 2");
  CHECK(message([](Peer& peer) -> Task<> { co_await reduce(peer, 1, std::plus{}, peer.rank() % 2); }) ==
        "bsp: reduce: root is 0 for peer 0, but 1 for peer 1");
  CHECK(message([](Peer& peer) -> Task<> {
          std::vector<double> values(peer.rank() == 1 ? 5 : 4);
          co_await all_reduce(peer, std::span(values), std::plus{});
        }) == "bsp: all_reduce: peer 0 gives 4 elements, but peer 1 gives 5");
  CHECK(message([](Peer& peer) -> Task<> { co_await broadcast(peer, 1, 3); }) ==
        "bsp peer 0: broadcast: rank is 3, expected 0 to 2");
  CHECK(message([](Peer& peer) -> Task<> {
          std::vector<double> values(4);
          co_await reduce(peer, std::span(values), std::plus{}, -1);
        }) == "bsp peer 0: reduce: rank is -1, expected 0 to 2");
}

TEST_CASE("an operation that throws ends the run with its error") {
  for (const auto& place : places(4)) {
    INFO(place.name);
    auto fused = [](Peer& peer) -> Task<> {
      co_await all_reduce(peer, peer.rank(), [](int a, int b) { return b == 3 ? throw std::string("three") : a + b; });
    };
    CHECK_THROWS_AS(bsp::Engine(place.options).run(fused), std::string);
    // Only the owner of the last chunk meets the value; the others must not read its vector after it has unwound.
    std::atomic<int> told{0};
    auto vectors = [&](Peer& peer) -> Task<> {
      std::vector<double> values(20'000, 1.0);
      if (peer.rank() == 2) values.back() = -1;
      try {
        co_await all_reduce(peer, std::span(values),
                            [](double a, double b) { return a < 0 || b < 0 ? throw std::string("negative") : a + b; });
      } catch (const bsp::Aborted& aborted) {
        told += aborted.rank() == 3 && aborted.superstep() == 1;
        throw;
      }
    };
    CHECK_THROWS_AS(bsp::Engine(place.options).run(vectors), std::string);
    CHECK(told == 4);
  }
}
