#include "scalar/graph/algorithms/k_core.hpp"

#include <algorithm>

#include "graph/algorithms/neighbors.hpp"
#include "graph/algorithms/per_vertex.hpp"
#include "scalar/graph/run.hpp"

namespace scalar::inline v0::graph {
namespace {

/// Peels the graph level by level. Vertices with at most `level` neighbors left are removed and tell their neighbors,
/// until no vertex is removed any more. Then the remaining vertices report how many neighbors they have left, and the
/// smallest count becomes the next level.
struct Peeling {
  struct Value {
    std::uint32_t left = 0, core = 0;
    bool is_peeled = false;
  };
  using Message = std::uint32_t;  // the number of removed neighbors
  static Message combine(Message a, Message b) { return a + b; }
  struct Aggregates {
    Min<std::uint32_t> least;  // neighbors left
    std::uint32_t level = 0;
    bool is_count = true;  // in this superstep vertices report their neighbors left

    void merge(const Aggregates& other) { least.merge(other.least); }
  };

  void init(Context<Peeling>& vertex) {
    each_neighbor(vertex.graph(), vertex.vertex(), [&](Vertex, int) { ++vertex.value().left; });
  }
  void compute(Context<Peeling>& vertex, std::span<const Message> messages) {
    Value& value = vertex.value();
    vertex.vote_to_halt();
    if (value.is_peeled) return;
    for (const Message lost : messages) value.left -= lost;
    if (vertex.aggregated().is_count) return vertex.aggregate().least.add(value.left);
    const std::uint32_t level = vertex.aggregated().level;
    if (value.left > level) return;
    value.is_peeled = true;
    value.core = level;
    each_neighbor(vertex.graph(), vertex.vertex(), [&](Vertex u, int) { vertex.send(u, 1); });
  }
  void master(MasterContext<Peeling>& master) {
    Aggregates& now = master.aggregated();
    now.level = level_;
    now.is_count = false;
    if (counts_) {
      if (now.least.value() == Min<std::uint32_t>{}.value()) return master.halt();  // no vertex is left
      now.level = level_ = (std::max)(level_, now.least.value());
      counts_ = false;
      return master.wake_all();
    }
    if (master.messages() != 0) return;
    now.is_count = counts_ = true;
    master.wake_all();
  }

 private:
  std::uint32_t level_ = 0;
  bool counts_ = true;
};

bsp::Task<> compute(bsp::Peer& peer, const Graph& graph, Range, std::uint32_t* cores) {
  const Peeling program;
  const RunResult<Peeling> own = co_await run(peer, program, graph, {.gather = Gather::own});
  std::transform(own.values.begin(), own.values.end(), cores, [](const auto& value) { return value.core; });
}

}  // namespace

std::vector<std::uint32_t> k_core(const Graph& graph, const AlgorithmOptions& options, const Runtime& runtime) {
  return values_of_all<std::uint32_t>(
      graph, options.peers, runtime, "k_core",
      [&](bsp::Peer& peer, Range share, std::uint32_t* cores) { return compute(peer, graph, share, cores); });
}

bsp::Task<VertexValues<std::uint32_t>> k_core(bsp::Peer& peer, const Graph& graph) {
  return values_of_own<std::uint32_t>(peer, graph, [&graph](bsp::Peer& at, Range share, std::uint32_t* cores) {
    return compute(at, graph, share, cores);
  });
}

}  // namespace scalar::inline v0::graph
