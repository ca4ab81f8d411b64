#include "scalar/graph/algorithms/personalized_pagerank.hpp"

#include <vector>

#include "core/fail.hpp"
#include "graph/kernels.hpp"

namespace scalar::inline v0::graph {
namespace {

constexpr const char* name = "personalized_pagerank";

std::vector<double> teleport_to(const Graph& graph, std::span<const Vertex> sources, const PageRankOptions& options) {
  if (sources.empty()) fail(Errc::invalid_argument, name, "there are no sources to return to");
  if (!options.teleport.empty())
    fail(Errc::invalid_argument, name, "teleport is given by the sources; use pagerank for weights of your own");
  std::vector<double> weights(graph.vertices());
  for (const Vertex source : sources) {
    check_source(graph, source, name);
    weights[source] += 1;
  }
  return weights;
}

}  // namespace

PageRank<double> personalized_pagerank(const Graph& graph, std::span<const Vertex> sources,
                                       const PageRankOptions& options, const Runtime& runtime) {
  const std::vector<double> weights = teleport_to(graph, sources, options);
  PageRankOptions with = options;
  with.teleport = weights;
  return pagerank<double>(graph, with, runtime);
}

bsp::Task<PageRank<double>> personalized_pagerank(bsp::Peer& peer, const Graph& graph, std::span<const Vertex> sources,
                                                  PageRankOptions options) {
  const std::vector<double> weights = teleport_to(graph, sources, options);
  options.teleport = weights;
  PageRank<double> own = co_await pagerank<double>(peer, graph, options);
  co_return own;
}

}  // namespace scalar::inline v0::graph
