// PageRank as a user's vertex program on a Kronecker graph: as the engine runs it (it pulls), pushed through a dense
// combiner, and with a message an edge; against GAPBS's pr_spmv on the same file (SCALAR_RIVAL_GAPBS), and against the
// plain loop of one thread. What the combiner and checkpoints save and cost. Apache Hama's published job on demand.
//
// usage: benchmark_graph_programs [--json] [SCALE [ROUNDS]]       (20 and 5)
//        benchmark_graph_programs --hama [VERTICES [EDGES]]       (300000 and 1000 from each; some 4 GiB)
// CPU time is that of all threads, for GAPBS what three more trials add to its process (OMP_WAIT_POLICY=passive).
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench.hpp"
#include "gapbs.hpp"
#include "scalar/bsp/arrays/replicated.hpp"
#include "scalar/bsp/cost/trace.hpp"
#include "scalar/bsp/runs/checkpoint.hpp"
#include "scalar/graph/generate.hpp"
#include "scalar/graph/read.hpp"
#include "scalar/graph/run.hpp"
#include "scalar/graph/write.hpp"

namespace {

using namespace scalar;
using graph::Graph;
using graph::MessagePath;
using graph::Vertex;

float sum_of(std::span<const float> values) {
  float sum = 0;
  for (const float value : values) sum += value;
  return sum;
}

/// The program as its user writes it; with a combiner, at most one message comes.
template <class Derived>
struct Ranks {
  using Value = float;
  using Message = float;
  int iterations = bench::iterations;
  void compute(graph::Context<Derived>& vertex, std::span<const float> messages) {
    const auto n = static_cast<float>(vertex.vertices());
    vertex.value() = vertex.superstep() == 0 ? 1 / n : 0.15f / n + 0.85f * sum_of(messages);
    if (vertex.superstep() < static_cast<std::uint64_t>(iterations))
      vertex.send_to_neighbors(vertex.value() / static_cast<float>(vertex.degree()));
    else
      vertex.vote_to_halt();
  }
};
struct PlainRanks : Ranks<PlainRanks> {};
struct CombinedRanks : Ranks<CombinedRanks> {
  static float combine(float a, float b) { return a + b; }
};

template <class Program>
void rank(const Graph& graph, MessagePath path, int peers, int iterations = bench::iterations) {
  Program program;
  program.iterations = iterations;
  if (graph::run(program, graph, {.peers = peers, .path = path}).values.size() != graph.vertices()) std::exit(2);
}

/// Bytes that peers send each other in two supersteps.
template <class Program>
double bytes(const Graph& graph) {
  const auto trace = std::make_shared<bsp::Trace>();
  const bsp::Engine engine({.peers = 2, .trace = trace});
  engine.run([&](bsp::Peer& peer) -> bsp::Task<> {
    Program program;
    program.iterations = 2;
    const graph::RunOptions options{.path = Program::path, .gather = graph::Gather::own};
    co_await graph::run(peer, program, graph, options);
  });
  double sum = 0;
  for (const bsp::SuperstepRecord& record : trace->records()) sum += static_cast<double>(record.bytes);
  return sum;
}
struct SentEach : Ranks<SentEach> {
  static constexpr MessagePath path = MessagePath::sparse;
};
struct SentCombined : Ranks<SentCombined> {
  static constexpr MessagePath path = MessagePath::dense;
  static float combine(float a, float b) { return a + b; }
};

// PageRank whose state outlives its processes.

void give(const Graph& graph, Range share, std::span<const float> ranks, std::span<float> given) {
  for (std::size_t i = 0; i < share.size(); ++i)
    given[i] = ranks[i] / static_cast<float>(graph.out_degree(static_cast<Vertex>(share.begin + i)));
}
void take(const Graph& graph, Range share, std::span<const float> given, std::span<float> ranks) {
  const auto n = static_cast<float>(graph.vertices());
  for (std::size_t i = 0; i < share.size(); ++i) {
    float sum = 0;
    for (const Vertex from : graph.in(static_cast<Vertex>(share.begin + i))) sum += given[from];
    ranks[i] = 0.15f / n + 0.85f * sum;
  }
}
double bytes_in(const std::string& directory) {
  double sum = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
    if (entry.is_regular_file()) sum += static_cast<double>(entry.file_size());
  return sum;
}
/// `watched`: a directory, whose bytes before the last step are wanted, when one checkpoint is there.
bsp::Task<double> kept_ranks(bsp::Peer& peer, const Graph& graph, const std::string& watched) {
  const auto owners = graph::Partition::edge_balanced(graph, peer.size());
  const Range share{owners.first(peer.rank()), owners.last(peer.rank())};
  std::vector<float> ranks(share.size(), 1 / static_cast<float>(graph.vertices()));
  int done = 0;
  double bytes = 0;
  peer.persist(done, ranks);
  bsp::Replicated<float> given(peer, graph.vertices(), share);
  for (; done < bench::iterations; ++done) {
    give(graph, share, ranks, given.next());
    given.publish();
    co_await peer.checkpoint();
    take(graph, share, given.values(), ranks);
    if (done == bench::iterations - 2 && !watched.empty()) bytes = bytes_in(watched);
  }
  co_return bytes;
}
/// Every ten supersteps; an empty directory keeps nothing.
double rank_kept(const Graph& graph, const std::string& directory, const std::string& watched = {}) {
  const bsp::Engine engine({.peers = 2, .checkpoints = {.directory = directory, .every = 10}});
  return engine.run([&](bsp::Peer& peer) { return kept_ranks(peer, graph, watched); });
}

// What is measured.

double cpu_now() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Figures {
  std::vector<double> wall, cpu;
};

/// All of them in turns. A contender that gives no figures of its own is timed.
template <class... Work>
std::vector<Figures> interleave(int rounds, const Work&... works) {
  std::vector<Figures> figures(sizeof...(works));
  const auto once = [](const auto& work, Figures& into) {
    if constexpr (std::is_void_v<decltype(work())>) {
      const double before = cpu_now();
      into.wall.push_back(bench::seconds(work));
      into.cpu.push_back(cpu_now() - before);
    } else {
      const auto [wall, cpu] = work();
      into.wall.push_back(wall);
      into.cpu.push_back(cpu);
    }
  };
  for (int round = -1; round < rounds; ++round) {
    if (round == 0) figures.assign(sizeof...(works), {});  // the first one warms up
    std::size_t at = 0;
    (once(works, figures[at++]), ...);
  }
  return figures;
}

/// GAPBS's best trial, and the CPU time of one.
std::pair<double, double> pr_spmv(const std::string& file) {
  if (bench::gapbs().empty()) return {0, 0};
  const std::string program = bench::gapbs() + "/pr_spmv", count = std::to_string(bench::iterations);
  const double wall = bench::trial_seconds("pr_spmv", "-f " + file + " -n 3 -t 0 -i " + count);
  const auto cpu = [&](const char* trials) {
    return bench::run_quietly({program, "-f", file, "-n", trials, "-t", "0", "-i", count}).cpu_seconds;
  };
  return {wall, (cpu("4") - cpu("1")) / 3};
}

class Table {
 public:
  std::vector<bench::Row> rows;

  void add(const std::string& what, const Figures& ours, const std::string& rival, const Figures& theirs, double most) {
    add(what + ", wall", rival, "s", ours.wall, theirs.wall, most);
    add(what + ", CPU", rival, "s", ours.cpu, theirs.cpu, most);
  }
  void add(const std::string& what, const std::string& rival, const std::string& unit, const std::vector<double>& ours,
           const std::vector<double>& theirs, double most) {
    rows.push_back({what, rival, unit, ours, theirs.empty() || theirs[0] == 0 ? std::vector<double>() : theirs,
                    most == 0 ? 0 : 1 / most});
  }
};

void programs(Table& table, const Graph& graph, const std::string& file, int rounds) {
  const auto of = interleave(
      rounds, [&] { rank<CombinedRanks>(graph, MessagePath::automatic, 2); },
      [&] { rank<CombinedRanks>(graph, MessagePath::dense, 2); },
      [&] { rank<PlainRanks>(graph, MessagePath::automatic, 2); }, [&] { return pr_spmv(file); },
      [&] { rank<CombinedRanks>(graph, MessagePath::automatic, 1); },
      [&] { rank<CombinedRanks>(graph, MessagePath::dense, 1); }, [&] { bench::plain_pagerank(graph); });
  const char* const theirs = "GAPBS pr_spmv";
  const char* const loop = "plain loop, 1 thread";
  table.add("vertex program with a combiner, the engine chooses, 2 peers", of[0], theirs, of[3], 1.5);
  table.add("the same, pushed through a dense combiner", of[1], theirs, of[3], 1.5);
  table.add("vertex program without a combiner, the engine chooses, 2 peers", of[2], theirs, of[3], 4.5);
  table.add("vertex program with a combiner, the engine chooses, 1 peer", of[4], loop, of[6], 1.3);
  table.add("the same, pushed through a dense combiner, 1 peer", of[5], loop, of[6], 0);
  table.add("GAPBS pr_spmv", of[3].wall.at(0) == 0 ? of[6] : of[3], loop, of[6], 0);
}

void combiner(Table& table, const Graph& graph) {
  const auto of = interleave(
      1, [&] { rank<CombinedRanks>(graph, MessagePath::dense, 2, 4); },
      [&] { rank<PlainRanks>(graph, MessagePath::sparse, 2, 4); });
  table.add("4 iterations pushed, with a dense combiner", of[0], "a message an edge", of[1], 0.35);
  table.add("bytes sent in 2 supersteps, with a dense combiner", "a message an edge", "MB",
            {bytes<SentCombined>(graph) / 1e6}, {bytes<SentEach>(graph) / 1e6}, 0.35);
}

void checkpoints(Table& table, const Graph& graph, const std::string& directory, int rounds) {
  const auto of = interleave(
      rounds, [&] { static_cast<void>(rank_kept(graph, directory)); },
      [&] { static_cast<void>(rank_kept(graph, "")); });
  table.add("20 iterations of a BSP program, a checkpoint every 10", of[0], "without checkpoints", of[1], 1.08);
  const double kept = rank_kept(graph, directory, directory);
  const double whole = 4.0 * graph.vertices() + 8.0 * static_cast<double>(graph.out_neighbors().size());
  table.add("a checkpoint", "state and messages", "MB", {kept / 1e6}, {whole / 1e6}, 0.2);
}

/// Hama 0.7.0 on two nodes of 16 cores each: 70.4 s (wiki.apache.org/hama/Benchmarks).
int hama(Vertex vertices, std::int64_t edges, int argc, char** argv) {
  Graph graph;
  const double made = bench::seconds(
      [&] { graph = graph::uniform({.vertices = vertices, .edges = vertices * edges, .build = {.directed = true}}); });
  const double ran = bench::seconds([&] { rank<CombinedRanks>(graph, MessagePath::automatic, 2, 30); });
  Table table;
  table.add("30 iterations of PageRank, " + std::to_string(graph.edges()) + " random edges, 2 peers",
            "Hama 0.7.0 on 32 cores", "s", {ran}, {70.4}, 1);
  table.add("with generating the graph", "Hama 0.7.0 on 32 cores", "s", {ran + made}, {70.4}, 1);
  return bench::print(table.rows, argc, argv);
}

struct Files {
  Files() : directory(std::filesystem::temp_directory_path() / ("scalar-programs-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(directory / "kept");
  }
  ~Files() { std::filesystem::remove_all(directory); }
  std::filesystem::path directory;
};

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int at, int otherwise) { return argc > at ? std::atoi(argv[at]) : otherwise; };
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--hama") return hama(static_cast<Vertex>(number(2, 300'000)), number(3, 1'000), argc, argv);
  const int numbers = first == "--json" ? 2 : 1;
  const int rounds = number(numbers + 1, 5);
  setenv("OMP_WAIT_POLICY", "passive", 0);

  const Files files;
  const std::string file = (files.directory / "graph.sg").string();
  graph::write_sg(graph::kronecker({.scale = number(numbers, 20)}), file);
  const Graph graph = graph::read_sg(file);
  Table table;
  programs(table, graph, file, rounds);
  combiner(table, graph);
  checkpoints(table, graph, (files.directory / "kept").string(), rounds);
  return bench::print(table.rows, argc, argv);
}
