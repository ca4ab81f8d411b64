#pragma once
/// Copies of plain values between peers. Internal to the room.
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

namespace scalar::inline v0::bsp::detail {

/// Copies of this size and more bypass the caches: the target's cache lines are not read first, and data that other
/// threads work with stays in the cache.
inline constexpr std::size_t streamed_bytes = std::size_t{8} << 20;

/// `std::memcpy` by non-temporal stores.
void copy_streamed(void* to, const void* from, std::size_t bytes) noexcept;

/// Copies values to memory that does not overlap them; returns where they end.
template <class T>
T* copy_values(std::span<const T> from, T* to) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  if (from.size_bytes() >= streamed_bytes) {
    copy_streamed(static_cast<void*>(to), from.data(), from.size_bytes());
  } else if (!from.empty()) {
    std::memcpy(static_cast<void*>(to), from.data(), from.size_bytes());
  }
  return to + from.size();
}

}  // namespace scalar::inline v0::bsp::detail
