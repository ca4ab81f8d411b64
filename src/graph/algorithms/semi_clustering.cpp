#include "scalar/graph/algorithms/semi_clustering.hpp"

#include <algorithm>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "graph/algorithms/per_vertex.hpp"
#include "scalar/graph/run.hpp"

namespace scalar::inline v0::graph {
namespace {

struct WeightedNeighbor {
  Vertex vertex = 0;
  double weight = 0;
};

/// Fills `all` with the neighbors of `v` in ascending order, each with the total weight of the edges between them.
void collect_neighbors(const Graph& graph, Vertex v, std::vector<WeightedNeighbor>& all) {
  all.clear();
  const auto add = [&](std::span<const Vertex> to, std::span<const float> weights) {
    for (std::size_t e = 0; e < to.size(); ++e)
      if (to[e] != v) all.push_back({to[e], weights.empty() ? 1.0 : static_cast<double>(weights[e])});
  };
  add(graph.out(v), graph.out_weights(v));
  if (graph.is_directed()) add(graph.in(v), graph.in_weights(v));
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.vertex < b.vertex; });
  std::size_t kept = 0;
  for (const WeightedNeighbor& one : all)
    if (kept != 0 && all[kept - 1].vertex == one.vertex)
      all[kept - 1].weight += one.weight;
    else
      all[kept++] = one;
  all.resize(kept);
}

bool is_better(const SemiCluster& a, const SemiCluster& b) noexcept {
  if (a.score != b.score) return a.score > b.score;
  if (a.size != b.size) return a.size < b.size;
  return std::ranges::lexicographical_compare(a.vertices(), b.vertices());
}

struct Clustering {
  using Value = std::vector<SemiCluster>;
  using Message = SemiCluster;
  struct Aggregates {
    Any changes;
  };

  SemiClusteringOptions options;
  std::vector<WeightedNeighbor> neighbors{};
  std::vector<SemiCluster> seen{};

  SemiCluster with(const SemiCluster& cluster, Vertex v) const {
    SemiCluster more = cluster;
    const auto end = more.all.begin() + more.size;
    const auto at = std::lower_bound(more.all.begin(), end, v);
    std::copy_backward(at, end, end + 1);
    *at = v;
    ++more.size;
    for (const WeightedNeighbor& one : neighbors) {
      if (std::ranges::binary_search(cluster.vertices(), one.vertex))
        more.inside += one.weight, more.boundary -= one.weight;
      else
        more.boundary += one.weight;
    }
    const double pairs = 0.5 * more.size * (more.size - 1);
    more.score = more.size == 1 ? 1.0 : (more.inside - options.boundary_factor * more.boundary) / pairs;
    return more;
  }
  void keep_best(std::vector<SemiCluster>& clusters) const {
    std::sort(clusters.begin(), clusters.end(), is_better);
    clusters.erase(
        std::unique(clusters.begin(), clusters.end(),
                    [](const auto& a, const auto& b) { return std::ranges::equal(a.vertices(), b.vertices()); }),
        clusters.end());
    if (clusters.size() > static_cast<std::size_t>(options.max_clusters))
      clusters.resize(static_cast<std::size_t>(options.max_clusters));
  }
  void tell(Context<Clustering>& vertex, std::span<const SemiCluster> clusters) const {
    for (const WeightedNeighbor& one : neighbors)
      for (const SemiCluster& cluster : clusters) vertex.send(one.vertex, cluster);
  }
  void compute(Context<Clustering>& vertex, std::span<const SemiCluster> messages) {
    const Vertex v = vertex.vertex();
    std::vector<SemiCluster>& own = vertex.value();
    collect_neighbors(vertex.graph(), v, neighbors);
    if (vertex.superstep() == 0) {
      own = {with(SemiCluster{}, v)};
      return tell(vertex, own);
    }
    vertex.vote_to_halt();
    seen.assign(messages.begin(), messages.end());
    for (const SemiCluster& cluster : messages)
      if (cluster.size < static_cast<std::uint32_t>(options.max_vertices) &&
          !std::ranges::binary_search(cluster.vertices(), v))
        seen.push_back(with(cluster, v));
    std::vector<SemiCluster> next = own;
    for (const SemiCluster& cluster : seen)
      if (std::ranges::binary_search(cluster.vertices(), v)) next.push_back(cluster);
    keep_best(next);
    if (!std::ranges::equal(
            next, own, [](const auto& a, const auto& b) { return std::ranges::equal(a.vertices(), b.vertices()); })) {
      vertex.aggregate().changes.add(true);
      own = std::move(next);
    }
    keep_best(seen);
    tell(vertex, seen);
  }
  void master(MasterContext<Clustering>& master) const {
    if (master.superstep() > 0 && !master.aggregated().changes.value()) master.halt();
  }
};

void check(const SemiClusteringOptions& options) {
  const auto in = [](const char* what, int value, int low, int high) {
    if (value < low || value > high)
      fail(Errc::invalid_argument, "semi_clustering", "{} is {}, expected {} to {}", what, value, low, high);
  };
  in("max_vertices", options.max_vertices, 2, static_cast<int>(SemiCluster::capacity));
  in("max_clusters", options.max_clusters, 1, 1024);
  in("iterations", options.iterations, 0, 1'000'000'000);
  if (!(options.boundary_factor >= 0 && options.boundary_factor <= 1))
    fail(Errc::invalid_argument, "semi_clustering", "boundary_factor is {}, expected 0 to 1",
         shown(options.boundary_factor));
}

bsp::Task<> compute(bsp::Peer& peer, const Graph& graph, SemiClusteringOptions options,
                    std::vector<SemiCluster>* clusters) {
  const Clustering program{options};
  const auto supersteps = static_cast<std::uint64_t>(options.iterations) + 1;
  RunResult<Clustering> own = co_await run(peer, program, graph, {.max_supersteps = supersteps, .gather = Gather::own});
  std::move(own.values.begin(), own.values.end(), clusters);
}

}  // namespace

std::vector<std::vector<SemiCluster>> semi_clustering(const Graph& graph, const SemiClusteringOptions& options,
                                                      const Runtime& runtime) {
  check(options);
  return values_of_all<std::vector<SemiCluster>>(graph, options.peers, runtime, "semi_clustering",
                                                 [&](bsp::Peer& peer, Range, std::vector<SemiCluster>* clusters) {
                                                   return compute(peer, graph, options, clusters);
                                                 });
}

bsp::Task<VertexValues<std::vector<SemiCluster>>> semi_clustering(bsp::Peer& peer, const Graph& graph,
                                                                  SemiClusteringOptions options) {
  check(options);
  return values_of_own<std::vector<SemiCluster>>(
      peer, graph, [&graph, options](bsp::Peer& at, Range, std::vector<SemiCluster>* clusters) {
        return compute(at, graph, options, clusters);
      });
}

}  // namespace scalar::inline v0::graph
