#include "scalar/bsp/collectives/shards.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "bsp/everywhere.hpp"
#include "bsp/places.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::ShardFold;
using bsp::ShardRange;
using bsp::ShardReduce;
using bsp::Task;
using bsp_test::engine_of;
using bsp_test::places;

namespace {

/// Values whose sum depends on the order of additions.
float rough(int shard, std::size_t i) {
  return static_cast<float>(std::sin(1.0 + shard * 7.0 + static_cast<double>(i) * 0.37) *
                            std::pow(10.0, (shard * 5 + static_cast<int>(i)) % 13 - 6));
}

/// The canonical tree written as a recursion: the left child of a node is the largest power of two below its size.
float tree(int first, int last, std::size_t i) {
  if (last - first == 1) return rough(first, i);
  const int half = static_cast<int>(std::bit_floor(static_cast<unsigned>(last - first - 1)));
  return tree(first, first + half, i) + tree(first + half, last, i);
}

/// Not commutative, and associative: strings of digits by length and value, modulo a prime.
struct Digits {
  std::uint64_t value = 0, shift = 1;
  friend bool operator==(const Digits&, const Digits&) = default;
};
constexpr std::uint64_t prime = 1'000'003;
struct Append {
  Digits operator()(Digits a, Digits b) const {
    return {(a.value * b.shift + b.value) % prime, a.shift * b.shift % prime};
  }
};

template <class T, class Op, class Value>
Task<std::vector<T>> fold_all(Peer& peer, int shards, std::size_t size, const Value& value) {
  ShardReduce<T, Op> reduce(peer, shards);
  ShardFold<T, Op> fold(reduce.shards().first, size);
  std::vector<T> out(size);
  for (int round = 0; round < 2; ++round) {  // the second one uses the memory of the first
    for (int shard = reduce.shards().first; shard < reduce.shards().last; ++shard)
      fold.push([&](std::span<T> to) {
        for (std::size_t i = 0; i < size; ++i) to[i] = value(shard, i);
      });
    co_await reduce.all_reduce(fold, std::span<T>(out));
  }
  co_return out;
}

}  // namespace

TEST_CASE("shards are dealt out in order, evenly, and refused when there are fewer than peers") {
  for (int shards = 1; shards <= 40; ++shards)
    for (int peers = 1; peers <= shards; ++peers) {
      int next = 0;
      for (int rank = 0; rank < peers; ++rank) {
        const ShardRange mine = bsp::shards_of(shards, rank, peers);
        REQUIRE(mine.first == next);
        REQUIRE(mine.count() >= shards / peers);
        REQUIRE(mine.count() <= (shards + peers - 1) / peers);
        next = mine.last;
      }
      REQUIRE(next == shards);
    }
  CHECK_THROWS_WITH(bsp::shards_of(2, 0, 3),
                    "bsp::ShardReduce: 3 peers cannot share 2 shards, expected at most as many peers as shards");
  CHECK_THROWS_WITH(bsp::shards_of(0, 0, 1), "bsp::ShardReduce: shards is 0, expected 1 to 1048576");
  CHECK_THROWS_AS(bsp::shards_of(1 << 21, 0, 1), Error);
}

TEST_CASE("nodes are the largest aligned powers of two that cover a range") {
  CHECK(bsp::nodes_of({0, 16}) == std::vector<ShardRange>{{0, 16}});
  CHECK(bsp::nodes_of({3, 13}) == std::vector<ShardRange>{{3, 4}, {4, 8}, {8, 12}, {12, 13}});
  CHECK(bsp::nodes_of({5, 5}).empty());
  CHECK(bsp::nodes_of({0, 1 << 20}) == std::vector<ShardRange>{{0, 1 << 20}});
  for (int first = 0; first < 33; ++first)
    for (int last = first + 1; last <= 33; ++last) {
      ShardFold<int> fold(first, 1);
      for (int shard = first; shard < last; ++shard) fold.push([](std::span<int> to) { to[0] = 1; });
      std::vector<ShardRange> stand;
      for (const auto& node : fold.nodes()) {
        stand.push_back(node.shards);
        REQUIRE(std::vector<int>(node.values.begin(), node.values.end()) == std::vector<int>{node.shards.count()});
      }
      REQUIRE(stand == bsp::nodes_of({first, last}));
    }
}

TEST_CASE("a fold over shards has the bits of the tree, for 1 to 17 peers") {
  const std::size_t size = GENERATE(1, 3, 40, 1000);
  for (const int shards : {1, 2, 3, 5, 7, 8, 16, 17, 24, 64}) {
    std::vector<float> expected(size);
    for (std::size_t i = 0; i < size; ++i) expected[i] = tree(0, shards, i);
    for (int peers = 1; peers <= std::min(17, shards); ++peers) {
      INFO(shards << " shards of " << size << ", " << peers << " peers");
      const auto body = [&](Peer& peer) { return fold_all<float, std::plus<>>(peer, shards, size, rough); };
      for (const std::vector<float>& got : engine_of(peers).run_all(body)) REQUIRE(got == expected);
    }
  }
}

TEST_CASE("the order of the shards is kept by operations that do not commute") {
  const auto digit = [](int shard, std::size_t i) {
    return Digits{static_cast<std::uint64_t>(shard) * 31 + i + 1, 1000};
  };
  for (const int shards : {1, 6, 16, 23}) {
    std::vector<Digits> expected(5);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      expected[i] = digit(0, i);
      for (int shard = 1; shard < shards; ++shard) expected[i] = Append{}(expected[i], digit(shard, i));
    }
    for (int peers = 1; peers <= std::min(6, shards); ++peers)
      for (const auto& place : places(peers)) {
        INFO(place.name << ", " << shards << " shards, " << peers << " peers");
        const auto body = [&](Peer& peer) { return fold_all<Digits, Append>(peer, shards, 5, digit); };
        for (const auto& got : bsp::Engine(place.options).run_all(body)) REQUIRE(got == expected);
      }
  }
}

TEST_CASE("a fold over shards has the same bits over several processes") {
  const std::size_t size = 300;
  for (const int shards : {4, 7, 16}) {
    std::vector<float> expected(size);
    for (std::size_t i = 0; i < size; ++i) expected[i] = tree(0, shards, i);
    for (int peers = 2; peers <= std::min(shards, 6); ++peers)
      for (const int processes : {2, 3}) {
        if (processes > peers) continue;
        INFO(shards << " shards, " << peers << " peers in " << processes << " processes");
        const auto body = [&](Peer& peer) { return fold_all<float, std::plus<>>(peer, shards, size, rough); };
        const auto all = bsp_test::run_over(processes, peers, body);
        REQUIRE(all.size() == static_cast<std::size_t>(peers));
        for (const std::vector<float>& got : all) REQUIRE(got == expected);
      }
  }
}

TEST_CASE("a vector of no elements is folded too") {
  const auto body = [](Peer& peer) { return fold_all<float, std::plus<>>(peer, 4, 0, rough); };
  for (const auto& got : engine_of(3).run_all(body)) CHECK(got.empty());
}

TEST_CASE("a fold over shards is two supersteps, none for one peer") {
  const auto steps = [](Peer& peer) -> Task<std::uint64_t> {
    const std::vector<float> sum = co_await fold_all<float, std::plus<>>(peer, 8, 9, rough);
    co_return peer.superstep();
  };
  CHECK(engine_of(1).run(steps) == 0);
  CHECK(engine_of(3).run(steps) == 4);  // two rounds
}

TEST_CASE("a peer that folds other shards, or another size, is named") {
  const auto fold_badly = [](int pushed, std::size_t size, std::size_t out_size) {
    return [=](Peer& peer) -> Task<> {
      ShardReduce<int> reduce(peer, 4);
      const bool odd = peer.rank() == 1;
      const int count = odd ? pushed : reduce.shards().count();
      ShardFold<int> fold(reduce.shards().first, odd ? size : 8);
      for (int shard = 0; shard < count; ++shard) fold.push([](std::span<int> to) { std::ranges::fill(to, 1); });
      std::vector<int> out(odd ? out_size : 8);
      co_await reduce.all_reduce(fold, std::span<int>(out));
    };
  };
  using Catch::Contains;
  CHECK_THROWS_WITH(engine_of(2).run(fold_badly(1, 8, 8)), "bsp::ShardReduce peer 1: shards folded: 1, expected 2");
  CHECK_THROWS_WITH(engine_of(2).run(fold_badly(3, 8, 8)), "bsp::ShardReduce peer 1: shards folded: 3, expected 2");
  CHECK_THROWS_WITH(engine_of(2).run(fold_badly(0, 8, 8)), "bsp::ShardReduce peer 1: shards folded: 0, expected 2");
  CHECK_THROWS_WITH(engine_of(2).run(fold_badly(2, 8, 7)),
                    "bsp::ShardReduce peer 1: elements of the result: 7, expected 8");
  CHECK_THROWS_WITH(engine_of(3).run(fold_badly(1, 6, 6)), Contains("elements received: 3, expected 2"));
  CHECK_THROWS_WITH(engine_of(2).run(fold_badly(2, 6, 6)), Contains("peer 0 gives 8 elements, but peer 1 gives 6"));
  CHECK_THROWS_WITH(engine_of(5).run(fold_badly(1, 8, 8)), Contains("5 peers cannot share 4 shards"));
}
