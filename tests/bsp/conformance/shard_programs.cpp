#include <algorithm>
#include <bit>
#include <functional>
#include <vector>

#include "bsp/conformance/programs.hpp"
#include "scalar/bsp/collectives/shards.hpp"
#include "scalar/bsp/runs/checkpoint.hpp"
#include "scalar/core/error.hpp"

namespace conformance {
namespace {

using namespace scalar;
using bsp::Peer;
using bsp::Task;

constexpr int shards = 37, steps = 9;

double value_of(int shard, std::size_t i) { return rough(static_cast<std::uint64_t>(shard) + 1, i); }

/// The canonical tree as a recursion, which no number of peers takes part in.
double tree(int first, int last, std::size_t i) {
  if (last - first == 1) return value_of(first, i);
  const int half = static_cast<int>(std::bit_floor(static_cast<unsigned>(last - first - 1)));
  return tree(first, first + half, i) + tree(first + half, last, i);
}

Task<> folds(Peer& peer, Log& log) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{30}, std::size_t{9000}}) {
    bsp::ShardReduce<double, std::plus<>> reduce(peer, shards);
    bsp::ShardFold<double, std::plus<>> fold(reduce.shards().first, size);
    for (int shard = reduce.shards().first; shard < reduce.shards().last; ++shard)
      fold.push([&](std::span<double> to) {
        for (std::size_t i = 0; i < size; ++i) to[i] = value_of(shard, i);
      });
    std::vector<double> sums(size);
    co_await reduce.all_reduce(fold, std::span<double>(sums));
    log.add(sums);
    for (std::size_t i = 0; i < size; ++i)
      if (sums[i] != tree(0, shards, i)) throw Error(Errc::internal, "a sum depends on the number of peers");
  }
}

/// Every step depends on all before it; `stops_at` is a step in which the last peer fails.
Task<> step_by_step(Peer& peer, Log& log, int stops_at) {
  bsp::ShardReduce<double, std::plus<>> reduce(peer, shards);
  bsp::ShardFold<double, std::plus<>> fold(reduce.shards().first, 1);
  int step = 0;
  double sum = 1;
  std::vector<std::vector<double>> rows;
  for (int shard = reduce.shards().first; shard < reduce.shards().last; ++shard)
    rows.emplace_back(1 + static_cast<std::size_t>(shard), value_of(shard, 0));
  const bool goes_on = peer.persist(step, bsp::sharded(rows, shards), sum);
  log.add(goes_on), log.add(step);
  std::vector<double> out(1);
  while (step < steps) {
    for (std::vector<double>& row : rows) {
      for (double& x : row) x = x / 2 + sum / static_cast<double>(row.size() + 2);
      fold.push([&](std::span<double> to) { to[0] = row.back(); });
    }
    co_await reduce.all_reduce(fold, std::span<double>(out));
    sum = out[0];
    ++step;
    co_await peer.checkpoint();
    if (step == stops_at && peer.rank() == peer.size() - 1) throw Error(Errc::failed, "the power is gone");
  }
  log.add(rows), log.add(sum);
}

Task<> goes_to_the_end(Peer& peer, Log& log) { return step_by_step(peer, log, steps + 1); }
Task<> fails_on_the_way(Peer& peer, Log& log) { return step_by_step(peer, log, 7); }

}  // namespace

std::vector<Program> shard_programs() {
  const Needs in_shards{.keeps_state = true, .in_shards = true};
  return {{"a fold of shards", {1, 2, 5, 9, 37}, folds},
          {"a throw after a checkpoint in shards", {4}, fails_on_the_way, Errc::ok, in_shards},
          {"going on with more peers", {7}, goes_to_the_end, Errc::ok, in_shards}};
}

}  // namespace conformance
