#include "scalar/cache/cache.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "cache/cache_impl.hpp"
#include "core/fail.hpp"
#include "scalar/cache/claim.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/runtime.hpp"

namespace scalar::inline v0::cache {
namespace {

constexpr std::uint64_t smallest_shard_bytes = std::uint64_t{256} << 10;
constexpr int most_shards = 65'536;

std::size_t shard_count(const CacheOptions& options) {
  if (options.shards < 0 || options.shards > most_shards)
    fail(Errc::invalid_argument, "cache", "shards is {}, expected 0 to {}", options.shards, most_shards);
  if (options.shards > 0) return std::bit_ceil(static_cast<std::size_t>(options.shards));
  const std::size_t wanted = std::bit_ceil(4 * static_cast<std::size_t>(available_cores()));
  const std::size_t useful = std::bit_floor(std::max<std::uint64_t>(options.capacity_bytes / smallest_shard_bytes, 1));
  return std::min(wanted, useful);
}

}  // namespace

std::string_view name(Outcome outcome) noexcept {
  constexpr std::string_view names[] = {"hit", "miss", "coalesced", "bypass"};
  return static_cast<std::size_t>(outcome) < 4 ? names[static_cast<std::size_t>(outcome)] : "unknown";
}

Cache::Cache(const CacheOptions& options)
    : impl_(std::make_unique<Impl>(options.capacity_bytes, shard_count(options))) {}
Cache::~Cache() = default;

Cache::Impl::Impl(std::uint64_t capacity_bytes, std::size_t count) : secret(HashKey::random()) {
  shards.reserve(count);
  for (std::size_t i = 0; i < count; ++i) shards.push_back(std::make_unique<detail::Shard>(capacity_bytes / count));
}

Key Cache::key(std::span<const std::byte> bytes) const noexcept { return key(bytes, generation()); }
Key Cache::key(std::span<const std::byte> bytes, std::uint64_t generation) const noexcept {
  return {bytes, hash128(bytes, impl_->secret), generation};
}

Bytes Cache::find(const Key& key) noexcept {
  detail::Shard& shard = impl_->shard(key);
  const std::lock_guard lock(shard.mutex);
  return impl_->touch(shard, key);
}

bool Cache::find(const Key& key, std::span<std::byte> out) {
  detail::Shard& shard = impl_->shard(key);
  std::uint64_t size = 0;
  {
    const std::lock_guard lock(shard.mutex);
    if (!impl_->is_current(key)) return false;
    const detail::Block* block = shard.entries.touch(key);
    if (block == nullptr) return false;
    size = block->value_size;
    if (size == out.size()) {
      if (size != 0) std::memcpy(out.data(), block->value(), out.size());
      ++shard.hits;
      return true;
    }
  }
  fail(Errc::shape_mismatch, "cache", "the value has {} bytes, expected {}", size, out.size());
}

bool Cache::contains(const Key& key) const noexcept {
  const detail::Shard& shard = impl_->shard(key);
  const std::lock_guard lock(shard.mutex);
  return impl_->is_current(key) && shard.entries.contains(key);
}

bool Cache::insert(const Key& key, std::span<const std::byte> value) {
  detail::Shard& shard = impl_->shard(key);
  const bool fits = shard.entries.fits(key.bytes.size(), value.size());
  detail::Block* block = fits ? detail::Block::make(key.bytes, value, key.generation) : nullptr;
  detail::Block* gone = nullptr;
  bool kept = false;
  {
    const std::lock_guard lock(shard.mutex);
    ++shard.misses;
    kept = impl_->store(shard, key, block, gone);
  }
  detail::Entries::release(gone);
  return kept;
}

Cache::Answer Cache::get_or_compute(const Key& key, const WaitOptions& wait, FunctionRef<Bytes()> compute) {
  Claim claimed = claim(key);
  if (claimed.wait(wait) == Claim::State::mine) {
    try {
      claimed.publish(compute().bytes());
    } catch (...) {
      claimed.fail(std::current_exception());
      throw;
    }
  }
  return {claimed.value(), claimed.outcome()};
}

std::uint64_t Cache::generation() const noexcept { return impl_->generation.load(std::memory_order_acquire); }
std::uint64_t Cache::bump_generation() noexcept {
  return impl_->generation.fetch_add(1, std::memory_order_acq_rel) + 1;
}

void Cache::clear() noexcept {
  for (const auto& shard : impl_->shards) {
    detail::Block* gone = nullptr;
    {
      const std::lock_guard lock(shard->mutex);
      gone = shard->entries.clear();
    }
    detail::Entries::release(gone);
  }
}

CacheStats Cache::stats() const noexcept {
  CacheStats sum;
  for (const auto& shard : impl_->shards) {
    const std::lock_guard lock(shard->mutex);
    sum.hits += shard->hits;
    sum.misses += shard->misses;
    sum.coalesced += shard->coalesced;
    sum.inserts += shard->inserts;
    sum.evictions += shard->entries.evictions();
    sum.bypassed += shard->bypassed;
    sum.entries += shard->entries.size();
    sum.bytes += shard->entries.bytes();
  }
  return sum;
}

}  // namespace scalar::inline v0::cache
