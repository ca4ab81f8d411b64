#include <fmt/core.h>

#include <string>

#include "core/fail.hpp"
#include "graph/kernels.hpp"
#include "scalar/graph/run.hpp"

namespace scalar::inline v0::graph::detail {

void throw_at_vertex(Errc code, int rank, std::uint64_t superstep, Vertex vertex, const std::string& what) {
  fail(code, fmt::format("graph: peer {}, superstep {}, vertex {}", rank, superstep, vertex), "{}", what);
}

Partition partition_of(const Graph& graph, const RunOptions& options, int peers) {
  const Vertex vertices = graph.vertices() + options.extra_vertices;
  if (options.division == Division::hash) return Partition::hash(vertices, peers);
  if (options.division == Division::vertices || options.extra_vertices != 0) return Partition::range(vertices, peers);
  return Partition::edge_balanced(graph, peers);
}

void check_options(const Graph& graph, const RunOptions& options, bool mutates) {
  const std::uint64_t vertices = std::uint64_t{graph.vertices()} + options.extra_vertices;
  if (vertices > max_vertices)
    fail(Errc::out_of_range, "graph::run", "extra_vertices is {}: a graph of {} vertices may get {}",
         options.extra_vertices, graph.vertices(), max_vertices - graph.vertices());
  if (options.extra_vertices != 0 && !mutates)
    fail(Errc::invalid_argument, "graph::run", "extra_vertices is for programs that say `mutates = true`");
  if (options.gather == Gather::own && options.division == Division::hash)
    fail(Errc::invalid_argument, "graph::run", "Gather::own needs a division in ranges");
}

int peers_of(int wanted, const Runtime& runtime) { return peers_for(wanted, runtime, "graph::run"); }

}  // namespace scalar::inline v0::graph::detail
