// Any machine (SSE2 on x86-64, NEON on ARM).
#include "backend/native/kernels/kernels.hpp"

namespace scalar::inline v0::backend::native {
namespace {
template <int... Rows>
struct Heights;
constexpr int tile_rows = 2, tile_panels = 1, lone_panels = 1;
using TileHeights = Heights<1, 2>;
using LoneHeights = Heights<1>;
}  // namespace
}  // namespace scalar::inline v0::backend::native

#define SCALAR_VECTOR_BYTES 16
#define SCALAR_KERNELS_NAME "baseline"
#include "backend/native/kernels/body.inl"

namespace scalar::inline v0::backend::native {
const Kernels* baseline_kernels() noexcept { return &table; }
}  // namespace scalar::inline v0::backend::native
