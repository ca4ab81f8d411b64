#pragma once
/// What the ready algorithms take and give.
#include <vector>

#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// The options of an algorithm that has no others.
struct AlgorithmOptions {
  int peers = 0;  ///< 0: chosen from the Runtime's threads; not used inside an engine
};

/// One value for each vertex of a peer's share, from `first` on. The shares of all peers, in rank order, are the graph.
template <class T>
struct VertexValues {
  Vertex first = 0;
  std::vector<T> values{};
};

}  // namespace scalar::inline v0::graph
