#pragma once
/// Connected components: which vertices have a path between them.
#include <cstdint>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

struct ComponentsOptions {
  int peers = 0;  ///< 0: one per thread of the Runtime; not used inside an engine
};

/// The components of the vertices from `first` on: all vertices, or one peer's share.
struct Components {
  Vertex first = 0;
  std::vector<Vertex> labels{};  ///< for each vertex the smallest vertex of its component
  std::int64_t count = 0;        ///< the number of components of the whole graph
};

/// The connected components of a graph; of a directed graph the weakly connected components, where edges count in both
/// directions.
///
/// The result is the same for any number of peers, threads and processes. A directed graph is faster with in-edges.
/// Complexity: close to linear in vertices; most edges inside the largest component are never read. Memory: 8 bytes per
/// vertex.
/// Source: Sutton, Ben-Nun and Barak, Optimizing parallel graph connectivity computation via subgraph sampling
/// (Afforest), 2018.
Components connected_components(const Graph& graph, const ComponentsOptions& options = {}, const Runtime& runtime = {});

/// `connected_components` inside an engine: every peer calls it with an equal graph and gets its share. Eight
/// supersteps. `graph` must outlive the call.
bsp::Task<Components> connected_components(bsp::Peer& peer, const Graph& graph);

}  // namespace scalar::inline v0::graph
