#include "scalar/graph/algorithms/minimum_distance_search.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "graph/algorithms/per_vertex.hpp"
#include "scalar/graph/algorithms/connected_components.hpp"

namespace scalar::inline v0::graph {
namespace {

/// A message: the vertex `least` has a path to `to`.
struct Arrival {
  Vertex least = 0, to = 0;
};

/// Spreads the arrived numbers within the share, in ascending order, so that each vertex is visited at most once.
/// Returns whether anything was sent to another peer.
bool spread(const Graph& graph, Range share, const Partition& owners, std::vector<Arrival>& arrivals, Vertex* values,
            std::vector<Vertex>& stack, bsp::Mailbox<Arrival>& box) {
  bool sends = false;
  std::sort(arrivals.begin(), arrivals.end(), [](const Arrival& a, const Arrival& b) { return a.least < b.least; });
  const auto visit = [&](Vertex v, Vertex least) {
    if (values[v - share.begin] <= least) return;
    values[v - share.begin] = least;
    stack.push_back(v);
  };
  for (const Arrival& arrival : arrivals) {
    visit(arrival.to, arrival.least);
    while (!stack.empty()) {
      const Vertex from = stack.back();
      stack.pop_back();
      for (const Vertex u : graph.out(from)) {
        if (u <= arrival.least) continue;
        if (u >= share.begin && u < share.end)
          visit(u, arrival.least);
        else
          sends = true, box.send(owners.owner(u), Arrival{arrival.least, u});
      }
    }
  }
  return sends;
}

bsp::Task<> compute(bsp::Peer& peer, const Graph& graph, Range share, Vertex* values) {
  const Partition owners = Partition::edge_balanced(graph, peer.size());
  auto box = peer.mailbox<Arrival>();
  std::vector<Arrival> arrivals;
  std::vector<Vertex> stack;
  std::fill_n(values, share.size(), no_vertex);
  for (std::size_t v = share.begin; v < share.end; ++v)
    arrivals.push_back({static_cast<Vertex>(v), static_cast<Vertex>(v)});
  for (;;) {
    const bool sends = spread(graph, share, owners, arrivals, values, stack, box);
    const bool goes_on = co_await all_reduce(peer, sends, std::logical_or{});
    if (!goes_on) break;
    arrivals.clear();
    for (const auto& run : box.runs()) arrivals.insert(arrivals.end(), run.values.begin(), run.values.end());
  }
}

}  // namespace

std::vector<Vertex> minimum_distance_search(const Graph& graph, const AlgorithmOptions& options,
                                            const Runtime& runtime) {
  if (!graph.is_directed()) return connected_components(graph, {.peers = options.peers}, runtime).labels;
  return values_of_all<Vertex>(
      graph, options.peers, runtime, "minimum_distance_search",
      [&](bsp::Peer& peer, Range share, Vertex* values) { return compute(peer, graph, share, values); });
}

bsp::Task<VertexValues<Vertex>> minimum_distance_search(bsp::Peer& peer, const Graph& graph) {
  if (!graph.is_directed()) {
    Components own = co_await connected_components(peer, graph);
    co_return VertexValues<Vertex>{.first = own.first, .values = std::move(own.labels)};
  }
  const auto search = [&graph](bsp::Peer& at, Range share, Vertex* values) {
    return compute(at, graph, share, values);
  };
  VertexValues<Vertex> own = co_await values_of_own<Vertex>(peer, graph, search);
  co_return own;
}

}  // namespace scalar::inline v0::graph
