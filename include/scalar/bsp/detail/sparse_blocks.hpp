#pragma once
/// Blocks of messages for many peers of which each sends to few. Internal to the room; see `Channel`.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "scalar/bsp/detail/block.hpp"

namespace scalar::inline v0::bsp::detail {

template <class T>
struct SparseBlock : Block<T> {
  int destination = 0;
  std::uint32_t next_sender = 0;  ///< the next source in the destination's chain, as its rank plus 1; 0: none
  std::uint32_t slot = 0;         ///< the only slot of the hash table that counts as this block's
};

/// The blocks of one source in one parity.
///
/// In each superstep they are given to destinations anew, in the order of the first messages. So there are only as many
/// as the largest number of destinations in one superstep. A hash table with linear probing finds them. It is never
/// cleared: a slot counts only while its block is used and names this slot. So the slots that count are no more than
/// the blocks in use, and at least half of the table is free, whatever earlier supersteps have left in it.
///
/// Thread safety: several threads may call `find` while no other function is called.
template <class T>
class SparseBlocks {
 public:
  /// The block for `destination` in this superstep; null if it has none.
  SparseBlock<T>* find(int destination) const noexcept {
    if (used_ == 0) return nullptr;
    for (std::size_t i = home(destination);; i = next(i)) {
      if (!counts(i)) return nullptr;
      if (SparseBlock<T>& block = *blocks_[slots_[i]]; block.destination == destination) return &block;
    }
  }
  /// The block for `destination`; if it has none in this superstep, it gets a closed one.
  SparseBlock<T>& find_or_add(int destination) {
    if (last_ < used_ && blocks_[last_]->destination == destination) return *blocks_[last_];
    if (2 * (used_ + std::size_t{1}) > slots_.size()) grow();
    std::size_t i = home(destination);
    for (; counts(i); i = next(i))
      if (blocks_[slots_[i]]->destination == destination) return *blocks_[last_ = slots_[i]];
    if (used_ == blocks_.size()) {
      blocks_.push_back(std::make_unique<SparseBlock<T>>());
      prepare<T>(*blocks_.back());
    }
    SparseBlock<T>& block = *blocks_[used_];
    block.destination = destination;
    put(i, used_);
    last_ = used_++;
    return block;
  }
  /// The blocks given to destinations, in that order.
  std::span<const std::unique_ptr<SparseBlock<T>>> used() const noexcept { return {blocks_.data(), used_}; }
  /// All blocks, in use or not.
  std::span<const std::unique_ptr<SparseBlock<T>>> all() const noexcept { return blocks_; }
  /// Destroys all messages; afterwards no block is in use.
  void clear() noexcept {
    for (std::uint32_t i = 0; i < used_; ++i) {
      Block<T>& block = *blocks_[i];
      std::destroy(block.begin, block.next);
      block.next = block.limit;
      block.superstep = BlockHead<T>::never;
    }
    used_ = 0;
  }

 private:
  static constexpr std::uint32_t nothing = ~std::uint32_t{0};

  bool counts(std::size_t slot) const noexcept {
    const std::uint32_t block = slots_[slot];
    return block < used_ && blocks_[block]->slot == slot;
  }
  void put(std::size_t slot, std::uint32_t block) noexcept {
    slots_[slot] = block;
    blocks_[block]->slot = static_cast<std::uint32_t>(slot);
  }
  std::size_t home(int destination) const noexcept {
    return static_cast<std::size_t>(static_cast<std::uint32_t>(destination) * 0x9e3779b97f4a7c15u >> shift_);
  }
  std::size_t next(std::size_t slot) const noexcept { return (slot + 1) & (slots_.size() - 1); }
  void grow() {
    std::vector<std::uint32_t> larger((std::max)(std::size_t{4}, 2 * slots_.size()), nothing);
    slots_.swap(larger);
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(slots_.size()));
    for (std::uint32_t block = 0; block < used_; ++block) {
      std::size_t i = home(blocks_[block]->destination);
      while (slots_[i] != nothing) i = next(i);
      put(i, block);
    }
  }

  std::vector<std::unique_ptr<SparseBlock<T>>> blocks_;
  std::vector<std::uint32_t> slots_;  // each has the number of a block; their count is a power of two
  std::uint32_t used_ = 0, last_ = 0;
  unsigned shift_ = 0;
};

/// The sources that have sent to one destination in one parity, as a chain through their blocks. The chain of an
/// earlier superstep does not count, so it need not be read or cleared.
class SenderChain {
 public:
  /// `source` becomes the first in the chain; `next_sender`, of its block, becomes the previous first.
  void push(int source, std::uint64_t superstep, std::uint32_t& next_sender) noexcept {
    const std::uint64_t first = stamp(superstep) | (static_cast<std::uint32_t>(source) + 1u);
    std::uint64_t old = head_.load(std::memory_order_relaxed);
    do next_sender = (old ^ first) >> 32 == 0 ? static_cast<std::uint32_t>(old) : 0;
    while (!head_.compare_exchange_weak(old, first, std::memory_order_relaxed));
  }
  /// The first source, as its rank plus 1; 0: none.
  std::uint32_t first(std::uint64_t superstep) const noexcept {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    return (head ^ stamp(superstep)) >> 32 == 0 ? static_cast<std::uint32_t>(head) : 0;
  }
  void clear() noexcept { head_.store(0, std::memory_order_relaxed); }

 private:
  /// A number that differs for the next 2^32 supersteps of one parity.
  static std::uint64_t stamp(std::uint64_t superstep) noexcept { return (superstep / 2 + 1) << 32; }
  std::atomic<std::uint64_t> head_{0};
};

/// One peer of a channel: its blocks, and the sources that send to it, by parity.
template <class T>
struct SparseSide {
  SparseBlocks<T> blocks[2];
  SenderChain senders[2];
  std::vector<Run<T>> runs;  // what the peer reads in this superstep

  template <class Use>
  void each_block(Use use) {
    for (const SparseBlocks<T>& one : blocks)
      for (const auto& block : one.all()) use(*block);
  }
  void clear() noexcept {
    for (SparseBlocks<T>& one : blocks) one.clear();
    for (SenderChain& one : senders) one.clear();
    runs.clear();
  }
};

/// Appends the messages that the peers of `sides`, whose ranks begin with `first`, have sent to peer `rank` in
/// `superstep`.
template <class T>
void gather_chain(std::span<SparseSide<T>> sides, int first, int rank, std::uint64_t superstep) {
  const auto side = [&](int of) -> SparseSide<T>& { return sides[static_cast<std::size_t>(of - first)]; };
  std::vector<Run<T>>& runs = side(rank).runs;
  const auto before = static_cast<std::ptrdiff_t>(runs.size());
  for (std::uint32_t sender = side(rank).senders[superstep & 1].first(superstep); sender != 0;) {
    const int source = static_cast<int>(sender - 1);
    const SparseBlock<T>& block = *side(source).blocks[superstep & 1].find(rank);
    if (block.next != block.begin) runs.push_back({source, {block.begin, block.next}});
    sender = block.next_sender;
  }
  std::sort(runs.begin() + before, runs.end(), [](const Run<T>& a, const Run<T>& b) { return a.source < b.source; });
}

}  // namespace scalar::inline v0::bsp::detail
