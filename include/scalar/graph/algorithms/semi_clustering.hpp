#pragma once
/// Semi-clustering: small overlapping groups of vertices that are more connected inside than to the rest.
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

  std::array<Vertex, capacity> all{};  ///< the first `size` are its vertices, in ascending order
  std::uint32_t size = 0;
  double inside = 0;    ///< the weight of the edges between its vertices
  double boundary = 0;  ///< the weight of the edges that leave it
  double score = 0;     ///< 1 for one vertex, else `(inside - boundary_factor * boundary) / (size * (size - 1) / 2)`

  std::span<const Vertex> vertices() const noexcept { return {all.data(), size}; }
  friend bool operator==(const SemiCluster&, const SemiCluster&) = default;
};

struct SemiClusteringOptions {
  int max_vertices = 4;          ///< in a cluster, 2 to 16
  int max_clusters = 4;          ///< clusters that a vertex keeps and sends to its neighbors, 1 to 1,024
  double boundary_factor = 0.2;  ///< how much edges that leave a cluster count against it, 0 to 1
  int iterations = 10;           ///< at most; it ends earlier if no vertex finds better clusters
  int peers = 0;                 ///< 0: one per thread of the Runtime; not used inside an engine
};

/// For each vertex the best clusters found that it belongs to, best first.
///
/// Every vertex begins as a cluster of its own. It adds itself to the clusters that its neighbors send, if they have
/// room, and sends its neighbors the best of all clusters that it has seen. Of clusters with equal scores the smaller
/// one is better, then the one whose vertices come first. Edges count without direction; several edges between two
/// vertices count as one with the sum of their weights; self-loops do not count. The result is the same for any number
/// of peers.
/// Errors: `Errc::invalid_argument` for options out of bounds; `Errc::empty` for a directed graph without in-edges.
/// Complexity: per iteration, `max_clusters` messages of 100 bytes for each edge.
/// Source: Malewicz et al., Pregel, 2010, section 5.5; Apache Hama's SemiClustering.
std::vector<std::vector<SemiCluster>> semi_clustering(const Graph& graph, const SemiClusteringOptions& options = {},
                                                      const Runtime& runtime = {});

/// `semi_clustering` inside an engine: every peer calls it and gets its share. `graph` must outlive the call.
bsp::Task<VertexValues<std::vector<SemiCluster>>> semi_clustering(bsp::Peer& peer, const Graph& graph,
                                                                  SemiClusteringOptions options = {});

}  // namespace scalar::inline v0::graph
