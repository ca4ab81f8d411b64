#include "scalar/bsp/topology/neighborhood.hpp"

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_not_neighbors(const Topology& topology, int rank, int other) {
  fail(Errc::invalid_argument, "bsp::Neighborhood", "peer {} has no neighbor {} in the {} of {} peers", rank, other,
       topology.name(), topology.size());
}

void throw_other_size(const Topology& topology, int peers) {
  fail(Errc::shape_mismatch, "bsp::Neighborhood", "the {} is for {} peers, the engine has {}", topology.name(),
       topology.size(), peers);
}

}  // namespace scalar::inline v0::bsp::detail
