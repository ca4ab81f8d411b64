#include "backend/native/trees/walk.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace scalar::inline v0::backend::trees {
namespace {

int walk_nothing(const HeapNode*, const float*, int, std::uint32_t* slots) {
  for (int k = 0; k < lanes; ++k) slots[k] = 1;
  return 0;
}

#if defined(__x86_64__)
#define SCALAR_AVX2 [[gnu::target("avx2"), gnu::always_inline]] inline

SCALAR_AVX2 __m256 goes_right(const HeapNode& node, const float* x) {
  return _mm256_cmp_ps(_mm256_loadu_ps(x + std::size_t{node.column} * block_rows), _mm256_set1_ps(node.split),
                       _CMP_GE_OQ);
}

/// `2 slot + right`, where right is all ones.
SCALAR_AVX2 __m256i descend(__m256i slot, __m256 right) {
  return _mm256_sub_epi32(_mm256_add_epi32(slot, slot), _mm256_castps_si256(right));
}

/// Compares at every node of the first four levels and picks the results on the path: eight rows share each load of a
/// node, which is faster than eight chains of dependent loads as long as a level has few nodes.
[[gnu::target("avx2")]] int walk_top_avx2(const HeapNode* nodes, const float* x, int depth, std::uint32_t* slots) {
  __m256i slot = _mm256_set1_epi32(1);
  int level = 0;
  if (depth >= 1) {
    const __m256 first = goes_right(nodes[1], x);
    slot = descend(slot, first);
    level = 1;
    if (depth >= 2) {
      const __m256 second = _mm256_blendv_ps(goes_right(nodes[2], x), goes_right(nodes[3], x), first);
      slot = descend(slot, second);
      level = 2;
      if (depth >= 3) {
        const __m256 third =
            _mm256_blendv_ps(_mm256_blendv_ps(goes_right(nodes[4], x), goes_right(nodes[6], x), first),
                             _mm256_blendv_ps(goes_right(nodes[5], x), goes_right(nodes[7], x), first), second);
        slot = descend(slot, third);
        level = 3;
        if (depth >= 4) {
          const auto pick = [&](int a, int b) __attribute__((target("avx2"), always_inline)) {
            // Nodes 8 + 4 first + 2 second + third.
            return _mm256_blendv_ps(_mm256_blendv_ps(goes_right(nodes[8 + a], x), goes_right(nodes[12 + a], x), first),
                                    _mm256_blendv_ps(goes_right(nodes[8 + b], x), goes_right(nodes[12 + b], x), first),
                                    second);
          };
          slot = descend(slot, _mm256_blendv_ps(pick(0, 2), pick(1, 3), third));
          level = 4;
        }
      }
    }
  }
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(slots), slot);
  return level;
}
#endif

}  // namespace

WalkTop walk_top() noexcept {
#if defined(__x86_64__)
  static const WalkTop best = __builtin_cpu_supports("avx2") ? walk_top_avx2 : walk_nothing;
  return best;
#else
  return walk_nothing;
#endif
}

}  // namespace scalar::inline v0::backend::trees
