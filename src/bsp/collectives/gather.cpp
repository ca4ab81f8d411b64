#include "scalar/bsp/collectives/gather.hpp"

#include <string>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_unlike_gather_roots(World& world, std::string_view name, int expected, int rank, int root) {
  throw Error(Errc::invalid_argument,
              std::string(name) + ": root is " + std::to_string(expected) + " for peer 0, but " + std::to_string(root) +
                  " for peer " + std::to_string(rank),
              "bsp superstep " + std::to_string(world.superstep()));
}

}  // namespace scalar::inline v0::bsp::detail
