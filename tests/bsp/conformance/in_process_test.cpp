#include "bsp/conformance/programs.hpp"

#include <mutex>

#include "bsp/conformance/outcome.hpp"
#include "bsp/loopback.hpp"
#include "bsp/places.hpp"
#include "support/catch.hpp"

using namespace conformance;
using scalar::bsp::EngineOptions;

TEST_CASE("programs see the same on many threads as on one") {
  const auto expected = expected_of(1);
  const test::TemporaryDirectory directory;
  EngineOptions options{.workers = 4, .checkpoints = {.directory = directory.path()}};
  if (bsp_test::with_tbb) check_same(expected, run_programs(options, 1), 1);
  options.executor = &bsp_test::host_threads();
  check_same(expected, run_programs(options, 1), 1);
}

TEST_CASE("programs see the same in processes that are threads") {
  for (const int processes : {1, 2, 3, 4}) {
    INFO(processes << " processes");
    std::mutex mutex;
    std::vector<std::string> seen;
    const test::TemporaryDirectory directory;
    const EngineOptions options{.peers = processes,
                                .workers = 2,
                                .executor = &bsp_test::host_threads(),
                                .checkpoints = {.directory = directory.path()}};
    bsp_test::in_processes(processes, options, [&](scalar::bsp::Engine& engine, int) {
      const std::vector<std::string> lines = run_programs(engine.options(), processes);
      const std::lock_guard hold(mutex);
      seen.insert(seen.end(), lines.begin(), lines.end());
    });
    check_same(expected_of(processes), seen, processes);
  }
}

TEST_CASE("the check of what was seen notices a wrong bit, a missing peer and another error") {
  // Programs that see different things have different digests: a suite of equal digests would show nothing.
  std::vector<std::string> lines = expected_of(1, "structs");
  for (std::string& line : lines) line.erase(0, line.find(':'));
  std::sort(lines.begin(), lines.end());
  CHECK(std::unique(lines.begin(), lines.end()) - lines.begin() > static_cast<std::ptrdiff_t>(lines.size()) / 3);
}
