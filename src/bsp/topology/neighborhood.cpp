#include "scalar/bsp/topology/neighborhood.hpp"

#include <string>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_not_neighbors(const Topology& topology, int rank, int other) {
  throw Error(Errc::invalid_argument,
              "peer " + std::to_string(rank) + " has no neighbor " + std::to_string(other) + " in the " +
                  std::string(topology.name()) + " of " + std::to_string(topology.size()) + " peers",
              "bsp::Neighborhood");
}

void throw_other_size(const Topology& topology, int peers) {
  throw Error(Errc::shape_mismatch,
              "the " + std::string(topology.name()) + " is for " + std::to_string(topology.size()) +
                  " peers, the engine has " + std::to_string(peers),
              "bsp::Neighborhood");
}

}  // namespace scalar::inline v0::bsp::detail
