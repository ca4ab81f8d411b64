#pragma once
/// What a peer has of a table for itself.
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
  /// What was pushed since the last tick, if anything, is the update of this one.
  void seal(std::uint64_t tick, std::vector<Push>& out);
  /// Goes on to this version of the table; nobody will go on to one before `oldest`. Under the clock's lock.
  void show(std::uint64_t number, std::uint64_t oldest);
  /// ... and after that.
  void refresh();
  void begin();
  void compact();
  void add_own(std::uint64_t row, const void* delta);

  StaleClock& clock;
  const TableSpec& spec;
  const std::uint32_t number;  // among the clock's tables
  TableCore& core;
  const bool reads_own;
  TableVersion* version;
  std::shared_ptr<PushData> data;  // since the last tick; null: nothing
  bool dense = false;              // `data` has all rows
  std::vector<std::byte> own;      // with read_my_writes: the version and all that this peer has pushed since
  std::deque<Push> unseen;         // ... of earlier ticks
};

}  // namespace scalar::inline v0::bsp::detail
