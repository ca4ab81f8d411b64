// AVX-512.
#include "backend/native/kernels/kernels.hpp"

namespace scalar::inline v0::backend::native {
namespace {
template <int... Rows>
struct Heights;
constexpr int tile_rows = 12, tile_panels = 2, lone_panels = 8;
using TileHeights = Heights<1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>;
using LoneHeights = Heights<1>;
}  // namespace
}  // namespace scalar::inline v0::backend::native

#define SCALAR_VECTOR_BYTES 64
#define SCALAR_KERNELS_NAME "avx512"
#include "backend/native/kernels/body.inl"

namespace scalar::inline v0::backend::native {
const Kernels* avx512_kernels() noexcept {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma")
             ? &table
             : nullptr;
}
}  // namespace scalar::inline v0::backend::native
