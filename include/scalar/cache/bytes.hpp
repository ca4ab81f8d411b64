#pragma once
/// Immutable bytes, shared by a cache, its readers and its writers.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace scalar::inline v0::cache {

namespace detail {

/// The header of one allocation, which holds this struct, then the key bytes padded to a multiple of 8, then the value
/// bytes. Links and bytes lie together, so that a hit touches one place in memory.
struct Block {
  std::atomic<std::uint64_t> owners;
  std::uint64_t key_size;
  std::uint64_t value_size;
  std::uint64_t generation;
  std::uint64_t hash_low;  // from here on: for the cache that holds the block, under its lock
  std::uint64_t hash_high;
  Block* chain;
  Block* newer;
  Block* older;

  static constexpr std::uint64_t padded(std::uint64_t size) noexcept { return (size + 7) & ~std::uint64_t{7}; }
  /// A block with one owner. Errors: `std::bad_alloc`.
  static Block* make(std::span<const std::byte> key, std::span<const std::byte> value, std::uint64_t generation);
  void release() noexcept {
    if (owners.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }
  void destroy() noexcept;

  const std::byte* key() const noexcept { return reinterpret_cast<const std::byte*>(this + 1); }
  const std::byte* value() const noexcept { return key() + padded(key_size); }
};

}  // namespace detail

/// A shared handle to immutable bytes, aligned to 8. A default-constructed handle is empty.
///
/// The bytes live as long as any handle to them, even after the cache has dropped the entry or was destroyed.
/// Thread safety: that of `std::shared_ptr`.
class Bytes {
 public:
  Bytes() noexcept = default;
  /// A copy of `bytes`.
  explicit Bytes(std::span<const std::byte> bytes) : block_(detail::Block::make({}, bytes, 0)) {}
  Bytes(const Bytes& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) block_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  Bytes(Bytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Bytes& operator=(Bytes other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Bytes() {
    if (block_ != nullptr) block_->release();
  }

  explicit operator bool() const noexcept { return block_ != nullptr; }
  std::span<const std::byte> bytes() const noexcept {
    if (block_ == nullptr) return {};
    return {block_->value(), static_cast<std::size_t>(block_->value_size)};
  }

 private:
  friend class Cache;
  friend class Claim;
  /// Takes over one ownership of `block`.
  explicit Bytes(detail::Block* block) noexcept : block_(block) {}
  detail::Block* block_ = nullptr;
};

}  // namespace scalar::inline v0::cache
