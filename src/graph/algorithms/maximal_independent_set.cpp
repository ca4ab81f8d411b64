#include "scalar/graph/algorithms/maximal_independent_set.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "graph/algorithms/per_vertex.hpp"
#include "scalar/core/random.hpp"

namespace scalar::inline v0::graph {
namespace {

enum State : std::uint8_t { undecided = 0, inside = 1, outside = 2 };

std::pair<std::uint64_t, Vertex> priority(std::uint64_t seed, Vertex vertex, std::uint64_t round) noexcept {
  const auto words = Philox::block(seed, vertex, round);
  return {std::uint64_t{words[0]} << 32 | words[1], vertex};
}

/// Whether `test(neighbor)` holds for any neighbor, in either direction.
template <class Test>
bool any_neighbor(const Graph& graph, Vertex v, Test test) {
  const auto is_other = [&](Vertex u) { return u != v && test(u); };
  return std::ranges::any_of(graph.out(v), is_other) ||
         (graph.is_directed() && std::ranges::any_of(graph.in(v), is_other));
}

bool beats_neighbors(const Graph& graph, std::span<const std::uint8_t> states, Vertex v, std::uint64_t seed,
                     std::uint64_t round) {
  const auto own = priority(seed, v, round);
  return !any_neighbor(graph, v, [&](Vertex u) { return states[u] == undecided && priority(seed, u, round) > own; });
}

/// Moves the vertices of `open` for which `decide` is true to state `into` and removes them from `open`. A round calls
/// it twice: vertices with the highest priority join, then their neighbors are out.
template <class Decide>
void settle(bsp::Replicated<std::uint8_t>& states, std::vector<Vertex>& open, State into, Decide decide) {
  const Range share = states.share();
  std::copy_n(states.values().data() + share.begin, share.size(), states.next().data());
  std::erase_if(open, [&](Vertex v) {
    if (!decide(v)) return false;
    states.next()[v - share.begin] = into;
    return true;
  });
  states.publish();
}

bsp::Task<> compute(bsp::Peer& peer, const Graph& graph, std::uint64_t seed, Range share, std::uint8_t* result) {
  bsp::Replicated<std::uint8_t> states(peer, graph.vertices(), share);
  std::vector<Vertex> open;
  for (std::size_t v = share.begin; v < share.end; ++v) open.push_back(static_cast<Vertex>(v));
  for (std::uint64_t round = 0;; ++round) {
    settle(states, open, inside, [&](Vertex v) { return beats_neighbors(graph, states.values(), v, seed, round); });
    co_await peer.sync();
    settle(states, open, outside,
           [&](Vertex v) { return any_neighbor(graph, v, [&](Vertex u) { return states[u] == inside; }); });
    const bool more = !open.empty();
    const bool goes_on = co_await all_reduce(peer, more, std::logical_or{});
    if (!goes_on) break;
  }
  for (std::size_t v = share.begin; v < share.end; ++v) result[v - share.begin] = states[v] == inside;
}

}  // namespace

std::vector<std::uint8_t> maximal_independent_set(const Graph& graph, const IndependentSetOptions& options,
                                                  const Runtime& runtime) {
  return values_of_all<std::uint8_t>(graph, options.peers, runtime, "maximal_independent_set",
                                     [&](bsp::Peer& peer, Range share, std::uint8_t* result) {
                                       return compute(peer, graph, options.seed, share, result);
                                     });
}

bsp::Task<VertexValues<std::uint8_t>> maximal_independent_set(bsp::Peer& peer, const Graph& graph,
                                                              IndependentSetOptions options) {
  return values_of_own<std::uint8_t>(peer, graph, [&graph, options](bsp::Peer& at, Range share, std::uint8_t* result) {
    return compute(at, graph, options.seed, share, result);
  });
}

}  // namespace scalar::inline v0::graph
