#include "scalar/bsp/arrays/replicated.hpp"

#include <string>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

std::string text_of(Share share) { return "[" + std::to_string(share.begin) + ", " + std::to_string(share.end) + ")"; }

}  // namespace

void throw_unlike_arrays(std::size_t expected, int rank, std::size_t size) {
  throw Error(Errc::shape_mismatch,
              "an array that all peers share has " + std::to_string(expected) + " elements, but " +
                  std::to_string(size) + " for peer " + std::to_string(rank),
              "bsp");
}

void throw_bad_share(int rank, Share share, std::size_t size) {
  throw Error(Errc::out_of_range,
              "the share of an array is " + text_of(share) + ", expected one of [0, " + std::to_string(size) + ")",
              "bsp peer " + std::to_string(rank));
}

void throw_share_gap(int rank, std::size_t expected, std::size_t begin) {
  throw Error(Errc::shape_mismatch,
              "peers' shares of an array do not follow each other: the one before ends at " + std::to_string(expected) +
                  ", the share of peer " + std::to_string(rank) + " begins at " + std::to_string(begin),
              "bsp");
}

void throw_bad_part(const Segment& segment) {
  throw Error(Errc::parse,
              "a part of an array has " + std::to_string(segment.bytes.size()) + " bytes for " +
                  std::to_string(segment.count) + " elements, which it cannot have",
              "bsp peer " + std::to_string(segment.source));
}

void throw_half_published(std::string_view array, std::uint64_t published, int peers) {
  throw Error(Errc::invalid_argument,
              std::string(array) + ": " + std::to_string(published) + " of " + std::to_string(peers) +
                  " peers have published, expected none or all",
              "bsp");
}

}  // namespace scalar::inline v0::bsp::detail
