// The same programs and algorithms in one process and over several: the same values, to the bit.
#include <string>

#include "bsp/everywhere.hpp"
#include "graph/algorithms/checks.hpp"
#include "scalar/graph.hpp"

using namespace scalar;
using namespace graph_test;
using bsp::Peer;
using bsp::Task;
using graph::Context;

namespace {

struct Rank {
  using Value = double;
  using Message = double;
  static double combine(double a, double b) { return a + b; }
  struct Aggregates {
    graph::Sum<std::uint64_t> computed;
  };
  bool one_by_one = false;
  void init(Context<Rank>& vertex) { vertex.value() = 1.0 / vertex.vertices(); }
  void compute(Context<Rank>& vertex, std::span<const double> messages) {
    vertex.aggregate().computed.add(1);
    if (vertex.superstep() > 0) {
      double sum = static_cast<double>(vertex.aggregated().computed.value() % 7);
      for (const double m : messages) sum += m;
      vertex.value() = 0.15 + 0.85 * sum;
    }
    if (vertex.superstep() == 6) return vertex.vote_to_halt();
    const double share = vertex.value() / static_cast<double>(vertex.degree() + 1);
    if (!one_by_one) return vertex.send_to_neighbors(share);
    for (const Vertex to : vertex.neighbors()) vertex.send(to, share);
  }
};

/// Texts as values and messages, a graph that changes, a master.
struct Story {
  using Value = std::string;
  using Message = std::string;
  static constexpr bool mutates = true;
  void compute(Context<Story>& vertex, std::span<const std::string> messages) {
    for (const std::string& m : messages) vertex.value() += m + ",";
    vertex.vote_to_halt();
    if (vertex.superstep() > 2) return;
    if (vertex.superstep() == 1 && vertex.vertex() % 5 == 0) {
      vertex.add_vertex(vertex.vertices() - 1, "new");
      vertex.add_edge(vertex.vertices() - 1, vertex.vertex());
      vertex.remove_edge(vertex.vertex(), vertex.vertex() + 1);
    }
    vertex.send_to_neighbors(std::to_string(vertex.vertex()) + "/" + std::to_string(vertex.superstep()));
  }
  void master(graph::MasterContext<Story>& master) {
    if (master.superstep() == 1) master.wake_all();
  }
};

template <class T>
using Shares = std::vector<std::vector<T>>;

template <class T>
std::vector<T> joined(const Shares<T>& shares) {
  std::vector<T> all;
  for (const auto& share : shares) all.insert(all.end(), share.begin(), share.end());
  return all;
}

/// `body` gives a peer's share; all shares are the same over 1, 2 and 3 processes.
template <class Body>
void check_everywhere(Body body) {
  for (const int peers : {3, 6}) {
    const auto expected = bsp_test::run_over(1, peers, body);
    CHECK_FALSE(joined(expected).empty());
    for (const int processes : {2, 3}) {
      INFO(peers << " peers in " << processes << " processes");
      CHECK(bsp_test::run_over(processes, peers, body) == expected);
    }
  }
}

}  // namespace

TEST_CASE("vertex programs over several processes") {
  const Graph graph = graph::uniform({.vertices = 200, .edges = 700, .build = {.directed = true}});
  for (const auto path :
       {graph::MessagePath::automatic, graph::MessagePath::sparse, graph::MessagePath::dense, graph::MessagePath::pull})
    for (const bool one_by_one : {false, true})
      check_everywhere([&graph, path, one_by_one](Peer& peer) -> Task<std::vector<double>> {
        const Rank program{one_by_one};
        auto result = co_await graph::run(peer, program, graph, {.path = path, .gather = graph::Gather::own});
        co_return std::move(result.values);
      });
  for (const auto gather : {graph::Gather::own, graph::Gather::everyone, graph::Gather::root})
    check_everywhere([&graph, gather](Peer& peer) -> Task<std::vector<std::string>> {
      const Story program;
      auto result = co_await graph::run(peer, program, graph, {.extra_vertices = 1, .gather = gather});
      co_return std::move(result.values);
    });
}

TEST_CASE("ready algorithms over several processes") {
  const Graph graph = graph::uniform({.vertices = 300, .edges = 900, .build = {.directed = true}});
  check_everywhere([&](Peer& peer) -> Task<std::vector<std::uint32_t>> {
    auto own = co_await graph::k_core(peer, graph);
    co_return std::move(own.values);
  });
  check_everywhere([&](Peer& peer) -> Task<std::vector<Vertex>> {
    auto own = co_await graph::label_propagation(peer, graph, {});
    co_return std::move(own.values);
  });
  check_everywhere([&](Peer& peer) -> Task<std::vector<Vertex>> {
    auto own = co_await graph::strongly_connected_components(peer, graph);
    co_return std::move(own.labels);
  });
  check_everywhere([&](Peer& peer) -> Task<std::vector<Vertex>> {
    auto own = co_await graph::minimum_distance_search(peer, graph);
    co_return std::move(own.values);
  });
  check_everywhere([&](Peer& peer) -> Task<std::vector<std::uint8_t>> {
    auto own = co_await graph::maximal_independent_set(peer, graph, {});
    co_return std::move(own.values);
  });
  check_everywhere([&](Peer& peer) -> Task<std::vector<double>> {
    auto own = co_await graph::clustering_coefficient(peer, graph);
    own.values.push_back(static_cast<double>(co_await graph::triangle_count(peer, graph)));
    co_return std::move(own.values);
  });
  const Graph grid = graph::grid(std::vector<Vertex>{12, 17});
  std::vector<std::uint8_t> left(grid.vertices());
  for (Vertex v = 0; v < grid.vertices(); ++v) left[v] = (v / 17 + v % 17) % 2 == 0;
  check_everywhere([&](Peer& peer) -> Task<std::vector<Vertex>> {
    auto own = co_await graph::bipartite_matching(peer, grid, left, {});
    co_return std::move(own.values);
  });
}
