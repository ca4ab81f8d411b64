#pragma once
/// One shard of a cache: a chained hash table of entries in least-recently-used order, and the flights of its keys.
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "cache/hybrid_lock.hpp"
#include "scalar/cache/cache.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::cache::detail {

struct Waiter;

/// One computation in progress: its leader computes the value, and its waiters sleep until it is done. Guarded by the
/// lock of its shard.
struct Flight {
  enum class Status : std::uint8_t { led, orphan, done, failed };

  std::vector<std::byte> key{};
  Hash128 hash{};
  std::uint64_t generation = 0;
  Flight* next = nullptr;       // in its bucket, or in the free list
  std::uint32_t holders = 0;    // claims that point to it
  Status status = Status::led;  // orphan: the leader is gone, and nobody waits
  bool listed = false;
  std::thread::id leader{};
  Waiter* first = nullptr;  // the waiters, in the order in which they arrived
  Waiter* last = nullptr;
  Bytes value{};
  std::optional<Error> error{};  // what the leader threw, if it was an Error,
  std::exception_ptr foreign{};  // and anything else it threw

  bool is_for(const Key& wanted) const noexcept;
};

/// A caller that waits for a flight, on its own stack.
struct Waiter {
  Waiter* next = nullptr;
  bool chosen = false;
  std::thread::id thread = std::this_thread::get_id();
  std::condition_variable_any changed{};
};

/// The flights of a shard by key.
class Flights {
 public:
  Flights() : buckets_(8) {}
  ~Flights();
  Flight* find(const Key& key) const noexcept;
  /// A new flight led by this thread, with one holder.
  Flight* start(const Key& key);
  /// Removes the flight from the table: new claims no longer find it.
  void unlist(Flight& flight) noexcept;
  /// Releases one holder. The last one recycles the flight.
  void drop(Flight& flight) noexcept;

 private:
  Flight*& bucket(const Hash128& hash) noexcept { return buckets_[hash.low & (buckets_.size() - 1)]; }
  void grow();

  std::vector<Flight*> buckets_;
  std::size_t listed_ = 0;
  Flight* free_ = nullptr;
  std::size_t free_count_ = 0;
};

/// The entries of a shard: an intrusive hash table with chaining, and a list in exact LRU order, in which every hit
/// moves its entry to the front.
class Entries {
 public:
  explicit Entries(std::uint64_t capacity_bytes)
      : buckets_(std::make_unique<Block*[]>(16)), mask_(15), capacity_bytes_(capacity_bytes) {}
  ~Entries() { release(clear()); }

  /// What an entry costs besides its bytes: the header of its block, its bucket, and the allocator's overhead.
  static constexpr std::uint64_t overhead_bytes = sizeof(Block) + 24;
  static std::uint64_t cost(std::uint64_t key_size, std::uint64_t value_size) noexcept {
    return Block::padded(key_size) + Block::padded(value_size) + overhead_bytes;
  }
  bool fits(std::uint64_t key_size, std::uint64_t value_size) const noexcept {
    return key_size <= capacity_bytes_ && value_size <= capacity_bytes_ &&
           cost(key_size, value_size) <= capacity_bytes_;
  }

  /// The block of `key`, moved to the front; null when there is none.
  Block* touch(const Key& key) noexcept {
    Block* const found = find(key);
    if (found == nullptr || found->generation != key.generation) return nullptr;
    if (newest_ != found) {
      unlink(found);
      push_front(found);
    }
    return found;
  }

  bool contains(const Key& key) const noexcept {
    const Block* const found = find(key);
    return found != nullptr && found->generation == key.generation;
  }

  /// Inserts `block` and takes over one ownership of it, even when an exception is thrown. Evicts from the back.
  /// Returns the removed blocks, chained, for `release` after the shard is unlocked.
  Block* insert(const Hash128& hash, Block* block);
  /// Removes all blocks and returns them, as `insert` does.
  Block* clear() noexcept;
  static void release(Block* blocks) noexcept {
    while (blocks != nullptr) std::exchange(blocks, blocks->chain)->release();
  }

  std::uint64_t bytes() const noexcept { return bytes_; }
  std::uint64_t size() const noexcept { return size_; }
  std::uint64_t evictions() const noexcept { return evictions_; }

 private:
  Block*& bucket(std::uint64_t hash_low) const noexcept { return buckets_[hash_low & mask_]; }
  Block* find(const Key& key) const noexcept;
  void unlink(Block* block) noexcept {
    (block->newer == nullptr ? newest_ : block->newer->older) = block->older;
    (block->older == nullptr ? oldest_ : block->older->newer) = block->newer;
  }
  void push_front(Block* block) noexcept {
    block->newer = nullptr;
    block->older = newest_;
    (newest_ == nullptr ? oldest_ : newest_->newer) = block;
    newest_ = block;
  }
  /// Removes `block` from the table and the LRU order.
  void remove(Block* block) noexcept;
  void grow();

  std::unique_ptr<Block*[]> buckets_;  // the members that a hit needs come first
  std::uint64_t mask_;
  Block* newest_ = nullptr;
  Block* oldest_ = nullptr;
  std::uint64_t capacity_bytes_;
  std::uint64_t bytes_ = 0, size_ = 0, evictions_ = 0;
};

struct alignas(128) Shard {
  explicit Shard(std::uint64_t capacity_bytes) : entries(capacity_bytes) {}

  mutable HybridLock mutex{};
  std::uint64_t hits = 0;
  Entries entries;
  std::uint64_t misses = 0, coalesced = 0, inserts = 0, bypassed = 0;
  Flights flights{};
};

}  // namespace scalar::inline v0::cache::detail
