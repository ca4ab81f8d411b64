#include <array>
#include <utility>

#include "backend/native/trees/histogram.hpp"

namespace scalar::inline v0::backend::trees {
namespace {

constexpr std::int64_t ahead = 24;  // rows to prefetch ahead: deep in a tree, rows are scattered in memory

/// `add_rows` for a block width known at compile time, with 256 slots per feature.
template <int Width, class Sum>
void add_fixed(const std::uint8_t* codes, const std::uint32_t* index, std::int64_t count, const Sum* gradients,
               Sum* histogram) {
  const auto add = [&](std::uint32_t row) {
    const std::uint8_t* from = codes + std::size_t{row} * Width;
    const Sum gradient = gradients[row];
    // All bins are read before any sum is written, because a byte might alias a sum.
    std::array<std::uint32_t, Width> code;
#pragma GCC unroll 16
    for (std::size_t i = 0; i < Width; ++i) code[i] = from[i];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < Width; ++i) histogram[i * 256 + code[i]] += gradient;
  };
  std::int64_t k = 0;
  for (; k + ahead < count; ++k) {
    const std::uint32_t later = index[k + ahead];
    __builtin_prefetch(codes + std::size_t{later} * Width);
    __builtin_prefetch(gradients + later);
    add(index[k]);
  }
  for (; k < count; ++k) add(index[k]);
}

template <class Sum>
using AddFixed = void (*)(const std::uint8_t*, const std::uint32_t*, std::int64_t, const Sum*, Sum*);

template <class Sum, std::size_t... I>
constexpr std::array<AddFixed<Sum>, sizeof...(I)> all_widths(std::index_sequence<I...>) {
  return {add_fixed<static_cast<int>(I) + 1, Sum>...};
}

}  // namespace

template <class Code, class Sum>
void add_rows(const Code* codes, int width, int stride, const std::uint32_t* index, std::int64_t count,
              const Sum* gradients, Sum* histogram) {
  if constexpr (sizeof(Code) == 1) {
    static constexpr auto kernels = all_widths<Sum>(std::make_index_sequence<max_block_width>{});
    kernels[static_cast<std::size_t>(width) - 1](codes, index, count, gradients, histogram);
  } else {
    for (std::int64_t k = 0; k < count; ++k) {
      const Code* from = codes + std::size_t{index[k]} * static_cast<std::size_t>(width);
      const Sum gradient = gradients[index[k]];
      for (int i = 0; i < width; ++i)
        histogram[static_cast<std::size_t>(i) * static_cast<std::size_t>(stride) + from[i]] += gradient;
    }
  }
}

template void add_rows(const std::uint8_t*, int, int, const std::uint32_t*, std::int64_t, const Packed*, Packed*);
template void add_rows(const std::uint16_t*, int, int, const std::uint32_t*, std::int64_t, const Packed*, Packed*);
template void add_rows(const std::uint8_t*, int, int, const std::uint32_t*, std::int64_t, const Wide*, Wide*);
template void add_rows(const std::uint16_t*, int, int, const std::uint32_t*, std::int64_t, const Wide*, Wide*);

}  // namespace scalar::inline v0::backend::trees
