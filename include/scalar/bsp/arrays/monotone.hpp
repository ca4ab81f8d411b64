#pragma once
/// Monotone<T>: an array whose elements any peer may lower at any time.
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <type_traits>
#include <vector>

#include "scalar/bsp/arrays/replicated.hpp"
#include "scalar/bsp/detail/handle.hpp"
#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::bsp {

/// The elements of a `Monotone` array, as passed to its `Merge`. Thread-safe.
template <class T>
struct MonotoneCells {
  T* values = nullptr;  ///< as many as the array has

  std::atomic_ref<T> at(std::size_t index) const noexcept { return std::atomic_ref<T>(values[index]); }
  T operator[](std::size_t index) const noexcept { return at(index).load(std::memory_order_relaxed); }
  /// Lowers an element to `value` unless it is already as low; returns its previous value.
  T lower(std::size_t index, T value) const noexcept {
    T seen = (*this)[index];
    while (value < seen && !at(index).compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
    }
    return seen;
  }
  /// Replaces `expected` by `value`, which is lower; false when the element is no longer `expected`.
  bool lower(std::size_t index, T expected, T value) const noexcept {
    return at(index).compare_exchange_strong(expected, value, std::memory_order_relaxed);
  }
};

/// The default `Merge`, which brings a value from another process into a `Monotone` array: the lower value stays.
struct KeepLowest {
  template <class T>
  void operator()(const MonotoneCells<T>& cells, std::size_t index, T value) const noexcept {
    cells.lower(index, value);
  }
};

namespace detail {

/// The array, and for other processes a log of the elements that local peers have lowered.
template <class T, class Merge>
class MonotoneChannel final : public ChannelBase {
 public:
  struct Entry {
    std::uint64_t index;
    T value;
  };
  using Log = std::vector<std::uint64_t>;

  explicit MonotoneChannel(World& world) : first_(world.first()) {
    if (world.is_distributed()) locals_.resize(static_cast<std::size_t>(world.local()));
  }
  static std::unique_ptr<ChannelBase> make(World& world) { return std::make_unique<MonotoneChannel>(world); }

  void reset() noexcept override {
    is_open_ = false;
    values_.reset();
    for (Local& local : locals_) local.log.clear();
  }
  void collect(std::uint64_t superstep, Outbox& out) override {
    for (std::size_t i = 0; i < locals_.size(); ++i) {
      Local& local = locals_[i];
      if (local.log.empty()) continue;
      std::vector<Entry>& entries = local.leaving[superstep & 1];  // the previous superstep's may not have left yet
      entries.clear();
      for (const std::uint64_t index : local.log) entries.push_back(entry(index));
      local.log.clear();
      out.add(first_ + static_cast<int>(i), everyone_else, entries.size(), std::as_bytes(std::span(entries)),
              alignof(Entry));
    }
  }
  void deliver(std::uint64_t, const Segment& segment) override {
    if (segment.bytes.size() / sizeof(Entry) != segment.count || segment.bytes.size() % sizeof(Entry) != 0)
      throw_bad_part(segment);
    for (std::uint64_t i = 0; i < segment.count; ++i) {
      Entry arrived;
      std::memcpy(&arrived, segment.bytes.data() + i * sizeof(Entry), sizeof(Entry));
      if (arrived.index >= size_) throw_bad_part(segment);
      Merge{}(MonotoneCells<T>{values_.get()}, static_cast<std::size_t>(arrived.index), arrived.value);
    }
  }

  T* open(int rank, std::size_t size) {
    const std::lock_guard lock(mutex_);
    if (is_open_ && size != size_) throw_unlike_arrays(size_, rank, size);
    if (!values_) values_ = zeroed<T>(size);
    size_ = size, is_open_ = true;
    return values_.get();
  }
  /// Where peer `rank` records what it lowers; null without other processes.
  Log* log(int rank) noexcept {
    return locals_.empty() ? nullptr : &locals_[static_cast<std::size_t>(rank - first_)].log;
  }

 private:
  struct Local {
    Log log;
    std::vector<Entry> leaving[2];
  };
  static constexpr int everyone_else = -1;

  Entry entry(std::uint64_t index) const noexcept {
    Entry result;
    std::memset(&result, 0, sizeof result);  // keeps this process's memory out of the padding
    result.index = index;
    result.value = values_[static_cast<std::size_t>(index)];
    return result;
  }

  int first_;
  std::vector<Local> locals_;  // empty unless there are other processes
  std::mutex mutex_;
  std::size_t size_ = 0;
  bool is_open_ = false;
  std::unique_ptr<T[], FreeZeroed> values_;
};

}  // namespace detail

/// An array of `size` numbers that every peer reads and lowers in place, without waiting for a barrier.
///
/// For computations whose result does not depend on the order in which values fall, such as distances. What a peer
/// reads in a superstep is anywhere between the value at the last barrier and the lowest value given so far; after the
/// barrier every peer sees the lowest. So the result does not depend on peers, threads or processes, although
/// intermediate values do. Each process has the array once; a read is a plain load, and only a write that lowers is an
/// atomic operation. Elements that were lowered in a superstep are exchanged between processes at its end and applied
/// by `Merge`.
///
/// Monotone arrays match across peers as mailboxes do, by order of creation. No peer may use the array in the superstep
/// in which it is made. Thread safety: used only by the peer that made it. Memory: `size * sizeof(T)` in each process.
template <class T, class Merge = KeepLowest>
class Monotone final : detail::Handle<detail::MonotoneChannel<T, Merge>> {
  static_assert(std::is_arithmetic_v<T> && std::atomic_ref<T>::is_always_lock_free, "the elements are numbers");

 public:
  /// Element i begins as `initial(i)`, the same function for every peer. Errors: `Errc::shape_mismatch` when
  /// peers give different sizes.
  template <std::invocable<std::size_t> Initial>
  Monotone(Peer& peer, std::size_t size, Initial initial)
      : Handle(peer, typeid(Monotone), &Channel::make), log_(channel_.log(peer.rank())), size_(size) {
    cells_.values = channel_.open(peer.rank(), size);
    const detail::World& world = peer.world();
    const Range share = even_part(size, static_cast<std::size_t>(peer.rank() - world.first()),
                                  static_cast<std::size_t>(world.local()));  // whole in every process
    for (std::size_t i = share.begin; i < share.end; ++i) cells_.values[i] = static_cast<T>(initial(i));
    this->attach();
  }

  std::size_t size() const noexcept { return size_; }
  T operator[](std::size_t index) const noexcept { return cells_[index]; }

  /// Lowers an element to `value` unless it is already as low; returns its previous value.
  T lower(std::size_t index, T value) {
    const T before = cells_.lower(index, value);
    if (value < before) note(index);
    return before;
  }
  /// Lowers an element that is still `expected`; returns false and does nothing when it is not.
  bool lower(std::size_t index, T expected, T value) {
    if (!cells_.lower(index, expected, value)) return false;
    note(index);
    return true;
  }
  /// Lowers an element that no other peer writes in this superstep: a plain store.
  void set(std::size_t index, T value) {
    settle(index, value);
    note(index);
  }
  /// As `set`, but in this process only: for values that other processes find by themselves.
  void settle(std::size_t index, T value) noexcept { cells_.at(index).store(value, std::memory_order_relaxed); }

 private:
  using Channel = detail::MonotoneChannel<T, Merge>;
  using Handle = detail::Handle<Channel>;
  using Handle::channel_;

  void note(std::size_t index) {
    if (log_ != nullptr) [[unlikely]]
      log_->push_back(index);
  }
  void turn(std::uint64_t) override {}

  MonotoneCells<T> cells_;
  typename Channel::Log* log_;
  std::size_t size_;
};

}  // namespace scalar::inline v0::bsp
