#pragma once
/// What the benchmarks of the BSP engine share: rows of interleaved rounds, rivals that are programs, CPU time.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bench.hpp"

namespace bench {

/// CPU time of this process's threads.
inline double cpu_seconds() {
  timespec now;
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// What a rival's program says for `what`: one number, in the unit of the row. `variable` is the command; empty when
/// there is none.
inline std::function<double()> program(const char* variable, const std::string& what) {
  const char* command = std::getenv(variable);
  if (command == nullptr || *command == '\0') return {};
  return [line = std::string(command) + " " + what] {
    std::FILE* pipe = ::popen(line.c_str(), "r");
    double figure = 0;
    if (pipe == nullptr || std::fscanf(pipe, "%lf", &figure) != 1)
      std::fprintf(stderr, "no figure from: %s\n", line.c_str());
    if (pipe != nullptr) ::pclose(pipe);
    return figure;
  };
}

/// A row of `rounds` rounds; `theirs` may be empty.
inline Row row(std::string what, std::string rival, std::string unit, double goal, const std::function<double()>& ours,
               const std::function<double()>& theirs, int rounds = 7) {
  std::vector<Contender> contenders{{"ours", ours}};
  if (theirs) contenders.push_back({"theirs", theirs});
  auto figures = interleave(contenders, rounds);
  return {std::move(what),
          std::move(rival),
          std::move(unit),
          figures[0],
          theirs ? figures[1] : std::vector<double>(),
          goal};
}

/// A row whose rival is a number that is not to be exceeded.
inline Row limit(std::string what, std::string unit, double most, const std::function<double()>& ours, int rounds = 7) {
  return row(
      std::move(what), "the limit", std::move(unit), 1, ours, [most] { return most; }, rounds);
}

}  // namespace bench
