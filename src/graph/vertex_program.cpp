#include <string>

#include "graph/kernels.hpp"
#include "scalar/core/error.hpp"
#include "scalar/graph/run.hpp"

namespace scalar::inline v0::graph::detail {

void throw_at_vertex(Errc code, int rank, std::uint64_t superstep, Vertex vertex, const std::string& what) {
  throw Error(code, what,
              "graph: peer " + std::to_string(rank) + ", superstep " + std::to_string(superstep) + ", vertex " +
                  std::to_string(vertex));
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
    throw Error(Errc::out_of_range,
                "extra_vertices is " + std::to_string(options.extra_vertices) + ": a graph of " +
                    std::to_string(graph.vertices()) + " vertices may get " +
                    std::to_string(max_vertices - graph.vertices()),
                "graph::run");
  if (options.extra_vertices != 0 && !mutates)
    throw Error(Errc::invalid_argument, "extra_vertices is for programs that say `mutates = true`", "graph::run");
  if (options.gather == Gather::own && options.division == Division::hash)
    throw Error(Errc::invalid_argument, "Gather::own needs a division in ranges", "graph::run");
}

int peers_of(int wanted, const Runtime& runtime) { return peers_for(wanted, runtime, "graph::run"); }

}  // namespace scalar::inline v0::graph::detail
