#include "scalar/bsp/collectives/gather.hpp"

#include <fmt/core.h>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_unlike_gather_roots(World& world, std::string_view name, int expected, int rank, int root) {
  fail(Errc::invalid_argument, fmt::format("bsp superstep {}", world.superstep()),
       "{}: root is {} for peer 0, but {} for peer {}", name, expected, root, rank);
}

}  // namespace scalar::inline v0::bsp::detail
