#include "scalar/graph/algorithms/label_propagation.hpp"

#include <algorithm>
#include <functional>

#include "core/fail.hpp"
#include "graph/algorithms/per_vertex.hpp"

namespace scalar::inline v0::graph {
namespace {

/// The most frequent of `labels`, the smallest if there are several. Sorts `labels`.
Vertex most_frequent(std::vector<Vertex>& labels) {
  std::sort(labels.begin(), labels.end());
  Vertex best = labels.front();
  std::size_t most = 0;
  for (std::size_t i = 0; i < labels.size();) {
    std::size_t next = i;
    while (next < labels.size() && labels[next] == labels[i]) ++next;
    if (next - i > most) most = next - i, best = labels[i];
    i = next;
  }
  return best;
}

bool step(const Graph& graph, Range share, std::span<const Vertex> labels, std::span<Vertex> next,
          std::vector<Vertex>& scratch) {
  bool changes = false;
  for (std::size_t v = share.begin; v < share.end; ++v) {
    scratch.clear();
    for (const Vertex u : graph.out(static_cast<Vertex>(v))) scratch.push_back(labels[u]);
    if (graph.is_directed())
      for (const Vertex u : graph.in(static_cast<Vertex>(v))) scratch.push_back(labels[u]);
    const Vertex label = scratch.empty() ? labels[v] : most_frequent(scratch);
    changes = changes || label != labels[v];
    next[v - share.begin] = label;
  }
  return changes;
}

bsp::Task<> compute(bsp::Peer& peer, const Graph& graph, int iterations, Range share, Vertex* result) {
  bsp::Replicated<Vertex> labels(peer, graph.vertices(), share);
  std::vector<Vertex> scratch;
  for (std::size_t v = share.begin; v < share.end; ++v) labels.next()[v - share.begin] = static_cast<Vertex>(v);
  labels.publish();
  co_await peer.sync();
  for (int k = 0; k < iterations; ++k) {
    const bool changes = step(graph, share, labels.values(), labels.next(), scratch);
    labels.publish();
    const bool goes_on = co_await all_reduce(peer, changes, std::logical_or{});
    if (!goes_on) break;
  }
  std::copy(labels.values().begin() + static_cast<std::ptrdiff_t>(share.begin),
            labels.values().begin() + static_cast<std::ptrdiff_t>(share.end), result);
}

void check(const LabelPropagationOptions& options) {
  if (options.iterations < 0)
    fail(Errc::invalid_argument, "label_propagation", "iterations is {}, expected 0 or more", options.iterations);
}

}  // namespace

std::vector<Vertex> label_propagation(const Graph& graph, const LabelPropagationOptions& options,
                                      const Runtime& runtime) {
  check(options);
  return values_of_all<Vertex>(graph, options.peers, runtime, "label_propagation",
                               [&](bsp::Peer& peer, Range share, Vertex* labels) {
                                 return compute(peer, graph, options.iterations, share, labels);
                               });
}

bsp::Task<VertexValues<Vertex>> label_propagation(bsp::Peer& peer, const Graph& graph,
                                                  LabelPropagationOptions options) {
  check(options);
  return values_of_own<Vertex>(peer, graph, [&graph, options](bsp::Peer& at, Range share, Vertex* labels) {
    return compute(at, graph, options.iterations, share, labels);
  });
}

}  // namespace scalar::inline v0::graph
