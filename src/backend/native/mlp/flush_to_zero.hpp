#pragma once
/// FlushToZero: switches off denormal numbers for a scope.
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace scalar::inline v0::backend::native {

/// While it lives, this thread reads and writes denormal numbers as zeros; afterwards the thread's mode is restored.
/// Denormal numbers are of no use to a network and cost a hundred cycles each.
class FlushToZero {
 public:
  FlushToZero(const FlushToZero&) = delete;
  FlushToZero& operator=(const FlushToZero&) = delete;
#if defined(__SSE__)
  FlushToZero() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040u); }  // flush results, and treat inputs as zero
  ~FlushToZero() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#else
  FlushToZero() = default;
#endif
};

}  // namespace scalar::inline v0::backend::native
