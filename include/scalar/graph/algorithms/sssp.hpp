#pragma once
/// Shortest paths from one vertex to all others.
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

struct SsspOptions {
  double delta = 0;  ///< the width of a bucket of distances; 0: chosen from the weights. Changes only the speed
  int peers = 0;     ///< 0: one per thread of the Runtime; not used inside an engine
};

/// Distances of the vertices from `first` on: all vertices, or one peer's share.
template <class Distance>
struct ShortestPaths {
  Vertex first = 0;
  std::vector<Distance> distances{};  ///< infinity without a path
};

/// The smallest sum of weights over the paths from `source` to each vertex. In a graph without weights, each edge has
/// the weight 1.
///
/// `Distance` is float or double: the weights of a path are added in that type, from the source on, and the smallest
/// sum of all paths is taken. So the result has the same bits for any delta and any number of peers, threads and
/// processes. float is exact for sums of integers up to 16,777,216 and takes half the memory.
/// Errors: `Errc::out_of_range` for an invalid source; `Errc::invalid_argument` for a negative weight, naming its edge,
/// or a delta that is negative or not finite.
/// Complexity: a pass over the weights, then about one over the reached edges. Memory: two distances per vertex.
/// Source: Meyer and Sanders, Delta-stepping: a parallelizable shortest path algorithm, 2003; with the fusion of small
/// buckets of Zhang et al., Optimizing ordered graph algorithms with GraphIt, 2020.
template <class Distance = double>
ShortestPaths<Distance> sssp(const Graph& graph, Vertex source, const SsspOptions& options = {},
                             const Runtime& runtime = {});

/// `sssp` inside an engine: every peer calls it with an equal graph, source and options, and gets its share. Two
/// supersteps for each time that a bucket is emptied. `graph` must outlive the call.
template <class Distance = double>
bsp::Task<ShortestPaths<Distance>> sssp(bsp::Peer& peer, const Graph& graph, Vertex source, SsspOptions options = {});

extern template ShortestPaths<float> sssp(const Graph&, Vertex, const SsspOptions&, const Runtime&);
extern template ShortestPaths<double> sssp(const Graph&, Vertex, const SsspOptions&, const Runtime&);
extern template bsp::Task<ShortestPaths<float>> sssp(bsp::Peer&, const Graph&, Vertex, SsspOptions);
extern template bsp::Task<ShortestPaths<double>> sssp(bsp::Peer&, const Graph&, Vertex, SsspOptions);

}  // namespace scalar::inline v0::graph
