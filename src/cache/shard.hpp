#pragma once
/// One shard of a cache: a chained hash table of entries in least-recently-used order, and the flights of its keys.
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "scalar/cache/cache.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::cache::detail {

struct Waiter;

/// One computation in progress. Guarded by the lock of its shard.
struct Flight {
  enum class Status : std::uint8_t { led, orphan, done, failed };

  std::vector<std::byte> key{};
  Hash128 hash{};
  std::uint64_t generation = 0;
  Flight* next = nullptr;  // in its bucket, or in the free list
  std::uint32_t holders = 0;
  Status status = Status::led;
  bool listed = false;
  std::thread::id leader{};
  Waiter* first = nullptr;  // those who sleep, in the order they came
  Waiter* last = nullptr;
  Value value{};
  std::optional<Error> error{};  // what the leader threw, if that was an Error,
  std::exception_ptr foreign{};  // else this

  bool is_for(const Key& wanted) const noexcept;
};

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
  /// Takes the flight out of the table: new claims no longer find it.
  void unlist(Flight& flight) noexcept;
  /// Gives one holder up; the last one recycles the flight.
  void drop(Flight& flight) noexcept;

 private:
  Flight*& bucket(const Hash128& hash) noexcept { return buckets_[hash.low & (buckets_.size() - 1)]; }
  void grow();

  std::vector<Flight*> buckets_;
  std::size_t listed_ = 0;
  Flight* free_ = nullptr;
  std::size_t free_count_ = 0;
};

/// The entries of a shard. Exact LRU: every hit moves its entry to the front.
class Entries {
 public:
  explicit Entries(std::uint64_t capacity_bytes) : capacity_bytes_(capacity_bytes), buckets_(16, nil) {}
  ~Entries() { release(clear()); }

  /// What an entry counts: its block, the node and bucket that find it, and the allocator's header.
  static constexpr std::uint64_t overhead_bytes = 104;
  static std::uint64_t cost(std::uint64_t key_size, std::uint64_t value_size) noexcept {
    return Block::padded(key_size) + Block::padded(value_size) + overhead_bytes;
  }
  bool fits(std::uint64_t key_size, std::uint64_t value_size) const noexcept {
    return key_size <= capacity_bytes_ && value_size <= capacity_bytes_ &&
           cost(key_size, value_size) <= capacity_bytes_;
  }

  /// The block of `key`, moved to the front; null when there is none.
  Block* touch(const Key& key) noexcept {
    const std::uint32_t found = find(key);
    if (found == nil || nodes_[found].block->generation != key.generation) return nullptr;
    if (head_ != found) {
      unlink(found);
      push_front(found);
    }
    return nodes_[found].block;
  }

  /// Puts `block` (one ownership is taken, also on an error) in, evicting from the back. Returns the blocks that went,
  /// linked, to release outside the lock.
  Block* insert(const Hash128& hash, Block* block);
  Block* clear() noexcept;
  static void release(Block* blocks) noexcept {
    while (blocks != nullptr) std::exchange(blocks, blocks->link)->release();
  }

  std::uint64_t bytes() const noexcept { return bytes_; }
  std::uint64_t size() const noexcept { return size_; }
  std::uint64_t evictions() const noexcept { return evictions_; }

 private:
  static constexpr std::uint32_t nil = 0xffffffffu;
  struct Node {
    std::uint64_t tag = 0;
    Block* block = nullptr;
    std::uint32_t previous = nil, next = nil;  // in LRU order
    std::uint32_t chain = nil;                 // in the bucket, or in the free list
    std::uint32_t bucket_bits = 0;             // low bits of the hash, to find the bucket again
  };

  std::uint32_t find(const Key& key) const noexcept;
  void unlink(std::uint32_t node) noexcept {
    const Node& moved = nodes_[node];
    (moved.previous == nil ? head_ : nodes_[moved.previous].next) = moved.next;
    (moved.next == nil ? tail_ : nodes_[moved.next].previous) = moved.previous;
  }
  void push_front(std::uint32_t node) noexcept {
    nodes_[node].previous = nil;
    nodes_[node].next = head_;
    (head_ == nil ? tail_ : nodes_[head_].previous) = node;
    head_ = node;
  }
  std::uint32_t add_node(const Hash128& hash);
  Block* evict_last() noexcept;
  void grow();

  std::uint64_t capacity_bytes_;
  std::vector<std::uint32_t> buckets_;
  std::vector<Node> nodes_{};
  std::uint32_t head_ = nil, tail_ = nil, free_ = nil;
  std::uint64_t bytes_ = 0, size_ = 0, evictions_ = 0;
};

struct alignas(128) Shard {
  explicit Shard(std::uint64_t capacity_bytes) : entries(capacity_bytes) {}

  mutable std::mutex mutex{};
  Entries entries;
  std::uint64_t hits = 0, misses = 0, coalesced = 0, inserts = 0, bypassed = 0;
  Flights flights{};
};

}  // namespace scalar::inline v0::cache::detail
