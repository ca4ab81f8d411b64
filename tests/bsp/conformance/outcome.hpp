#pragma once
/// What all processes of a run have seen, against what one thread sees.
#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "bsp/conformance/programs.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

namespace conformance {

/// What the programs do on one thread.
inline std::vector<std::string> expected_of(int processes, std::string_view filter = {}) {
  const test::TemporaryDirectory directory;
  return run_programs({.workers = 1, .checkpoints = {.directory = directory.path()}}, processes, filter);
}

/// Each process tells what its peers saw and how each run ended: the peers' lines are all there once, and every process
/// tells the same end.
inline void check_same(std::vector<std::string> expected, std::vector<std::string> seen, int processes) {
  REQUIRE(expected.size() > 10);
  const auto is_end = [](const std::string& line) {
    return std::count(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(line.find(':')), ',') < 2 ||
           line.find(", run") != std::string::npos;
  };
  std::vector<std::string> wanted;
  for (const std::string& line : expected)
    wanted.insert(wanted.end(), is_end(line) ? static_cast<std::size_t>(processes) : 1, line);
  std::sort(wanted.begin(), wanted.end()), std::sort(seen.begin(), seen.end());
  std::vector<std::string> missing, surplus;
  std::set_difference(wanted.begin(), wanted.end(), seen.begin(), seen.end(), std::back_inserter(missing));
  std::set_difference(seen.begin(), seen.end(), wanted.begin(), wanted.end(), std::back_inserter(surplus));
  std::string text;
  for (std::size_t i = 0; i < missing.size() && i < 10; ++i) text += "\n  expected: " + missing[i];
  for (std::size_t i = 0; i < surplus.size() && i < 10; ++i) text += "\n  seen:     " + surplus[i];
  INFO(missing.size() << " lines missing, " << surplus.size() << " not expected" << text);
  CHECK(missing.empty());
  CHECK(surplus.empty());
}

}  // namespace conformance
