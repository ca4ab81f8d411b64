#include <cstring>
#include <functional>

#include "bsp/conformance/programs.hpp"
#include "scalar/bsp/async/parameter_table.hpp"
#include "scalar/bsp/async/stale_clock.hpp"
#include "scalar/bsp/detail/mailbox_memory.hpp"
#include "scalar/bsp/runs/checkpoint.hpp"
#include "scalar/core/error.hpp"

namespace conformance {
namespace {

using namespace scalar;
using bsp::Peer;
using bsp::Task;

constexpr int steps = 9;

/// Every step depends on all before it; `stops_at` is a step in which the last peer fails.
Task<> step_by_step(Peer& peer, Log& log, int stops_at) {
  int step = 0;
  std::vector<double> values(100, rough(static_cast<std::uint64_t>(peer.rank())));
  std::string text;
  const bool goes_on = peer.persist(step, values, text);
  log.add(goes_on);
  auto box = peer.mailbox<double>();
  while (step < steps) {
    box.send(peer.right(), std::span<const double>(values));
    co_await peer.sync();
    const std::span<const double> from_left = box.received(peer.left());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = values[i] / 2 + from_left[i] / 3;
    const double sum = co_await all_reduce(peer, values[7], std::plus{});
    values[11] += sum;
    text += static_cast<char>('a' + step);
    ++step;
    co_await peer.checkpoint();
    if (step == stops_at && peer.rank() == peer.size() - 1) throw Error(Errc::failed, "the power is gone");
  }
  log.add(values), log.add(text);
}

Task<> writes_checkpoints(Peer& peer, Log& log) { return step_by_step(peer, log, steps + 1); }
Task<> fails_after_checkpoint(Peer& peer, Log& log) { return step_by_step(peer, log, 7); }

/// What all peers push, summed up to every tick, by the collective.
Task<std::vector<std::vector<double>>> sums_of(Peer& peer, std::size_t elements) {
  std::vector<std::vector<double>> sums(1, std::vector<double>(elements));
  for (std::uint64_t tick = 0; tick < steps; ++tick) {
    std::vector<double> delta(elements);
    for (std::size_t i = 0; i < elements; ++i) delta[i] = rough(static_cast<std::uint64_t>(peer.rank()) + 1, i + tick);
    co_await all_reduce(peer, std::span(delta), std::plus{});
    for (std::size_t i = 0; i < elements; ++i) delta[i] += sums.back()[i];
    sums.push_back(std::move(delta));
  }
  co_return sums;
}

/// Which state of the table a peer sees is up to timing; that it is one of the states, and not too old, is not.
Task<> ticks(Peer& peer, Log& log, int staleness) {
  constexpr std::size_t rows = 5, width = 30;
  Task<std::vector<std::vector<double>>> task = sums_of(peer, rows * width);
  const std::vector<std::vector<double>> sums = co_await std::move(task);
  for (const std::vector<double>& sum : sums) log.add(sum);

  bsp::StaleClock clock(peer, {.staleness = staleness});
  bsp::ParameterTable<double> table(clock, rows, width);
  std::uint64_t wrong = 0;
  for (std::uint64_t tick = 0; tick < steps; ++tick) {
    std::vector<double> delta(rows * width);
    for (std::size_t i = 0; i < delta.size(); ++i)
      delta[i] = rough(static_cast<std::uint64_t>(peer.rank()) + 1, i + tick);
    for (std::size_t row = 0; row < rows; ++row) table.push(row, std::span(delta).subspan(row * width, width));
    co_await clock.tick();
    const std::uint64_t version = table.version();
    wrong += version + static_cast<std::uint64_t>(staleness) < tick + 1 || version > steps;
    if (version > steps) break;
    wrong += std::memcmp(table.values().data(), sums[version].data(), rows * width * sizeof(double)) != 0;
    if (staleness == 0) log.add(version);
  }
  log.add(wrong), log.add(clock.worst() <= static_cast<std::uint64_t>(staleness));
  if (wrong != 0) throw Error(Errc::internal, "a table is in a state that it never had");
}

Task<> ticks_together(Peer& peer, Log& log) { return ticks(peer, log, 0); }
Task<> ticks_apart(Peer& peer, Log& log) { return ticks(peer, log, 2); }

Task<> spills(Peer& peer, Log& log) {
  auto numbers = peer.mailbox<std::uint64_t>();
  auto texts = peer.mailbox<std::string>();
  for (std::uint64_t step = 0; step < 3; ++step) {
    for (int to = 0; to < peer.size(); ++to) {
      for (std::uint64_t k = 0; k < 12'000 + 3000 * step; ++k)
        numbers.send(to, mixed(static_cast<std::uint64_t>(peer.rank()), step + static_cast<std::uint64_t>(to), k));
      texts.emplace(to, std::to_string(step));
    }
    co_await peer.sync();
    log.add(peer.world().memory()->spilled_bytes() >= 96'000);  // what this peer has sent itself, at least
    for (int from = 0; from < peer.size(); ++from) log.add_bytes(std::as_bytes(numbers.received(from)));
    for (const std::string& text : texts.received()) log.add(text);
  }
}

}  // namespace

std::vector<Program> state_programs() {
  return {{"a throw after a checkpoint", {1, 5}, fails_after_checkpoint, Errc::ok, {.keeps_state = true}},
          {"going on from a checkpoint", {1, 5}, writes_checkpoints, Errc::ok, {.keeps_state = true}},
          {"checkpoints that are not written", {1, 4}, writes_checkpoints},
          {"a clock without staleness", {1, 2, 4, 5, 9}, ticks_together},
          {"a clock with staleness", {1, 2, 4, 5, 9}, ticks_apart},
          {"messages that lie in files", {1, 2, 5}, spills, Errc::ok, {.mailbox_bytes = 1}}};
}

}  // namespace conformance
