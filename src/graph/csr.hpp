#pragma once
/// Compressed sparse rows: turns edges into lists of neighbors.
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "graph/storage.hpp"
#include "scalar/core/parallel.hpp"
#include "scalar/graph/build.hpp"

namespace scalar::inline v0::graph {

/// Edges that are read in pieces, each twice, by several threads. A source may make them on demand, so that not all of
/// them are in memory at once.
template <class E>
struct EdgeSource {
  static constexpr std::int64_t grain = std::int64_t{1} << 16;  ///< pieces begin at multiples of it

  std::int64_t count = 0;
  /// Returns the edges `[begin, end)`; may store them in `scratch`.
  FunctionRef<std::span<const E>(std::int64_t begin, std::int64_t end, std::vector<E>& scratch)> piece;
};

/// The out-lists of a directed graph, or the lists of an undirected one. Requires ends of edges below `vertices` and
/// finite weights. Errors: `Errc::out_of_range` for a sum of weights that is not finite.
template <class E>
Lists build_lists(Vertex vertices, const EdgeSource<E>& edges, const BuildOptions& options, const Runtime& runtime);

/// The in-lists of the graph whose out-lists are `lists`.
Lists transpose(const Lists& lists, const Runtime& runtime);

/// Sorts each list by vertex, then by weight.
void sort_lists(Lists& lists, const Runtime& runtime);

/// A graph of sorted lists. In-lists are built if `options` ask for them and `in` is null.
Graph finish(Vertex vertices, Lists out, const BuildOptions& options, std::shared_ptr<const IdTable> ids,
             const Runtime& runtime, std::shared_ptr<const Lists> in = nullptr);

/// Checks `options` for edges with or without weights. Errors: `Errc::invalid_argument`, `Errc::too_large`.
void check(const BuildOptions& options, bool weighted);

extern template Lists build_lists(Vertex, const EdgeSource<Edge>&, const BuildOptions&, const Runtime&);
extern template Lists build_lists(Vertex, const EdgeSource<WeightedEdge>&, const BuildOptions&, const Runtime&);

}  // namespace scalar::inline v0::graph
