#include "scalar/core/runtime.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "scalar/core/error.hpp"
#include "scalar/core/parallel.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;

namespace {

/// A file system root with these cgroup files.
class FakeRoot {
 public:
  FakeRoot& file(const std::string& path, const std::string& text) {
    const std::filesystem::path full = directory_ / path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
    return *this;
  }
  int cores() const { return available_cores(directory_.path() + "/"); }

 private:
  test::TemporaryDirectory directory_;
};

/// A Runtime of some threads; of one under the thread sanitizer, for which Debian's TBB is not instrumented.
Runtime with_threads(int threads) {
#ifdef __SANITIZE_THREAD__
  threads = 1;
#endif
  return Runtime(RuntimeOptions{.threads = threads});
}

}  // namespace

TEST_CASE("the cgroup quota bounds the cores", "[runtime]") {
  const int all = available_cores("/nowhere/");
  CHECK(all >= 1);
  CHECK(FakeRoot().file("proc/self/cgroup", "0::/a/b\n").file("sys/fs/cgroup/a/b/cpu.max", "100000 100000\n").cores() ==
        1);
  CHECK(FakeRoot().file("proc/self/cgroup", "0::/a/b\n").file("sys/fs/cgroup/a/cpu.max", "50000 100000\n").cores() ==
        1);
  CHECK(FakeRoot().file("proc/self/cgroup", "0::/\n").file("sys/fs/cgroup/cpu.max", "max 100000\n").cores() == all);
  CHECK(FakeRoot().file("proc/self/cgroup", "0::/\n").file("sys/fs/cgroup/cpu.max", "garbage\n").cores() == all);
  CHECK(FakeRoot()
            .file("proc/self/cgroup", "12:memory:/m\n4:cpu,cpuacct:/docker/x\n")
            .file("sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us", "90000\n")
            .file("sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000\n")
            .cores() == 1);
  // A quota above the mask does not add cores, and a fraction is rounded up.
  CHECK(FakeRoot().file("proc/self/cgroup", "0::/\n").file("sys/fs/cgroup/cpu.max", "9900000 100000\n").cores() == all);
  const int fraction =
      FakeRoot().file("proc/self/cgroup", "0::/\n").file("sys/fs/cgroup/cpu.max", "150000 100000\n").cores();
  CHECK(fraction == (all < 2 ? 1 : 2));
}

TEST_CASE("default Runtimes share, and others do not", "[runtime]") {
  const Runtime one, two;
  CHECK(one == two);
  const Runtime own(RuntimeOptions{.threads = 3});
  CHECK(!(own == one));
  CHECK(own.threads() == 3);
  CHECK_THROWS_WITH(Runtime(RuntimeOptions{.threads = -1}), "Runtime: threads is -1, expected 0 or more");
}

TEST_CASE("a slot holds one service a type and Runtime", "[runtime]") {
  struct Counter {
    int value = 0;
  };
  const Runtime one(RuntimeOptions{}), two(RuntimeOptions{});
  one.slot<Counter>().value = 5;
  CHECK(one.slot<Counter>().value == 5);
  CHECK(two.slot<Counter>().value == 0);
}

TEST_CASE("messages go to the sink", "[runtime]") {
  std::vector<std::string> seen;
  const Runtime runtime(RuntimeOptions{.log = [&](LogLevel level, std::string_view room, std::string_view message) {
    seen.push_back(std::to_string(static_cast<int>(level)) + " " + std::string(room) + ": " + std::string(message));
  }});
  runtime.log(LogLevel::warning, "data", "hello");
  CHECK(seen == std::vector<std::string>{"2 data: hello"});
  Runtime().log(LogLevel::error, "data", "dropped");
}

TEST_CASE("a parallel loop covers every index once, in pieces that do not depend on threads", "[parallel]") {
  for (const int threads : {1, 2, 5}) {
    const Runtime runtime = with_threads(threads);
    for (const std::int64_t count : {0, 1, 7, 64, 1000}) {
      std::vector<std::atomic<int>> touched(static_cast<std::size_t>(count));
      std::atomic<int> bad{0};
      parallel_for(runtime, count, 64, [&](std::int64_t begin, std::int64_t end) {
        if (begin % 64 != 0 || end - begin > 64 || end <= begin) ++bad;
        for (std::int64_t i = begin; i < end; ++i) ++touched[static_cast<std::size_t>(i)];
      });
      CHECK(bad == 0);
      for (const auto& times : touched) CHECK(times == 1);
    }
  }
}

TEST_CASE("a thread that waits for a nested loop takes no piece of the outer one", "[parallel]") {
  // Only with three or more threads of TBB's can a piece be stolen while its thief waits; fewer pass without a test.
  const Runtime runtime = with_threads(8);
  thread_local bool is_inside = false;
  std::atomic<int> entered_twice{0};
  parallel_parts(runtime, 64, [&](int) {
    entered_twice += is_inside;
    is_inside = true;
    parallel_parts(runtime, 8, [](int) {
      volatile double sum = 0;
      for (int i = 0; i < 2000; ++i) sum = sum + i;
    });
    is_inside = false;
  });
  CHECK(entered_twice == 0);
}

TEST_CASE("an exception leaves a parallel loop, also a nested one", "[parallel]") {
  const Runtime runtime = with_threads(2);
  CHECK_THROWS_WITH(parallel_parts(runtime, 8,
                                   [&](int part) {
                                     parallel_parts(runtime, 4, [&](int inner) {
                                       if (part == 3 && inner == 2) throw Error(Errc::failed, "part 3");
                                     });
                                   }),
                    "part 3");
}
