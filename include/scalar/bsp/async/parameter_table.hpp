#pragma once
/// ParameterTable<T>: parameters that all peers read and add to, and that may be as stale as a clock allows.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

#include "scalar/bsp/async/stale_clock.hpp"

namespace scalar::inline v0::bsp {

template <class T>
struct ParameterTableOptions {
  std::span<const T> initial{};  ///< rows x width values, the same for all peers; empty: zeros
  bool read_my_writes = false;   ///< a peer sees its own pushes at once; costs the peer a copy of the table
};

namespace detail {

/// The shape and type of a table, the same for all peers.
struct TableSpec {
  std::uint64_t rows = 0, width = 0;
  std::uint64_t element_bytes = 0;
  std::uint64_t type = 0;
  void (*add)(void* out, const void* left, const void* right, std::size_t count) = nullptr;
  std::uint64_t row_bytes() const noexcept { return width * element_bytes; }
  std::uint64_t bytes() const noexcept { return rows * row_bytes(); }
};

/// A `TableSeat` is one peer's handle to a table, without the element type.
class TableSeat {
 public:
  TableSeat(StaleClock& clock, const TableSpec& spec, std::span<const std::byte> initial, bool read_my_writes);
  TableSeat(const TableSeat&) = delete;
  TableSeat& operator=(const TableSeat&) = delete;
  ~TableSeat();

  void push(std::uint64_t row, const void* delta, std::size_t count);
  void push_all(const void* deltas, std::size_t count);
  const std::byte* values() const noexcept { return values_; }
  const std::byte* row(std::uint64_t row) const;
  std::uint64_t version() const noexcept;
  const TableSpec& spec() const noexcept { return spec_; }

  struct Impl;
  Impl& impl() noexcept { return *impl_; }
  /// Moves `values()` on to the version that the clock shows.
  void refresh();

 private:
  TableSpec spec_;
  const std::byte* values_ = nullptr;
  std::unique_ptr<Impl> impl_;
};

template <class T>
void add_elements(void* out, const void* left, const void* right, std::size_t count) {
  T* to = static_cast<T*>(out);
  const T *a = static_cast<const T*>(left), *b = static_cast<const T*>(right);
  for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<T>(a[i] + b[i]);
}

}  // namespace detail

/// A matrix of parameters. Every process keeps a replica, and every peer adds to it.
///
/// What a peer pushes between two ticks of its clock is one update. With a bounded staleness s the values are those of
/// a complete prefix: all updates of all peers up to some tick, `version()`, and no others. A peer that has ticked t
/// times sees at least the prefix t - s. The updates of one tick are first summed over the peers, by the tree over
/// ranks with which `all_reduce` folds vectors, and then added to the values. So the states that a table goes through
/// have the same bits for any timing, threads and processes; timing decides only which of these states a peer sees.
/// With staleness 0 a peer sees each state in turn, which has the bits of a BSP program that all-reduces its updates
/// and adds the sum. With `unbounded`, whole updates are applied in the order in which they arrive in a process, and
/// `version()` counts them.
///
/// Until its first tick a peer sees the initial values, and after each tick all tables of its clock show one version.
/// What a peer pushes after its last tick is discarded. Only rows that were pushed are sent to other processes. Spans
/// are valid until the next tick. All peers of a clock make their tables before the first tick, in the same order.
///
/// Memory, in a process with L peers: min(L, s + 1) + 1 copies of the table, the updates that are not yet complete (at
/// most s + 1 per peer), and as many of the last updates as take the memory of two copies; during a replay also the
/// updates that the slowest peer has not seen yet.
/// Errors: `Errc::out_of_range` for an invalid row; `Errc::shape_mismatch` for deltas of the wrong size, and for tables
/// that differ between peers; `Errc::invalid_argument` when a table is made after the first tick.
/// Thread safety: used only by the peer that made it.
template <class T>
class ParameterTable {
  static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8 && !std::is_same_v<T, bool>, "a table holds numbers");

 public:
  ParameterTable(StaleClock& clock, std::size_t rows, std::size_t width, const ParameterTableOptions<T>& options = {})
      : seat_(clock, {rows, width, sizeof(T), detail::spelling_of<T>(), &detail::add_elements<T>},
              std::as_bytes(options.initial), options.read_my_writes) {}

  std::size_t rows() const noexcept { return seat_.spec().rows; }
  std::size_t width() const noexcept { return seat_.spec().width; }

  /// Adds `delta`, which has `width` elements, to a row. Several pushes to a row are summed in their order.
  void push(std::size_t row, std::span<const T> delta) { seat_.push(row, delta.data(), delta.size()); }
  void push(std::size_t row, const T& delta) { push(row, std::span(&delta, 1)); }
  /// Adds to all rows; `deltas` has rows x width elements.
  void push_all(std::span<const T> deltas) { seat_.push_all(deltas.data(), deltas.size()); }

  /// The values of a row.
  std::span<const T> pull(std::size_t row) const { return {reinterpret_cast<const T*>(seat_.row(row)), width()}; }
  /// All values, row by row.
  std::span<const T> values() const noexcept { return {reinterpret_cast<const T*>(seat_.values()), rows() * width()}; }
  /// How many ticks (with `unbounded`: updates) the values contain.
  std::uint64_t version() const noexcept { return seat_.version(); }

 private:
  detail::TableSeat seat_;
};

}  // namespace scalar::inline v0::bsp
