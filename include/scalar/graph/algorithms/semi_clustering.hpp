#pragma once
/// Semi-clustering: small overlapping groups that have more to do with each other than with the rest.
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/vertex_values.hpp"

namespace scalar::inline v0::graph {

/// A group of at most 16 vertices.
struct SemiCluster {
  static constexpr std::size_t capacity = 16;

  std::array<Vertex, capacity> all{};  ///< its vertices, ascending; only the first `size` are
  std::uint32_t size = 0;
  double inside = 0;    ///< the weight of the edges between its vertices
  double boundary = 0;  ///< the weight of the edges that leave it
  double score = 0;     ///< of one vertex 1, else `(inside - factor * boundary) / (size * (size - 1) / 2)`

  std::span<const Vertex> vertices() const noexcept { return {all.data(), size}; }
  friend bool operator==(const SemiCluster&, const SemiCluster&) = default;
};

struct SemiClusteringOptions {
  int max_vertices = 4;          ///< of a cluster, 2 to 16
  int max_clusters = 4;          ///< that a vertex keeps and tells its neighbors, 1 to 1,024
  double boundary_factor = 0.2;  ///< how much edges that leave a cluster count against it, 0 to 1
  int iterations = 10;           ///< at most; it ends earlier when no vertex has found better clusters
  int peers = 0;                 ///< 0: chosen from the Runtime's threads; not used inside an engine
};

/// For each vertex the best clusters found that it belongs to, best first.
///
/// Every vertex begins as a cluster of its own. It adds itself to the clusters that its neighbors tell it of, where
/// they have room, and tells its neighbors the best of all it has seen. Of equal scores the smaller cluster is the
/// better one, then the one whose vertices come first. Edges count without direction; several between two vertices
/// count together with the sum of their weights; self-loops do not. The result is the same for any number of peers.
/// Errors: `Errc::invalid_argument` for options out of bounds; `Errc::empty` for a directed graph without in-edges.
/// Complexity: `max_clusters` messages of 100 bytes for each edge an iteration.
/// Source: Malewicz et al., Pregel, 2010, section 5.5; Apache Hama's SemiClustering.
std::vector<std::vector<SemiCluster>> semi_clustering(const Graph& graph, const SemiClusteringOptions& options = {},
                                                      const Runtime& runtime = {});

/// The same inside an engine: every peer calls it and gets its share. `graph` must outlive the call.
bsp::Task<VertexValues<std::vector<SemiCluster>>> semi_clustering(bsp::Peer& peer, const Graph& graph,
                                                                  SemiClusteringOptions options = {});

}  // namespace scalar::inline v0::graph
