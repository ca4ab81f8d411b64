// PageRank, components, shortest paths and breadth-first search by two peers, against libgrape-lite and Pregel+ with
// two MPI processes on the same Kronecker graph. SCALAR_RIVAL_GRAPE is a command that ends in libgrape-lite's run_app,
// SCALAR_RIVAL_PREGEL one that ends in a directory with the programs pagerank, hashmin and sssp of Pregel+'s
// apps/ghost, its fastest: they mirror vertices, here those of degree 100 and more.
//
// usage: benchmark_graph_mpi [--json] [SCALE [ROUNDS]]       (20 and 5)
// Pregel+ is given a graph two scales smaller: it takes many times longer. The rivals report their own time, without
// loading; of libgrape-lite's several programs for a task the one that is best in a first run counts. Ours is the time
// of the call. All of them compute in double, and spread the rank of vertices without edges over all; Pregel+'s
// PageRank counts its start as a round. Its components are labels that spread, and it has no search by breadth.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench.hpp"
#include "bsp_rows.hpp"
#include "gapbs.hpp"
#include "scalar/graph/algorithms/bfs.hpp"
#include "scalar/graph/algorithms/connected_components.hpp"
#include "scalar/graph/algorithms/pagerank.hpp"
#include "scalar/graph/algorithms/sssp.hpp"
#include "scalar/graph/generate.hpp"
#include "scalar/graph/write.hpp"

namespace {

using namespace scalar;
using graph::Graph;
using graph::Vertex;

/// A text file that is written piece by piece.
class Text {
 public:
  explicit Text(const std::filesystem::path& path) : file_(std::fopen(path.c_str(), "w")) {
    if (file_ == nullptr) std::exit(2);
  }
  ~Text() { std::fclose(file_); }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  void put(std::uint64_t number, char after) {
    char digits[24];
    *std::to_chars(digits, digits + sizeof digits, number).ptr = after;
    std::fwrite(digits, 1, static_cast<std::size_t>(std::string_view(digits).find(after)) + 1, file_);
  }

 private:
  std::FILE* file_;
};

/// The rivals' forms of a graph, in a directory that goes with it: a line an edge and a line a vertex for
/// libgrape-lite, a line of neighbors and weights for each vertex, in two files, for Pregel+.
class Files {
 public:
  Files() : directory_(std::filesystem::temp_directory_path() / ("scalar-graph-mpi-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(directory_ / "kept");
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() { std::filesystem::remove_all(directory_); }
  std::string operator/(const char* name) const { return (directory_ / name).string(); }

  void write_edges(const Graph& graph) const {
    graph::write_edge_list(graph, *this / "edges");
    Text vertices(*this / "vertices");
    for (Vertex v = 0; v < graph.vertices(); ++v) vertices.put(v, '\n');
  }
  void write_neighbors(const Graph& graph) const {
    Text parts[] = {Text(*this / "part0"), Text(*this / "part1")};
    for (Vertex v = 0; v < graph.vertices(); ++v) {
      Text& part = parts[v % 2];
      const auto to = graph.out(v);
      const auto weights = graph.out_weights(v);
      part.put(v, '\t');
      part.put(to.size(), to.empty() ? '\n' : '\t');
      for (std::size_t k = 0; k < to.size(); ++k) {
        part.put(to[k], '\t');
        part.put(static_cast<std::uint64_t>(weights[k]), k + 1 < to.size() ? '\t' : '\n');
      }
    }
  }

 private:
  std::filesystem::path directory_;
};

/// One graph, and what is asked of it.
struct Problem {
  explicit Problem(int of_scale)
      : scale(of_scale), graph(graph::kronecker({.scale = scale})), weighted(graph::with_random_weights(graph)) {
    while (source + 1 < graph.vertices() && graph.out_degree(source) < 2) ++source;
  }
  double rank() const {
    return bench::seconds(
        [&] { graph::pagerank<double>(graph, {.iterations = bench::iterations, .peers = 2}, runtime); });
  }
  double components() const {
    return bench::seconds([&] { graph::connected_components(graph, {.peers = 2}, runtime); });
  }
  double paths() const {
    return bench::seconds([&] { graph::sssp<double>(weighted, source, {.peers = 2}, runtime); });
  }
  double search() const {
    return bench::seconds([&] { graph::bfs(graph, source, {.peers = 2}, runtime); });
  }

  int scale;
  Graph graph, weighted;
  Vertex source = 0;
  Runtime runtime{{.threads = 2}};
};

/// A rival on one graph: rows of what it is asked, empty where it is not there.
class Rival {
 public:
  Rival(std::string name, const char* variable, double most, const Problem& problem, int rounds)
      : name_(std::move(name)), most_(most), problem_(problem), rounds_(rounds) {
    if (const char* const value = std::getenv(variable)) command_ = value;
  }
  bool there() const { return !command_.empty(); }

 protected:
  bench::Row row(const std::string& what, double (Problem::*ours)() const, const std::string& program,
                 const std::function<double()>& theirs) const {
    return bench::row(
        what + ", scale " + std::to_string(problem_.scale) + ", 2 peers", name_ + ' ' + program + ", 2 processes", "s",
        1 / most_, [&] { return (problem_.*ours)(); }, there() ? theirs : nullptr, rounds_);
  }

  std::string name_, command_;
  double most_;
  const Problem& problem_;
  int rounds_;
  Files files_;
};

class Grape : public Rival {
 public:
  Grape(const Problem& problem, int rounds) : Rival("libgrape-lite", "SCALAR_RIVAL_GRAPE", 1.3, problem, rounds) {
    if (there()) files_.write_edges(problem.weighted);
  }
  /// `programs` do the same on the same form of the graph; the best one counts.
  bench::Row against(const std::string& what, double (Problem::*ours)() const,
                     const std::vector<std::string>& programs) const {
    const std::string best = there() ? best_of(programs) : programs[0];
    return row(what, ours, best, [&] { return seconds(best, "--deserialize"); });
  }

 private:
  /// `program` is its name with what is peculiar to it; `kept` says what to do with the graph in the rival's own form,
  /// which loads many times faster than text.
  double seconds(const std::string& program, const std::string& kept) const {
    const std::string source = std::to_string(problem_.source);
    return bench::reported_seconds(
        command_ + " --application=" + program + " --efile=" + files_ / "edges" + " --vfile=" + files_ / "vertices" +
            " --pr_mr=" + std::to_string(bench::iterations) + " --sssp_source=" + source + " --bfs_source=" + source +
            ' ' + kept + " --serialization_prefix=" + files_ / "kept" + " 2>&1",
        " - run algorithm: %lf sec");
  }
  std::string best_of(const std::vector<std::string>& programs) const {
    seconds(programs[0], "--serialize");
    std::string best;
    double least = 0;
    for (const std::string& program : programs)
      if (const double once = seconds(program, "--deserialize"); best.empty() || once < least)
        least = once, best = program;
    return best;
  }
};

class Pregel : public Rival {
 public:
  Pregel(const Problem& problem, int rounds)
      : Rival("Pregel+ with mirrors", "SCALAR_RIVAL_PREGEL", 0.4, problem, rounds) {
    if (there()) files_.write_neighbors(problem.weighted);
  }
  bench::Row against(const std::string& what, double (Problem::*ours)() const, const std::string& program,
                     const std::string& argument = {}) const {
    return row(what, ours, program, [&] {
      return bench::reported_seconds(
          command_ + '/' + program + " 100 " + files_ / "part" + " 2 " + files_ / "out" + ' ' + argument,
          "Total Computational Time : %lf seconds");
    });
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int numbers = argc > 1 && std::string_view(argv[1]) == "--json" ? 2 : 1;
  const int scale = argc > numbers ? std::atoi(argv[numbers]) : 20;
  const int rounds = argc > numbers + 1 ? std::atoi(argv[numbers + 1]) : 5;
  const std::string rank = "PageRank, " + std::to_string(bench::iterations) + " iterations in double";
  const char* const components = "connected components";
  const char* const paths = "shortest paths in double";
  std::vector<bench::Row> rows;
  {
    const Problem problem(scale);
    const Grape grape(problem, rounds);
    rows.push_back(grape.against(rank, &Problem::rank, {"pagerank --opt"}));
    rows.push_back(grape.against(components, &Problem::components, {"wcc --opt", "wcc", "wcc_auto"}));
    rows.push_back(grape.against(paths, &Problem::paths, {"sssp --opt", "sssp", "sssp_auto"}));
    rows.push_back(grape.against("BFS", &Problem::search, {"bfs --opt", "bfs", "bfs_auto"}));
  }
  const Problem problem(std::max(scale - 2, 0));
  const Pregel pregel(problem, rounds);
  rows.push_back(pregel.against(rank, &Problem::rank, "pagerank", std::to_string(bench::iterations + 1)));
  rows.push_back(pregel.against(components, &Problem::components, "hashmin"));
  rows.push_back(pregel.against(paths, &Problem::paths, "sssp", std::to_string(problem.source)));
  return bench::print(rows, argc, argv);
}
