#include "scalar/bsp/arrays/replicated.hpp"

#include <fmt/core.h>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_unlike_arrays(std::size_t expected, int rank, std::size_t size) {
  fail(Errc::shape_mismatch, "bsp", "an array that all peers share has {} elements, but {} for peer {}", expected, size,
       rank);
}

void throw_bad_share(int rank, Range share, std::size_t size) {
  fail(Errc::out_of_range, fmt::format("bsp peer {}", rank),
       "the share of an array is [{}, {}), expected one of [0, {})", share.begin, share.end, size);
}

void throw_share_gap(int rank, std::size_t expected, std::size_t begin) {
  fail(Errc::shape_mismatch, "bsp",
       "peers' shares of an array do not follow each other: the one before ends at {}, the share of peer {} begins at "
       "{}",
       expected, rank, begin);
}

void throw_bad_part(const Segment& segment) {
  fail(Errc::parse, fmt::format("bsp peer {}", segment.source),
       "a part of an array has {} bytes for {} elements, which it cannot have", segment.bytes.size(), segment.count);
}

void throw_half_published(std::string_view array, std::uint64_t published, int peers) {
  fail(Errc::invalid_argument, "bsp", "{}: {} of {} peers have published, expected none or all", array, published,
       peers);
}

}  // namespace scalar::inline v0::bsp::detail
