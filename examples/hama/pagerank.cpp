// Hama's pagerank as a vertex program: aggregators carry the rank of vertices without links, and the change of ranks
// that ends the run. (Hama's program loses that rank, and adds up ranks instead of changes.) Checked against
// graph::pagerank.
#include <scalar/graph.hpp>

#include <cmath>
#include <cstdio>

using namespace scalar;

struct Ranking {
  using Value = double;
  using Message = double;
  struct Aggregates {
    graph::Sum<double> dangling, change;
  };
  double damping = 0.85, tolerance = 1e-9;

  static double combine(double a, double b) { return a + b; }
  void init(graph::Context<Ranking>& vertex) { vertex.value() = 1.0 / vertex.vertices(); }
  void compute(graph::Context<Ranking>& vertex, std::span<const double> shares) {
    if (vertex.superstep() > 0) {
      double sum = vertex.aggregated().dangling.value() / vertex.vertices();
      for (const double share : shares) sum += share;
      const double rank = (1 - damping) / vertex.vertices() + damping * sum;
      vertex.aggregate().change.add(std::abs(rank - vertex.value()));
      vertex.value() = rank;
    }
    if (vertex.degree() == 0)
      vertex.aggregate().dangling.add(vertex.value());
    else
      vertex.send_to_neighbors(vertex.value() / static_cast<double>(vertex.degree()));
  }
  void master(graph::MasterContext<Ranking>& master) {
    if (master.superstep() > 0 && master.aggregated().change.value() < tolerance) master.halt();
  }
};

int main() {
  // The example of Wikipedia's "PageRank": B has 38.4 %, C 34.3 %, E 8.1 %, D and F 3.9 %, A 3.3 %, the others 1.6 %.
  const graph::Graph web = graph::parse_edge_list(
      "B C\n C B\n D A\n D B\n E B\n E D\n E F\n F B\n F E\n G B\n G E\n H B\n H E\n I B\n I E\n J E\n K E\n",
      {.ids = graph::Ids::text});
  const auto ranks = graph::run(Ranking{}, web, {.peers = 3}).values;
  const auto ready = graph::pagerank(web, {.iterations = 1'000, .tolerance = 1e-9}).ranks;
  double difference = 0;
  for (graph::Vertex v = 0; v < web.vertices(); ++v) {
    std::printf("%s %.1f %%\n", web.name(v).c_str(), 100 * ranks[v]);
    difference = std::max(difference, std::abs(ranks[v] - ready[v]));
  }
  std::printf("graph::pagerank says the same: %s\n", difference < 1e-8 ? "yes" : "no");
}
