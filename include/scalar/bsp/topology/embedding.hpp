#pragma once
/// Which process hosts which place of a topology: fewer links between processes, fewer bytes on the wire.
#include <cstdint>

#include "scalar/bsp/topology/topology.hpp"

namespace scalar::inline v0::bsp {

/// How many links join peers of different processes. Every process hosts a contiguous share of the ranks.
/// Errors: `Errc::invalid_argument` unless there are 1 to `topology.size()` processes.
std::int64_t links_cut(const Topology& topology, int processes);

/// The same shape, its places dealt out to ranks so that neighbors share a process: see `Topology::renumbered`.
///
/// The places are halved for half of the processes each, and so on. A half is the best of several: the first places,
/// the lowest along each dimension of a grid (Berger and Bokhari, "A partitioning strategy for nonuniform problems on
/// multiprocessors", 1987), and regions grown from a far corner, depth first or by taking what adds fewest cut links
/// (Karypis and Kumar, "A fast and high quality multilevel scheme for partitioning irregular graphs", 1998,
/// section 3.2); pairs are then swapped while that helps (Kernighan and Lin, 1970). The result never cuts more links
/// than the topology as it is. Deterministic: every process finds the same. Complexity: O((links + peers) log(peers)
/// log(processes)); a complete topology comes back at once, since all placings cut the same. Errors: as `links_cut`.
Topology embed(const Topology& topology, int processes);

}  // namespace scalar::inline v0::bsp
