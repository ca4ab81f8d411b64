#pragma once
/// The memory budget that all connections and workers of a server share, and the part that each of them holds.
#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

namespace scalar::inline v0::serve {

/// The message for a request that the budget has no room for.
inline constexpr std::string_view too_much_memory = "requests and answers hold all the memory they may have";

/// Limits the number of bytes that are held at a time. Thread safety: all members may be called from any thread.
class Budget {
 public:
  explicit Budget(std::uint64_t limit) noexcept : limit_(limit) {}

  /// Returns false, and takes nothing, when fewer bytes are left.
  bool take(std::uint64_t bytes) noexcept {
    std::uint64_t used = used_.load(std::memory_order_relaxed);
    do {
      if (used > limit_ || bytes > limit_ - used) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }
  /// Counts bytes that are already allocated, even beyond the limit.
  void force(std::uint64_t bytes) noexcept { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void give(std::uint64_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::uint64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  std::uint64_t limit() const noexcept { return limit_; }
  bool has(std::uint64_t bytes) const noexcept { return used() <= limit_ && bytes <= limit_ - used(); }

 private:
  const std::uint64_t limit_;
  std::atomic<std::uint64_t> used_{0};
};

/// The part of a budget that one owner of memory holds; the destructor gives it back. Without a budget, nothing is
/// counted. A Reservation only counts bytes: an owner calls `resize` before it allocates.
class Reservation {
 public:
  Reservation() = default;
  explicit Reservation(Budget& budget) noexcept : budget_(&budget) {}
  Reservation(Reservation&& other) noexcept { swap(other); }
  Reservation& operator=(Reservation&& other) noexcept {
    Reservation(std::move(other)).swap(*this);
    return *this;
  }
  ~Reservation() { release(); }

  /// Holds `bytes` from now on. Returns false, and changes nothing, when the budget has too little left. To hold fewer
  /// bytes always works.
  bool resize(std::uint64_t bytes) noexcept {
    if (budget_ != nullptr && bytes > bytes_ && !budget_->take(bytes - bytes_)) return false;
    if (budget_ != nullptr && bytes < bytes_) budget_->give(bytes_ - bytes);
    bytes_ = bytes;
    return true;
  }
  bool add(std::uint64_t bytes) noexcept { return resize(bytes_ + bytes); }
  /// Holds `bytes` that are already allocated, even beyond the budget.
  void hold(std::uint64_t bytes) noexcept {
    if (budget_ != nullptr && bytes > bytes_) budget_->force(bytes - bytes_);
    if (budget_ != nullptr && bytes < bytes_) budget_->give(bytes_ - bytes);
    bytes_ = bytes;
  }
  /// Whether `bytes` more would fit if nobody else held anything.
  bool could_add(std::uint64_t bytes) const noexcept {
    return budget_ == nullptr || (bytes_ <= budget_->limit() && bytes <= budget_->limit() - bytes_);
  }
  void release() noexcept { resize(0); }
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  void swap(Reservation& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
  }

  Budget* budget_ = nullptr;
  std::uint64_t bytes_ = 0;
};

}  // namespace scalar::inline v0::serve
