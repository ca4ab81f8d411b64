#pragma once
/// A four-byte lock that spins for a moment and then sleeps in the kernel.
#include <atomic>

namespace scalar::inline v0::cache::detail {

/// A mutex that is small enough to share a cache line with the data it guards: a hit then moves one line between cores,
/// not three. It has three states, as in Drepper, "Futexes are tricky", 2011, section 6.
class HybridLock {
 public:
  void lock() noexcept {
    int expected = free;
    if (!state_.compare_exchange_strong(expected, taken, std::memory_order_acquire, std::memory_order_relaxed))
      lock_slowly();
  }
  void unlock() noexcept {
    if (state_.exchange(free, std::memory_order_release) == contended) state_.notify_one();
  }

 private:
  void lock_slowly() noexcept {
    for (int spins = 0; spins < 64; ++spins) {
      int expected = free;
      if (state_.load(std::memory_order_relaxed) == free &&
          state_.compare_exchange_weak(expected, taken, std::memory_order_acquire, std::memory_order_relaxed))
        return;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
    while (state_.exchange(contended, std::memory_order_acquire) != free) state_.wait(contended);
  }

  static constexpr int free = 0, taken = 1, contended = 2;
  std::atomic<int> state_{free};
};

}  // namespace scalar::inline v0::cache::detail
