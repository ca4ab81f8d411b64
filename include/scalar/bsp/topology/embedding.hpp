#pragma once
/// embed: places a topology on processes so that few links join different processes.
#include <cstdint>

#include "scalar/bsp/topology/topology.hpp"

namespace scalar::inline v0::bsp {

/// How many links join peers of different processes. Every process hosts a contiguous share of the ranks.
/// Errors: `Errc::invalid_argument` unless there are 1 to `topology.size()` processes.
std::int64_t links_cut(const Topology& topology, int processes);

/// The topology with its places reassigned to ranks so that neighbors share a process: see `Topology::renumbered`.
///
/// The places are bisected, with half of the processes for each part, and so on recursively. Each bisection is the best
/// of several: the first places, the lowest along each dimension of a grid (Berger and Bokhari, "A partitioning
/// strategy for nonuniform problems on multiprocessors", 1987), and regions grown from a far corner, depth first or by
/// the place that adds the fewest cut links (Karypis and Kumar, "A fast and high quality multilevel scheme for
/// partitioning irregular graphs", 1998, section 3.2). Pairs are then swapped while that helps (Kernighan and Lin,
/// 1970). The result never cuts more links than the given topology. Deterministic: every process gets the same result.
/// Complexity: O((links + peers) log(peers) log(processes)); a complete topology is returned at once, since every
/// placement cuts the same number of links. Errors: as `links_cut`.
Topology embed(const Topology& topology, int processes);

}  // namespace scalar::inline v0::bsp
