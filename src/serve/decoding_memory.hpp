#pragma once
/// Counts the memory that a request is decoded into.
#include <algorithm>
#include <cstdint>

#include "core/fail.hpp"
#include "serve/budget.hpp"

namespace scalar::inline v0::serve {

/// The memory of one request. A small amount is not counted in the budget: the number of threads bounds it.
class DecodingMemory {
 public:
  DecodingMemory() = default;
  explicit DecodingMemory(Budget& budget) noexcept : reservation_(budget) {}

  /// Counts `bytes` before they are allocated. Errors: `Errc::too_large` when the budget could never have as many,
  /// `Errc::unavailable` when it has too little left.
  void hold(std::uint64_t bytes) {
    constexpr std::uint64_t uncounted_bytes = 256 << 10;
    needed_ += bytes;
    if (needed_ <= uncounted_bytes) return;
    const std::uint64_t more = needed_ - reservation_.bytes();
    if (!reservation_.could_add(more))
      fail(Errc::too_large, "", "the request needs more memory than all requests and answers may have");
    if (!reservation_.add(more)) fail(Errc::unavailable, "", "{}", too_much_memory);
  }
  /// Counts all of it, also a small amount. Returns false when there is no memory for it.
  bool hold_all() noexcept { return reservation_.resize(std::max(needed_, reservation_.bytes())); }
  void release() noexcept {
    needed_ = 0;
    reservation_.release();
  }

 private:
  Reservation reservation_{};
  std::uint64_t needed_ = 0;
};

}  // namespace scalar::inline v0::serve
