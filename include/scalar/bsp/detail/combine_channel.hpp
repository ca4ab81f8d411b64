#pragma once
/// CombineChannel: carries combined messages between peers. Internal to the room; see `Combining`.
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "scalar/bsp/detail/channel.hpp"
#include "scalar/bsp/messages/combine_options.hpp"

namespace scalar::inline v0::bsp {

/// A key and what was sent to it.
template <class Key, class Value>
struct KeyValue {
  Key key;
  Value value;
};

namespace detail {

/// Sorts by key, one byte of the key at a time, and keeps the order of equal keys. Skips bytes that all keys share.
template <class Entry>
void radix_sort(std::vector<Entry>& entries, std::vector<Entry>& scratch) {
  if (entries.size() < 48) {
    for (std::size_t i = 1; i < entries.size(); ++i) {
      const Entry entry = entries[i];
      std::size_t at = i;
      for (; at > 0 && entry.key < entries[at - 1].key; --at) entries[at] = entries[at - 1];
      entries[at] = entry;
    }
    return;
  }
  scratch.resize(entries.size());
  for (unsigned shift = 0; shift < sizeof(Entry::key) * 8; shift += 8) {
    std::array<std::size_t, 257> starts{};
    for (const Entry& entry : entries) ++starts[(entry.key >> shift & 255) + 1];
    if (starts[(entries.front().key >> shift & 255) + 1] == entries.size()) continue;
    for (std::size_t i = 1; i < 257; ++i) starts[i] += starts[i - 1];
    for (const Entry& entry : entries) scratch[starts[entry.key >> shift & 255]++] = entry;
    entries.swap(scratch);
  }
}

/// Folds neighbors with equal keys, in order. Returns the new end.
template <class Entry, class Op>
Entry* fold_equal(Entry* begin, Entry* end, Op& op) {
  if (begin == end) return end;
  Entry* last = begin;
  for (Entry* next = begin + 1; next != end; ++next) {
    if (next->key == last->key) {
      last->value = op(last->value, next->value);
    } else {
      *++last = *next;
    }
  }
  return last + 1;
}

/// At most one value per key of a range. Pages with values are marked, so that few values among many keys are found
/// fast.
template <class Value, class Op>
class DenseValues {
 public:
  static constexpr unsigned page_bits = 9;
  static constexpr std::uint64_t page_size = 1u << page_bits;
  enum class Mark : unsigned char { no, yes };  // unlike a char, an enumeration cannot alias other types
  using Empty = Vacancy<Op, Value>;

  std::uint64_t size() const noexcept { return size_; }
  /// Makes room for `size` values, none of which is present.
  void resize(std::uint64_t size) {
    const auto count = static_cast<std::size_t>(size);
    values_.reset(new Value[count]);
    if constexpr (Empty::has_value) {
      std::fill_n(values_.get(), count, Empty::value);
    } else {
      present_.reset(new Mark[count]());
    }
    pages_.assign((count + page_size - 1) / page_size, Mark::no);
    size_ = size;
  }
  /// Folds `value` into the value of a key. Only the first value of a key marks its page and is counted; later ones
  /// touch nothing else.
  void add(std::uint64_t at, const Value& value, Op& op) {
    if (has(at)) [[likely]] {
      values_[at] = op(values_[at], value);
      return;
    }
    values_[at] = value;
    if constexpr (!Empty::has_value) present_[at] = Mark::yes;
    pages_[at >> page_bits] = Mark::yes;
    ++filled_;
  }
  /// Prefetches the value of a key.
  void fetch(std::uint64_t at) const noexcept { __builtin_prefetch(values_.get() + at, 1); }
  /// How many keys have received a value since `clear`.
  std::uint64_t filled() const noexcept { return filled_; }
  bool has(std::uint64_t at) const noexcept {
    if constexpr (Empty::has_value) {
      return !Empty::is(values_[at]);
    } else {
      return present_[at] == Mark::yes;
    }
  }
  const Value& operator[](std::uint64_t at) const noexcept { return values_[at]; }
  /// Calls `use(at)` for the values present in `[begin, end)`, ascending. First finds which of 64 values are present,
  /// and then uses these: a branch per value would be hard to predict, and cost more than the values themselves.
  template <class F>
  void each(std::uint64_t begin, std::uint64_t end, F&& use) const {
    for (std::uint64_t page = begin >> page_bits; page << page_bits < end; ++page) {
      if (pages_[page] == Mark::no) continue;
      const std::uint64_t stop = (std::min)(end, (page + 1) << page_bits);
      for (std::uint64_t at = (std::max)(begin, page << page_bits); at < stop; at += 64) {
        const std::uint64_t count = (std::min)(stop - at, std::uint64_t{64});
        std::uint64_t found = 0;
        for (std::uint64_t i = 0; i < count; ++i) found |= std::uint64_t{has(at + i)} << i;
        for (; found != 0; found &= found - 1) use(at + static_cast<std::uint64_t>(std::countr_zero(found)));
      }
    }
  }
  /// Removes all values. Clears whole pages, which costs little more than finding the values would.
  void clear() noexcept {
    for (std::uint64_t page = 0; page < pages_.size(); ++page) {
      if (pages_[page] == Mark::no) continue;
      const std::uint64_t begin = page << page_bits;
      const auto count = static_cast<std::size_t>((std::min)(size_ - begin, page_size));
      if constexpr (Empty::has_value) {
        std::fill_n(values_.get() + begin, count, Empty::value);
      } else {
        std::fill_n(present_.get() + begin, count, Mark::no);
      }
      pages_[page] = Mark::no;
    }
    filled_ = 0;
  }

 private:
  std::unique_ptr<Value[]> values_;
  std::unique_ptr<Mark[]> present_;  // only when no value stands for "none"
  std::vector<Mark> pages_;
  std::uint64_t size_ = 0, filled_ = 0;
};

/// A source's hash table from keys to the messages of this superstep.
template <class Key>
class KeyTable {
 public:
  static constexpr std::size_t none = ~std::size_t{0};

  void start() noexcept { ++stamp_, used_ = 0; }
  /// The message of `key`. If there is none, returns `none`, and the message of `key` is `fresh` from now on.
  std::size_t find_or_add(Key key, std::size_t fresh) {
    if (2 * used_ >= slots_.size()) grow();
    for (std::size_t i = home(key);; i = (i + 1) & (slots_.size() - 1)) {
      Slot& slot = slots_[i];
      if (slot.stamp != stamp_) {
        slot = {stamp_, fresh, key}, ++used_;
        return none;
      }
      if (slot.key == key) return slot.index;
    }
  }

 private:
  struct Slot {
    std::uint64_t stamp = 0;
    std::size_t index = 0;
    Key key{};
  };
  std::size_t home(Key key) const noexcept {
    return static_cast<std::size_t>(std::uint64_t{key} * 0x9e3779b97f4a7c15u >> shift_);
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(slots_.size()));
    for (const Slot& slot : old) {
      if (slot.stamp != stamp_) continue;
      std::size_t i = home(slot.key);
      while (slots_[i].stamp == stamp_) i = (i + 1) & (slots_.size() - 1);
      slots_[i] = slot;
    }
  }
  std::vector<Slot> slots_;
  std::uint64_t stamp_ = 0;
  std::size_t used_ = 0;
  unsigned shift_ = 58;
};

/// The combined messages of one `Combining` of every peer: a channel of key-value pairs, and besides, an array over all
/// keys for each source that sends densely.
///
/// As in `Channel`, what is written in superstep s is read in s + 1, and there are two parities. A source clears its
/// array only when it opens it again, and not after it was read: so the values stay in the source's own caches.
template <class Key, class Value, class Op>
class CombineChannel final : public ChannelBase {
 public:
  using Entry = KeyValue<Key, Value>;
  using Dense = DenseValues<Value, Op>;
  static constexpr std::uint64_t never = Block<Entry>::never;

  explicit CombineChannel(World& world)
      : messages(world),
        world_(world),
        first_(world.first()),
        local_(static_cast<std::size_t>(world.local())),
        words_((local_ + 63) / 64),
        sides_(new Side[local_]) {
    for (auto& words : dense_) words.reset(new std::atomic<std::uint64_t>[words_]());
  }
  static std::unique_ptr<ChannelBase> make(World& world) { return std::make_unique<CombineChannel>(world); }

  void reset() noexcept override {
    messages.reset();
    owners_.reset();
    for (std::size_t i = 0; i < local_; ++i)
      for (Half& half : sides_[i].half) {
        half.values.clear();
        half.superstep = never;
      }
    for (auto& words : dense_)
      for (std::size_t w = 0; w < words_; ++w) words[w].store(0, std::memory_order_relaxed);
  }
  /// For other processes, dense values become messages.
  void collect(std::uint64_t superstep, Outbox& out) override {
    for (std::size_t i = 0; i < local_ && owners_ != nullptr; ++i) {
      const int source = first_ + static_cast<int>(i);
      Half& half = half_of(source, superstep);
      if (half.superstep == superstep) move_to_messages(half.values, source, superstep);
    }
    messages.collect(superstep, out);
  }
  void deliver(std::uint64_t superstep, const Segment& segment) override { messages.deliver(superstep, segment); }
  /// Dense values count as the key-value pairs that they would be on their way to another process.
  void tally(int source, std::uint64_t superstep, Tally& tally) override {
    messages.tally(source, superstep, tally);
    const Half& half = half_of(source, superstep);
    if (half.superstep != superstep) return;
    for (int rank = 0; rank < world_.size(); ++rank) {
      std::uint64_t count = 0;
      half.values.each(owners_->range(rank).begin, owners_->range(rank).end, [&](std::uint64_t) { ++count; });
      tally.messages += count, tally.bytes += count * sizeof(Entry);
      tally.received[static_cast<std::size_t>(rank)] += count * sizeof(Entry);
    }
  }

  /// Checks that all peers have the same options, and returns what they share. Errors: `Errc::invalid_argument`.
  std::shared_ptr<const KeyOwners> agree(int rank, const CombineOptions& options) {
    const std::lock_guard lock(mutex_);
    if (owners_ == nullptr) {
      owners_ = std::make_shared<const KeyOwners>(options, world_.size());
      policy_ = options.policy;
    } else if (policy_ != options.policy || !owners_->is_made_of(options)) {
      throw_unlike_rules(rank);
    }
    return owners_;
  }

  /// Source `rank` begins to send in a new superstep.
  void start(int rank, std::uint64_t superstep) noexcept {
    Half& half = half_of(rank, superstep);
    if (half.superstep == never) return;
    half.superstep = never;
    const std::size_t at = static_cast<std::size_t>(rank - first_);
    dense_[superstep & 1][at / 64].fetch_and(~(1ull << at % 64), std::memory_order_relaxed);
  }
  /// Opens the array of source `rank` for this superstep; it has no values yet.
  Dense& open(int rank, std::uint64_t superstep, std::uint64_t keys) {
    Half& half = half_of(rank, superstep);
    if (half.values.size() != keys) half.values.resize(keys);
    half.values.clear();
    half.superstep = superstep;
    const std::size_t at = static_cast<std::size_t>(rank - first_);
    dense_[superstep & 1][at / 64].fetch_or(1ull << at % 64, std::memory_order_relaxed);
    return half.values;
  }
  /// Calls `use(source, values)` for the local sources that sent densely in `superstep`, in rank order.
  template <class F>
  void each_dense(std::uint64_t superstep, F&& use) {
    for (std::size_t w = 0; w < words_; ++w)
      for (std::uint64_t bits = dense_[superstep & 1][w].load(std::memory_order_relaxed); bits != 0; bits &= bits - 1) {
        const int source = first_ + static_cast<int>(w * 64) + std::countr_zero(bits);
        if (Half& half = half_of(source, superstep); half.superstep == superstep) use(source, half.values);
      }
  }

  Channel<Entry> messages;

 private:
  struct Half {
    Dense values;
    std::uint64_t superstep = never;  // in which `values` was opened
  };
  struct alignas(64) Side {
    Half half[2];
  };
  Half& half_of(int rank, std::uint64_t superstep) noexcept {
    return sides_[static_cast<std::size_t>(rank - first_)].half[superstep & 1];
  }
  void move_to_messages(Dense& values, int source, std::uint64_t superstep) {
    for (int rank = 0; rank < world_.size(); ++rank) {
      if (world_.is_local(rank)) continue;
      const KeyRange range = owners_->range(rank);
      values.each(range.begin, range.end, [&](std::uint64_t key) {
        Block<Entry>& block = messages.reserve(source, rank, superstep, 1);
        ::new (static_cast<void*>(block.next)) Entry{static_cast<Key>(key), values[key]};
        ++block.next;
      });
    }
  }

  World& world_;
  int first_;
  std::size_t local_, words_;
  std::unique_ptr<Side[]> sides_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> dense_[2];  // a bit per source that sent densely, by parity
  std::mutex mutex_;
  std::shared_ptr<const KeyOwners> owners_;
  CombinePolicy policy_ = CombinePolicy::automatic;
};

}  // namespace detail
}  // namespace scalar::inline v0::bsp
