#include "scalar/graph/algorithms/spmv.hpp"

#include "core/fail.hpp"
#include "graph/algorithms/per_vertex.hpp"

namespace scalar::inline v0::graph {
namespace {

void check_vector(const Graph& graph, std::span<const double> x) {
  if (x.size() != graph.vertices())
    fail(Errc::shape_mismatch, "spmv", "x has {} elements, the graph {} vertices", x.size(), graph.vertices());
}

bsp::Task<> compute(bsp::Peer&, const Graph& graph, std::span<const double> x, bool transposed, Range share,
                    double* y) {
  for (std::size_t v = share.begin; v < share.end; ++v) {
    const auto row = static_cast<Vertex>(v);
    const std::span<const Vertex> columns = transposed ? graph.in(row) : graph.out(row);
    const std::span<const float> weights = transposed ? graph.in_weights(row) : graph.out_weights(row);
    double sum = 0;
    if (weights.empty())
      for (const Vertex u : columns) sum += x[u];
    else
      for (std::size_t e = 0; e < columns.size(); ++e) sum += static_cast<double>(weights[e]) * x[columns[e]];
    y[v - share.begin] = sum;
  }
  co_return;
}

}  // namespace

std::vector<double> spmv(const Graph& graph, std::span<const double> x, const SpmvOptions& options,
                         const Runtime& runtime) {
  check_vector(graph, x);
  return values_of_all<double>(graph, options.peers, runtime, "spmv", [&](bsp::Peer& peer, Range share, double* y) {
    return compute(peer, graph, x, options.transposed, share, y);
  });
}

bsp::Task<VertexValues<double>> spmv(bsp::Peer& peer, const Graph& graph, std::span<const double> x,
                                     SpmvOptions options) {
  check_vector(graph, x);
  return values_of_own<double>(peer, graph, [&graph, x, options](bsp::Peer& at, Range share, double* y) {
    return compute(at, graph, x, options.transposed, share, y);
  });
}

}  // namespace scalar::inline v0::graph
