#include "scalar/bsp/aggregator.hpp"

#include <limits>
#include <string>
#include <vector>

#include "bsp/loopback.hpp"
#include "bsp/places.hpp"
#include "scalar/bsp/messages/combine_options.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Aggregator;
using bsp::Peer;
using bsp::Task;
using bsp_test::engine_of;
using bsp_test::places;
using Catch::Matchers::Contains;

TEST_CASE("what peers add in a superstep is folded in the next, and only then") {
  for (const int peers : {1, 2, 3, 17, 70}) {
    auto body = [](Peer& peer) -> Task<bool> {
      Aggregator<long> sum;
      Aggregator<int, bsp::Maximum> top{std::numeric_limits<int>::lowest()};
      Aggregator<int, bsp::Minimum> bottom{std::numeric_limits<int>::max()};
      Aggregator<bsp::Mean> mean;
      bool right = sum.value() == 0;
      const long n = peer.size();
      for (int step = 1; step <= 4; ++step) {
        sum.add(peer.rank()), sum.add(step);
        top.add(peer.rank() * step), bottom.add(-peer.rank() - step);
        mean.add(bsp::Mean(peer.rank()));
        co_await bsp::sync(peer, sum, top, bottom, mean);
        right = right && sum.value() == n * (n - 1) / 2 + n * step && top.value() == (n - 1) * step &&
                bottom.value() == -(n - 1) - step && mean.value().value() == static_cast<double>(n - 1) / 2 &&
                mean.value().count() == static_cast<std::uint64_t>(n) &&
                peer.superstep() == static_cast<std::uint64_t>(step);
      }
      co_return right;
    };
    for (const bool right : engine_of(peers).run_all(body)) CHECK(right);
  }
}

TEST_CASE("an aggregator keeps its value until it is synced, and forgets it then") {
  auto body = [](Peer& peer) -> Task<std::vector<int>> {
    Aggregator<int> one, other;
    std::vector<int> seen;
    one.add(1), other.add(10);
    co_await bsp::sync(peer, one, other);
    seen.push_back(one.value()), seen.push_back(other.value());
    other.add(5);
    co_await bsp::sync(peer, one);  // the other waits
    seen.push_back(one.value()), seen.push_back(other.value());
    other.add(5);
    co_await bsp::sync(peer, one, other);
    seen.push_back(other.value());
    co_return seen;
  };
  CHECK(engine_of(3).run(body) == std::vector<int>{3, 30, 0, 30, 30});
}

TEST_CASE("folds go in rank order: their bits do not depend on the schedule") {
  for (const auto& place : places(13)) {
    auto body = [](Peer& peer) -> Task<double> {
      Aggregator<double> sum;
      sum.add(1.0 / (1 + peer.rank())), sum.add(1e-9 * peer.rank());
      co_await bsp::sync(peer, sum);
      co_return sum.value();
    };
    double expected = 0;
    for (int rank = 0; rank < 13; ++rank) expected += (0.0 + 1.0 / (1 + rank)) + 1e-9 * rank;
    INFO(place.name);
    for (const double value : bsp::Engine(place.options).run_all(body)) CHECK(value == expected);
  }
}

TEST_CASE("a mean of nothing is 0, and operations may carry values") {
  auto body = [](Peer& peer) -> Task<int> {
    Aggregator<bsp::Mean> mean;
    const int modulus = 7;
    const auto plus = [modulus](int a, int b) { return (a + b) % modulus; };
    Aggregator<int, decltype(plus)> sum(0, plus);
    sum.add(peer.rank() + 4);
    co_await bsp::sync(peer, mean, sum);
    co_return mean.value().value() == 0 && mean.value().count() == 0 ? sum.value() : -1;
  };
  CHECK(engine_of(4).run(body) == (4 + 5 + 6 + 7) % 7);
}

TEST_CASE("peers that sync other aggregators are named") {
  auto body = [](Peer& peer) -> Task<> {
    Aggregator<int> one;
    Aggregator<double> other;
    if (peer.rank() == 1)
      co_await bsp::sync(peer, one, other);
    else
      co_await bsp::sync(peer, one);
  };
  CHECK_THROWS_WITH(engine_of(2).run(body), Contains("peer 1"));
  CHECK_THROWS_AS(engine_of(2).run(body), Error);
}

TEST_CASE("over several processes the folds have the same bits") {
  auto body = [](Peer& peer) -> Task<double> {
    Aggregator<double> sum;
    Aggregator<int, bsp::Maximum> most{-1};
    Aggregator<bsp::Mean> mean;
    double all = 0;
    for (int step = 0; step < 5; ++step) {
      sum.add(1.0 / (3 + peer.rank() + step)), most.add(peer.rank() * step), mean.add(bsp::Mean(0.1 * peer.rank()));
      co_await bsp::sync(peer, sum, most, mean);
      all = all / 3 + sum.value() + most.value() + mean.value().value();
    }
    co_return all;
  };
  for (const int peers : {3, 10}) {
    const double expected = engine_of(peers).run(body);
    for (const int processes : {2, 3}) {
      std::vector<std::vector<double>> values(static_cast<std::size_t>(processes));
      bsp_test::in_processes(
          processes, {.peers = peers, .workers = 2, .executor = &bsp_test::host_threads()},
          [&](bsp::Engine& engine, int process) { values[static_cast<std::size_t>(process)] = engine.run_all(body); });
      for (const auto& some : values) {
        const std::lock_guard lock(bsp_test::checks());
        CHECK_FALSE(some.empty());
        for (const double value : some) CHECK(value == expected);
      }
    }
  }
}
