// AVX2 and FMA.
#include "backend/native/kernels/kernels.hpp"

namespace scalar::inline v0::backend::native {
namespace {
template <int... Rows>
struct Heights;
constexpr int tile_rows = 6, tile_panels = 1, lone_panels = 4;
using TileHeights = Heights<1, 2, 3, 4, 5, 6>;
using LoneHeights = Heights<1>;
}  // namespace
}  // namespace scalar::inline v0::backend::native

#define SCALAR_VECTOR_BYTES 32
#define SCALAR_KERNELS_NAME "avx2"
#include "backend/native/kernels/body.inl"

namespace scalar::inline v0::backend::native {
const Kernels* avx2_kernels() noexcept {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &table : nullptr;
}
}  // namespace scalar::inline v0::backend::native
