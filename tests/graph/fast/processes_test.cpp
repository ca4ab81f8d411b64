// The same programs over several processes: what each peer gets has the same bits.
#include <map>
#include <mutex>

#include "bsp/loopback.hpp"
#include "graph/fast/reference.hpp"
#include "scalar/graph/algorithms/bfs.hpp"
#include "scalar/graph/algorithms/connected_components.hpp"
#include "scalar/graph/algorithms/pagerank.hpp"
#include "scalar/graph/algorithms/sssp.hpp"
#include "scalar/graph/generate.hpp"
#include "support/catch.hpp"

using namespace graph_test;
using bsp::Peer;
using bsp::Task;

namespace {

/// What the peers of all processes return, joined in rank order.
template <class Value, class Body>
std::vector<Value> across(int processes, int peers, Body body) {
  std::mutex mutex;
  std::map<std::size_t, std::vector<Value>> parts;
  bsp_test::in_processes(processes, {.peers = peers, .workers = 1}, [&](bsp::Engine& engine, int) {
    engine.run([&](Peer& peer) -> Task<> {
      auto [first, values] = co_await body(peer);
      const std::lock_guard lock(mutex);
      if (!values.empty()) parts[first] = std::move(values);
    });
  });
  std::vector<Value> joined;
  for (auto& [first, values] : parts) {
    CHECK(first == joined.size());
    joined.insert(joined.end(), values.begin(), values.end());
  }
  return joined;
}

template <class Value>
using Part = std::pair<std::size_t, std::vector<Value>>;

}  // namespace

TEST_CASE("ready algorithms: the same bits on one process and on several") {
  const graph::Graph kronecker = graph::with_random_weights(graph::kronecker({.scale = 9, .edge_factor = 4}));
  const graph::Graph sparse =
      graph::with_random_weights(graph::uniform({.vertices = 1500, .edges = 1600, .build = {.directed = true}}));
  const graph::Graph path = graph::with_random_weights(graph::path(300));
  for (const graph::Graph& graph : {kronecker, sparse, path}) {
    graph::Vertex source = 0;
    while (graph.out_degree(source) == 0) ++source;
    const auto ranks = graph::pagerank(graph, {.iterations = 10}).ranks;
    const auto tree = graph::bfs(graph, source);
    const auto distances = graph::sssp(graph, source).distances;
    const auto labels = graph::connected_components(graph).labels;
    for (const auto& [processes, peers] : {std::pair(2, 2), std::pair(2, 5), std::pair(4, 4)}) {
      INFO(processes << " processes, " << peers << " peers");
      CHECK(across<double>(processes, peers, [&](Peer& peer) -> Task<Part<double>> {
              auto part = co_await graph::pagerank(peer, graph, {.iterations = 10});
              co_return Part<double>(part.first, std::move(part.ranks));
            }) == ranks);
      for (const int alpha : {0, 15, 100000}) {
        CHECK(across<graph::Vertex>(processes, peers, [&](Peer& peer) -> Task<Part<graph::Vertex>> {
                auto part = co_await graph::bfs(peer, graph, source, {.alpha = alpha});
                co_return Part<graph::Vertex>(part.first, std::move(part.parents));
              }) == tree.parents);
        CHECK(across<std::uint32_t>(processes, peers, [&](Peer& peer) -> Task<Part<std::uint32_t>> {
                auto part = co_await graph::bfs(peer, graph, source, {.alpha = alpha});
                co_return Part<std::uint32_t>(part.first, std::move(part.depths));
              }) == tree.depths);
      }
      CHECK(across<double>(processes, peers, [&](Peer& peer) -> Task<Part<double>> {
              auto part = co_await graph::sssp(peer, graph, source);
              co_return Part<double>(part.first, std::move(part.distances));
            }) == distances);
      CHECK(across<graph::Vertex>(processes, peers, [&](Peer& peer) -> Task<Part<graph::Vertex>> {
              auto part = co_await graph::connected_components(peer, graph);
              co_return Part<graph::Vertex>(part.first, std::move(part.labels));
            }) == labels);
    }
  }
}
