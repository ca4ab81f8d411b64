#pragma once
/// TableSeat::Impl: one peer's view of a table, and what the peer has pushed since its last tick.
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "bsp/async/clock_core.hpp"
#include "scalar/bsp/async/parameter_table.hpp"

namespace scalar::inline v0::bsp::detail {

struct TableSeat::Impl {
  Impl(StaleClock& of, const TableSpec& what, std::span<const std::byte> initial, bool with_own);

  void push(std::uint64_t row, const void* delta);
  void push_all(const void* deltas);
  /// Appends what was pushed since the last tick, if anything, to `out`, as the update of `tick`.
  void seal(std::uint64_t tick, std::vector<Push>& out);
  /// Moves on to version `number` of the table; no peer will ask for one before `oldest`. Under the clock's lock.
  void show(std::uint64_t number, std::uint64_t oldest);
  /// With read_my_writes: makes `own` anew after `show`. Without the lock.
  void refresh();
  void begin();
  void compact();
  void add_own(std::uint64_t row, const void* delta);

  StaleClock& clock;
  const TableSpec& spec;
  const std::uint32_t number;  // index among the clock's tables
  TableCore& core;
  const bool reads_own;
  TableVersion* version;
  std::shared_ptr<PushData> data;  // pushed since the last tick; null: nothing
  bool dense = false;              // `data` has all rows
  std::vector<std::byte> own;      // with read_my_writes: the version, plus this peer's pushes that it does not contain
  std::deque<Push> unseen;         // with read_my_writes: such pushes of earlier ticks
};

}  // namespace scalar::inline v0::bsp::detail
