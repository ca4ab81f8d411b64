#pragma once
/// Shortest paths from one vertex to all.
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

struct SsspOptions {
  double delta = 0;  ///< the width of a bucket of distances; 0: chosen from the weights. For speed only
  int peers = 0;     ///< 0: chosen from the Runtime's threads; not used inside an engine
};

/// Distances of the vertices from `first` on: of all of them, or of one peer's share.
template <class Distance>
struct ShortestPaths {
  Vertex first = 0;
  std::vector<Distance> distances{};  ///< infinity where no path leads
};

/// The least sum of weights over the paths from `source` to each vertex; without weights each edge counts 1.
///
/// `Distance` is float or double: a path's weights are added in it, from the source on, and of all paths the least sum
/// is taken, so the result has the same bits for any delta and any number of peers, threads and processes. float is
/// exact for sums of integers up to 16,777,216 and takes half the memory.
/// Errors: `Errc::out_of_range` for a source that is no vertex; `Errc::invalid_argument` for a negative weight, naming
/// its edge, or a delta that is negative or not finite.
/// Complexity: a pass over the weights, then about one over the edges that are reached. Memory: two distances a vertex.
/// Source: Meyer and Sanders, Delta-stepping: a parallelizable shortest path algorithm, 2003; with the fusion of small
/// buckets of Zhang et al., Optimizing ordered graph algorithms with GraphIt, 2020.
template <class Distance = double>
ShortestPaths<Distance> sssp(const Graph& graph, Vertex source, const SsspOptions& options = {},
                             const Runtime& runtime = {});

/// The same inside an engine: every peer calls it, with a graph, source and options that are equal everywhere, and gets
/// its share. Two supersteps for each time that a bucket is emptied. `graph` must outlive the call.
template <class Distance = double>
bsp::Task<ShortestPaths<Distance>> sssp(bsp::Peer& peer, const Graph& graph, Vertex source, SsspOptions options = {});

extern template ShortestPaths<float> sssp(const Graph&, Vertex, const SsspOptions&, const Runtime&);
extern template ShortestPaths<double> sssp(const Graph&, Vertex, const SsspOptions&, const Runtime&);
extern template bsp::Task<ShortestPaths<float>> sssp(bsp::Peer&, const Graph&, Vertex, SsspOptions);
extern template bsp::Task<ShortestPaths<double>> sssp(bsp::Peer&, const Graph&, Vertex, SsspOptions);

}  // namespace scalar::inline v0::graph
