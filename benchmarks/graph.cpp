// PageRank, components, shortest paths and breadth-first search on a Kronecker graph, against GAPBS (S. Beamer, the GAP
// benchmark suite), whose programs SCALAR_RIVAL_GAPBS names the directory of, and against plain loops of one thread.
//
// usage: benchmark_graph [--json] [SCALE [ROUNDS]]       (20 and 5)
// Both sides read the same file. GAPBS reports its own time, without loading; of three trials in a row its best counts.
// Ours is the time of the call, warm as well. Threads: OMP_NUM_THREADS for both, else all cores.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <queue>
#include <string>
#include <vector>

#include "bench.hpp"
#include "gapbs.hpp"
#include "scalar/graph/algorithms/bfs.hpp"
#include "scalar/graph/algorithms/connected_components.hpp"
#include "scalar/graph/algorithms/pagerank.hpp"
#include "scalar/graph/algorithms/sssp.hpp"
#include "scalar/graph/generate.hpp"
#include "scalar/graph/read.hpp"
#include "scalar/graph/write.hpp"

namespace {

using namespace scalar;
using bench::gapbs;
using bench::trial_seconds;
using graph::Graph;
using graph::Vertex;

constexpr graph::PageRankOptions as_gapbs{.iterations = bench::iterations, .dangling = graph::Dangling::leak};

// The plain loops: what one would write without a library.

std::vector<Vertex> plain_components(const Graph& graph) {
  std::vector<Vertex> parent(graph.vertices());
  std::iota(parent.begin(), parent.end(), 0u);
  const auto root = [&](Vertex v) {
    while (parent[v] != v) v = parent[v] = parent[parent[v]];
    return v;
  };
  for (Vertex u = 0; u < graph.vertices(); ++u)
    for (const Vertex v : graph.out(u))
      if (u < v) {
        const Vertex a = root(u), b = root(v);
        parent[std::max(a, b)] = std::min(a, b);
      }
  for (Vertex v = 0; v < graph.vertices(); ++v) parent[v] = root(v);
  return parent;
}

std::vector<float> plain_sssp(const Graph& graph, Vertex source) {
  std::vector<float> distances(graph.vertices(), 1e30f);
  std::priority_queue<std::pair<float, Vertex>, std::vector<std::pair<float, Vertex>>, std::greater<>> queue;
  queue.push({distances[source] = 0, source});
  while (!queue.empty()) {
    const auto [distance, u] = queue.top();
    queue.pop();
    if (distance > distances[u]) continue;
    for (std::size_t k = 0; k < graph.out(u).size(); ++k)
      if (const float next = distance + graph.out_weights(u)[k]; next < distances[graph.out(u)[k]])
        queue.push({distances[graph.out(u)[k]] = next, graph.out(u)[k]});
  }
  return distances;
}

std::vector<Vertex> plain_bfs(const Graph& graph, Vertex source) {
  std::vector<Vertex> parents(graph.vertices(), graph::no_vertex), queue{source};
  parents[source] = source;
  for (std::size_t k = 0; k < queue.size(); ++k)
    for (const Vertex v : graph.out(queue[k]))
      if (parents[v] == graph::no_vertex) parents[v] = queue[k], queue.push_back(v);
  return parents;
}

struct Files {
  explicit Files(int of_scale)
      : directory(std::filesystem::temp_directory_path() / ("scalar-graph-" + std::to_string(getpid()))),
        bare((directory / "graph.sg").string()),
        weighted((directory / "graph.wsg").string()),
        scale(std::to_string(of_scale)) {
    std::filesystem::create_directory(directory);
  }
  ~Files() { std::filesystem::remove_all(directory); }
  std::filesystem::path directory;
  std::string bare, weighted, scale;
};

int make(int scale, const char* bare, const char* weighted) {
  const Graph graph = graph::kronecker({.scale = scale});
  graph::write_sg(graph, bare);
  graph::write_sg(graph::with_random_weights(graph), weighted);
  return 0;
}

int rank(const char* file) {
  const Graph graph = graph::read_sg(file);
  return graph::pagerank<float>(graph, as_gapbs).ranks.empty() ? 1 : 0;
}

class Suite {
 public:
  Suite(const Files& files, int rounds, int threads)
      : files_(files), rounds_(rounds), all_({.threads = threads}), one_({.threads = 1}) {}

  std::vector<bench::Row> rows;

  /// Ours on all threads against GAPBS's, and ours on one against the plain loop.
  void compare(const std::string& what, const std::vector<std::string>& rivals, double gate,
               const std::function<double(const std::string& rival)>& theirs,
               const std::function<void(const Runtime&)>& ours, const std::function<void()>& plain) {
    std::vector<bench::Contender> contenders{{"ours", [&] { return bench::seconds([&] { ours(all_); }); }},
                                             {"one", [&] { return bench::seconds([&] { ours(one_); }); }},
                                             {"plain", [&] { return bench::seconds(plain); }}};
    if (!gapbs().empty())
      for (const std::string& rival : rivals) contenders.push_back({rival, [&] { return theirs(rival); }});
    const auto figures = bench::interleave(contenders, rounds_);
    for (std::size_t k = 0; k < rivals.size(); ++k)
      rows.push_back({.what = what + ", " + std::to_string(all_.threads()) + " threads",
                      .rival = "GAPBS " + rivals[k],
                      .unit = "s",
                      .ours = figures[0],
                      .theirs = gapbs().empty() ? std::vector<double>() : figures[3 + k],
                      .goal = k == 0 ? 1 / gate : 0});
    rows.push_back({.what = what + ", 1 peer",
                    .rival = "plain loop, 1 thread",
                    .unit = "s",
                    .ours = figures[1],
                    .theirs = figures[2],
                    .goal = 1 / 1.3});
  }

  void bare() {
    const Graph graph = graph::read_sg(files_.bare);
    compare(
        "PageRank, 20 iterations", {"pr_spmv"}, 1.1,
        [&](const std::string& rival) {
          return trial_seconds(rival, "-f " + files_.bare + " -n 3 -t 0 -i " + std::to_string(bench::iterations));
        },
        [&](const Runtime& runtime) { graph::pagerank<float>(graph, as_gapbs, runtime); },
        [&] { bench::plain_pagerank(graph); });
    compare(
        "connected components", {"cc", "cc_sv"}, 1.5,
        [&](const std::string& rival) { return trial_seconds(rival, "-f " + files_.bare + " -n 3"); },
        [&](const Runtime& runtime) { graph::connected_components(graph, {}, runtime); },
        [&] { plain_components(graph); });
    const std::vector<Vertex> sources = sources_of(graph, 4);
    compare(
        "BFS, 4 sources", {"bfs"}, 4,
        [&](const std::string& rival) { return from_each(rival, files_.bare, sources, ""); },
        [&](const Runtime& runtime) {
          for (const Vertex source : sources) graph::bfs(graph, source, {}, runtime);
        },
        [&] {
          for (const Vertex source : sources) plain_bfs(graph, source);
        });
  }

  void weighted() {
    const Graph graph = graph::read_sg(files_.weighted);
    const std::vector<Vertex> sources = sources_of(graph, 2);
    std::string delta;  // the rival's best
    double best = 0;
    if (!gapbs().empty())
      for (const char* candidate : {" -d 1", " -d 2", " -d 4", " -d 8"})
        if (const double seconds = from_each("sssp", files_.weighted, sources, candidate); best == 0 || seconds < best)
          best = seconds, delta = candidate;
    compare(
        "shortest paths, 2 sources", {"sssp" + delta}, 2.5,
        [&](const std::string&) { return from_each("sssp", files_.weighted, sources, delta); },
        [&](const Runtime& runtime) {
          for (const Vertex source : sources) graph::sssp<float>(graph, source, {}, runtime);
        },
        [&] {
          for (const Vertex source : sources) plain_sssp(graph, source);
        });
  }

 private:
  static std::vector<Vertex> sources_of(const Graph& graph, Vertex count) {
    std::vector<Vertex> sources;
    for (Vertex k = 0; k < count; ++k) {
      Vertex source = graph.vertices() / count * k;
      while (source + 1 < graph.vertices() && graph.out_degree(source) < 2) ++source;
      sources.push_back(source);
    }
    return sources;
  }
  static double from_each(const std::string& program, const std::string& file, const std::vector<Vertex>& sources,
                          const std::string& more) {
    double sum = 0;
    for (const Vertex source : sources)
      sum += trial_seconds(program, "-f " + file + " -n 3 -r " + std::to_string(source) + more);
    return sum;
  }

  const Files& files_;
  int rounds_;
  Runtime all_, one_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--make" && argc == 5) return make(std::atoi(argv[2]), argv[3], argv[4]);
  if (first == "--rank" && argc == 3) return rank(argv[2]);
  const int numbers = first == "--json" ? 2 : 1;
  const Files files(argc > numbers ? std::atoi(argv[numbers]) : 20);
  const int rounds = argc > numbers + 1 ? std::atoi(argv[numbers + 1]) : 5;
  const char* const threads = std::getenv("OMP_NUM_THREADS");

  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  bench::run_quietly({self, "--make", files.scale, files.bare, files.weighted});
  bench::Row memory{.what = "PageRank, 20 iterations, peak memory",
                    .rival = "GAPBS pr",
                    .unit = "MiB",
                    .ours = {bench::run_quietly({self, "--rank", files.bare}).peak_mib},
                    .theirs = {},
                    .goal = 1 / 1.6};
  if (!gapbs().empty())
    memory.theirs = {bench::run_quietly({gapbs() + "/pr", "-f", files.bare, "-n", "1", "-i", "20"}).peak_mib};

  Suite suite(files, rounds, threads != nullptr ? std::atoi(threads) : 0);
  suite.bare();
  suite.weighted();
  suite.rows.push_back(memory);
  return bench::print(suite.rows, argc, argv);
}
