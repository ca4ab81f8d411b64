#include "scalar/graph/algorithms/in_link_count.hpp"

#include "graph/algorithms/per_vertex.hpp"

namespace scalar::inline v0::graph {
namespace {

void send_links(const Graph& graph, Range share, const Partition& owners, bsp::Mailbox<Vertex>& box) {
  for (std::size_t v = share.begin; v < share.end; ++v)
    for (const Vertex to : graph.out(static_cast<Vertex>(v))) box.send(owners.owner(to), to);
}

bsp::Task<> compute(bsp::Peer& peer, const Graph& graph, Range share, std::uint64_t* counts) {
  if (graph.has_in_edges()) {
    for (std::size_t v = share.begin; v < share.end; ++v)
      counts[v - share.begin] = static_cast<std::uint64_t>(graph.in_degree(static_cast<Vertex>(v)));
    co_return;
  }
  const Partition owners = Partition::edge_balanced(graph, peer.size());
  auto box = peer.mailbox<Vertex>();
  send_links(graph, share, owners, box);
  co_await peer.sync();
  for (const auto& run : box.runs())
    for (const Vertex to : run.values) ++counts[to - share.begin];
}

}  // namespace

std::vector<std::uint64_t> in_link_count(const Graph& graph, const AlgorithmOptions& options, const Runtime& runtime) {
  return values_of_all<std::uint64_t>(
      graph, options.peers, runtime, "in_link_count",
      [&](bsp::Peer& peer, Range share, std::uint64_t* counts) { return compute(peer, graph, share, counts); });
}

bsp::Task<VertexValues<std::uint64_t>> in_link_count(bsp::Peer& peer, const Graph& graph) {
  return values_of_own<std::uint64_t>(peer, graph, [&graph](bsp::Peer& at, Range share, std::uint64_t* counts) {
    return compute(at, graph, share, counts);
  });
}

}  // namespace scalar::inline v0::graph
