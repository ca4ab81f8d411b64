#include "scalar/graph/build.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "graph/csr.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::graph {
namespace {

template <class E>
Graph from_span(std::span<const E> edges, const Build& options, const Runtime& runtime) {
  check(options, std::is_same_v<E, WeightedEdge>);
  std::uint64_t vertices = options.vertices;
  for (const E& edge : edges) vertices = (std::max)(vertices, std::uint64_t{(std::max)(edge.from, edge.to)} + 1);
  const auto n = static_cast<Vertex>((std::min)(vertices, max_vertices));  // what is above is refused by build_lists
  const auto piece = [&](std::int64_t begin, std::int64_t end, std::vector<E>&) {
    return edges.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
  };
  Lists out = build_lists(n, EdgeSource<E>{static_cast<std::int64_t>(edges.size()), piece}, options, runtime);
  return finish(n, std::move(out), options, nullptr, runtime);
}

}  // namespace

Graph from_edges(std::span<const Edge> edges, const Build& options, const Runtime& runtime) {
  return from_span(edges, options, runtime);
}
Graph from_edges(std::span<const WeightedEdge> edges, const Build& options, const Runtime& runtime) {
  return from_span(edges, options, runtime);
}

}  // namespace scalar::inline v0::graph
