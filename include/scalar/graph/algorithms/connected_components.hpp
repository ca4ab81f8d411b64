#pragma once
/// Connected components: which vertices have a path between them.
#include <cstdint>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

struct ComponentsOptions {
  int peers = 0;  ///< 0: chosen from the Runtime's threads; not used inside an engine
};

/// The components of the vertices from `first` on: of all of them, or of one peer's share.
struct Components {
  Vertex first = 0;
  std::vector<Vertex> labels{};  ///< the least vertex of each one's component
  std::int64_t count = 0;        ///< how many components the graph has
};

/// The connected components of a graph; of a directed one the weakly connected, where edges count in both directions.
///
/// The result is the same for any number of peers, threads and processes. Fastest where a directed graph has in-edges.
/// Complexity: close to linear in vertices; edges inside the largest component are mostly never looked at. Memory: 8
/// bytes a vertex.
/// Source: Sutton, Ben-Nun and Barak, Optimizing parallel graph connectivity computation via subgraph sampling
/// (Afforest), 2018.
Components connected_components(const Graph& graph, const ComponentsOptions& options = {}, const Runtime& runtime = {});

/// The same inside an engine: every peer calls it, with a graph that is equal everywhere, and gets its share. Eight
/// supersteps. `graph` must outlive the call.
bsp::Task<Components> connected_components(bsp::Peer& peer, const Graph& graph);

}  // namespace scalar::inline v0::graph
