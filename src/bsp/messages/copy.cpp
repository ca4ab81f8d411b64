#include "scalar/bsp/detail/copy.hpp"

#include <algorithm>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace scalar::inline v0::bsp::detail {

#if defined(__SSE2__)
void copy_streamed(void* to, const void* from, std::size_t bytes) noexcept {
  auto* out = static_cast<char*>(to);
  const auto* in = static_cast<const char*>(from);
  const std::size_t before = (std::min)(bytes, (std::size_t{0} - reinterpret_cast<std::uintptr_t>(to)) & 63);
  std::memcpy(out, in, before);
  const std::size_t lines = (bytes - before) / 64;
  out += before, in += before;
  for (std::size_t line = 0; line < lines; ++line, out += 64, in += 64) {
    __m128i part[4];
    for (int k = 0; k < 4; ++k) part[k] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in) + k);
    for (int k = 0; k < 4; ++k) _mm_stream_si128(reinterpret_cast<__m128i*>(out) + k, part[k]);
  }
  _mm_sfence();  // a release store does not order streamed stores
  std::memcpy(out, in, bytes - before - lines * 64);
}
#else
void copy_streamed(void* to, const void* from, std::size_t bytes) noexcept { std::memcpy(to, from, bytes); }
#endif

}  // namespace scalar::inline v0::bsp::detail
