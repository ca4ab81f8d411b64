#pragma once
/// Options and results that several graph algorithms share.
#include <vector>

#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// The options of an algorithm that has no others.
struct AlgorithmOptions {
  int peers = 0;  ///< 0: one per thread of the Runtime; not used inside an engine
};

/// One value for each vertex of a peer's share, from `first` on. The shares of all peers, in the order of their ranks,
/// make up the graph.
template <class T>
struct VertexValues {
  Vertex first = 0;
  std::vector<T> values{};
};

}  // namespace scalar::inline v0::graph
