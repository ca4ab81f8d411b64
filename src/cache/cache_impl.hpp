#pragma once
/// The implementation of Cache: its shards, its secret and its generation.
#include <atomic>
#include <bit>
#include <memory>
#include <vector>

#include "cache/shard.hpp"

namespace scalar::inline v0::cache {

struct Cache::Impl {
  Impl(std::uint64_t capacity_bytes, std::size_t count);

  detail::Shard& shard(const Key& key) const noexcept {
    // Not the low bits: they choose the bucket in the shard's table.
    return *shards[(key.hash.low >> 40) & (shards.size() - 1)];
  }
  bool is_current(const Key& key) const noexcept {
    return key.generation == generation.load(std::memory_order_acquire);
  }

  /// A handle to the value of `key`, counted as a hit, or an empty one. The caller holds the lock of the shard.
  Bytes touch(detail::Shard& shard, const Key& key) const noexcept {
    if (!is_current(key)) return {};
    detail::Block* block = shard.entries.touch(key);
    if (block == nullptr) return {};
    block->owners.fetch_add(1, std::memory_order_relaxed);
    ++shard.hits;
    return Bytes(block);
  }

  /// Stores `block`, unless it is null (too large) or the generation of `key` is not the current one. `gone` receives
  /// the blocks that the caller must release after it unlocks the shard. The caller holds the lock of the shard.
  bool store(detail::Shard& shard, const Key& key, detail::Block* block, detail::Block*& gone) const {
    if (block == nullptr || !is_current(key)) {
      ++shard.bypassed;
      gone = block;
      return false;
    }
    gone = shard.entries.insert(key.hash, block);
    ++shard.inserts;
    return true;
  }

  HashKey secret;
  std::atomic<std::uint64_t> generation{1};
  std::vector<std::unique_ptr<detail::Shard>> shards{};
};

}  // namespace scalar::inline v0::cache
