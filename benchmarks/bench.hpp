#pragma once
/// What the benchmarks share: interleaved rounds, medians, one table for people and one JSON line a row for machines.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// Seconds that `work()` takes.
template <class Work>
double seconds(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// One thing to measure: `run` returns its figure for one round.
struct Contender {
  std::string name{};
  std::function<double()> run{};
};

/// The figures of each contender, round by round. The contenders take turns within each round, so that a busy moment of
/// the machine hits all of them; a first round that does not count warms up.
inline std::vector<std::vector<double>> interleave(const std::vector<Contender>& contenders, int rounds) {
  std::vector<std::vector<double>> figures(contenders.size());
  for (int round = -1; round < rounds; ++round)
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      const double figure = contenders[i].run();
      if (round >= 0) figures[i].push_back(figure);
    }
  return figures;
}

/// One line of a result: ours against a rival, smaller is better.
struct Row {
  std::string what{};
  std::string rival{};
  std::string unit{};
  std::vector<double> ours{};
  std::vector<double> theirs{};
  double goal = 0;  ///< theirs / ours to reach

  double ratio() const { return median(theirs) / median(ours); }
};

/// Prints the rows as a table, or with `--json` as one JSON object a line; a row whose rival is absent (`theirs` empty)
/// says so. Returns an exit status: 0 when every goal that could be measured is reached.
inline int print(const std::vector<Row>& rows, int argc, char** argv) {
  const bool json = argc > 1 && std::string(argv[1]) == "--json";
  if (!json)
    std::printf("| what | ours | rival | rival's | rounds | faster | goal | |\n|---|---|---|---|---|---|---|---|\n");
  bool reached = true;
  for (const Row& row : rows) {
    if (row.theirs.empty()) {
      std::printf(json ? "{\"what\":\"%s\",\"ours\":%.6g,\"unit\":\"%s\",\"rival\":\"%s\",\"theirs\":null}\n"
                       : "| %s | %.4g %s | %s | not measured | | | | |\n",
                  row.what.c_str(), median(row.ours), row.unit.c_str(), row.rival.c_str());
      continue;
    }
    const bool good = row.ratio() >= row.goal;
    reached = reached && good;
    if (json)
      std::printf(
          "{\"what\":\"%s\",\"unit\":\"%s\",\"ours\":%.6g,\"rival\":\"%s\",\"theirs\":%.6g,\"ratio\":%.4g,"
          "\"goal\":%.4g,\"reached\":%s}\n",
          row.what.c_str(), row.unit.c_str(), median(row.ours), row.rival.c_str(), median(row.theirs), row.ratio(),
          row.goal, good ? "true" : "false");
    else
      std::printf("| %s | %.4g %s | %s | %.4g %s | %zu | %.2fx | %.2fx | %s |\n", row.what.c_str(), median(row.ours),
                  row.unit.c_str(), row.rival.c_str(), median(row.theirs), row.unit.c_str(), row.ours.size(),
                  row.ratio(), row.goal, good ? "reached" : "MISSED");
  }
  return reached ? 0 : 1;
}

}  // namespace bench
