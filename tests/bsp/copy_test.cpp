#include "scalar/bsp/detail/copy.hpp"

#include <cstdint>
#include <numeric>
#include <vector>

#include "support/catch.hpp"

using scalar::bsp::detail::copy_streamed;
using scalar::bsp::detail::copy_values;
using scalar::bsp::detail::streamed_bytes;

TEST_CASE("streamed copies are copies, whatever the alignment and the length, and write nothing else") {
  std::vector<std::uint8_t> from(512);
  std::iota(from.begin(), from.end(), std::uint8_t{1});
  for (std::size_t source : {0u, 1u, 17u})
    for (std::size_t target = 0; target < 65; ++target)
      for (std::size_t bytes : {0u, 1u, 63u, 64u, 65u, 127u, 128u, 191u, 300u}) {
        std::vector<std::uint8_t> to(512, 0), expected(512, 0);
        copy_streamed(to.data() + target, from.data() + source, bytes);
        std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(source), bytes,
                    expected.begin() + static_cast<std::ptrdiff_t>(target));
        REQUIRE(to == expected);
      }
}

TEST_CASE("values below and above the size that is streamed") {
  for (const std::size_t count : {std::size_t{0}, std::size_t{5}, streamed_bytes / 4, streamed_bytes / 4 + 3}) {
    std::vector<int> from(count), to(count + 2, -1);
    std::iota(from.begin(), from.end(), 7);
    CHECK(copy_values<int>(from, to.data() + 1) == to.data() + 1 + count);
    CHECK(to.front() == -1);
    CHECK(to.back() == -1);
    CHECK(std::equal(from.begin(), from.end(), to.begin() + 1));
  }
}
