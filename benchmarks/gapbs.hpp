#pragma once
/// What the graph benchmarks share: the programs of GAPBS (S. Beamer, the GAP benchmark suite), whose directory
/// SCALAR_RIVAL_GAPBS names, and the plain loop of PageRank.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "scalar/graph/graph.hpp"

namespace bench {

constexpr int iterations = 20;

/// What one would write without a library: ranks leak where a vertex has no out-edge, as in GAPBS.
inline std::vector<float> plain_pagerank(const scalar::graph::Graph& graph) {
  using scalar::graph::Vertex;
  const Vertex n = graph.vertices();
  std::vector<float> ranks(n, 1.0f / static_cast<float>(n)), given(n);
  for (int i = 0; i < iterations; ++i) {
    for (Vertex v = 0; v < n; ++v) given[v] = ranks[v] / static_cast<float>(graph.out_degree(v));
    for (Vertex v = 0; v < n; ++v) {
      float sum = 0;
      for (const Vertex u : graph.in(v)) sum += given[u];
      ranks[v] = 0.15f / static_cast<float>(n) + 0.85f * sum;
    }
  }
  return ranks;
}

struct Usage {
  double cpu_seconds = 0, peak_mib = 0;
};

/// Runs a program and returns what it used; nothing where it fails. For peak memory, call it while this process is
/// small: a child begins with its parent's peak.
inline Usage run_quietly(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failure = posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) return {};
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child || status != 0) return {};
  const auto seconds = [](const timeval& time) { return double(time.tv_sec) + 1e-6 * double(time.tv_usec); };
  return {seconds(usage.ru_utime) + seconds(usage.ru_stime), static_cast<double>(usage.ru_maxrss) / 1024};
}

/// The directory of GAPBS's programs; empty: not there.
inline std::string gapbs() {
  const char* const directory = std::getenv("SCALAR_RIVAL_GAPBS");
  return directory == nullptr ? std::string() : directory;
}

/// The best of the times that a command prints, in seconds; `format` is a line with one, for scanf.
inline double reported_seconds(const std::string& command, const char* format) {
  FILE* const output = popen(command.c_str(), "r");
  double best = 0, seconds = 0;
  for (char line[256]; output != nullptr && std::fgets(line, sizeof line, output) != nullptr;)
    if (std::sscanf(line, format, &seconds) == 1 && (best == 0 || seconds < best)) best = seconds;
  if (output == nullptr || pclose(output) != 0 || best == 0) {
    std::fprintf(stderr, "this gives no time: %s\n", command.c_str());
    std::exit(2);
  }
  return best;
}

/// The best of the trial times that a GAPBS program prints, in seconds.
inline double trial_seconds(const std::string& program, const std::string& arguments) {
  return reported_seconds(gapbs() + "/" + program + " " + arguments, "Trial Time: %lf");
}

}  // namespace bench
