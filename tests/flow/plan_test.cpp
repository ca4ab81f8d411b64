#include "scalar/flow/detail/plan.hpp"

#include <tbb/task_group.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "scalar/core/error.hpp"
#include "scalar/core/parallel.hpp"
#include "scalar/core/random.hpp"
#include "scalar/flow.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace scalar;

namespace {

struct S {
  int a = 0, b = 0, c = 0, d = 0;
};

Runtime threads(int count) { return Runtime(RuntimeOptions{.threads = count}); }

template <class F>
Error error_of(F&& run) {
  try {
    run();
  } catch (const Error& error) {
    return error;
  }
  FAIL("nothing was thrown");
  return Error(Errc::ok, "");
}

/// Waits for `condition`, but not for long: no test hangs where nothing overlaps.
template <class Condition>
bool soon(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

int zero() { return 0; }
int refuse() { throw Error(Errc::not_found, "no such file", "adult.csv"); }
int burst() { throw std::runtime_error("out of memory on device 3"); }
int throw_int() { throw 42; }

}  // namespace

TEST_CASE("an Error keeps its code and says where", "[flow]") {
  const Flow<S> flow("churn", step<refuse>().into<&S::a>());
  for (const int count : {1, 2}) {
    const Error error = error_of([&] { flow.run({}, {}, threads(count)); });
    CHECK(error.code() == Errc::not_found);
    CHECK(error.context() == "flow churn, step refuse: adult.csv");
    CHECK(std::string(error.what()) == "flow churn, step refuse: adult.csv: no such file");
  }
}

TEST_CASE("other exceptions become failed, with the exception nested", "[flow]") {
  const Flow<S> flow("churn", step<zero>().into<&S::b>(), step<burst>().into<&S::a>());
  for (const int count : {1, 2}) {
    bool nested = false;
    try {
      flow.run({}, {}, threads(count));
    } catch (const Error& error) {
      CHECK(error.code() == Errc::failed);
      CHECK(std::string(error.what()) == "flow churn, step burst: out of memory on device 3");
      try {
        std::rethrow_if_nested(error);
      } catch (const std::runtime_error& inner) {
        nested = std::string(inner.what()) == "out of memory on device 3";
      }
    }
    CHECK(nested);
  }
  const Flow<S> odd("odd", step<throw_int>().into<&S::a>());
  const Error error = error_of([&] { odd.run(); });
  CHECK(error.code() == Errc::failed);
  CHECK(error.message() == "threw something that is no std::exception");
}

TEST_CASE("steps after a failed one do not start, steps before it do", "[flow][tbb]") {
  for (const int count : {1, 2, 4}) {
    const Runtime runtime = threads(count);
    for (int round = 0; round < 200; ++round) {
      std::atomic<int> before = 0, after = 0;
      const auto count_before = [&] { return ++before; };
      const auto count_after = [&](const int&) { return ++after; };
      const Flow<S> flow("fail", step<"before">(count_before).into<&S::a>(), step<burst>().into<&S::b>(),
                         step<"after">(count_after).from<&S::b>().into<&S::c>(),
                         step<"after that">(count_after).from<&S::c>().into<&S::d>());
      const Error error = error_of([&] { flow.run({}, {}, runtime); });
      REQUIRE(error.context() == "flow fail, step burst");
      REQUIRE(before == 1);
      REQUIRE(after == 0);
    }
  }
}

TEST_CASE("of several failures the first in the order written leaves", "[flow][tbb]") {
  const Flow<S> whole("two", given<&S::d>(),
                      step<"slow">([](int a) -> int {
                        std::string work;
                        for (int i = 0; i < 2000; ++i) work += std::to_string(a + i);
                        throw Error(Errc::io, work.empty() ? "nothing was done" : "the first one");
                      })
                          .from<&S::d>()
                          .into<&S::a>(),
                      step<burst>().into<&S::b>(), step<refuse>().into<&S::c>());
  const Runtime runtime = threads(3);
  for (int round = 0; round < 100; ++round) {
    const Error error = error_of([&] { whole.run({}, {}, runtime); });
    REQUIRE(error.code() == Errc::io);
    REQUIRE(error.context() == "flow two, step slow");
  }
}

TEST_CASE("a stop token ends the flow between steps", "[flow][tbb]") {
  for (const int count : {1, 2}) {
    std::stop_source stop;
    int later = 0;
    const Flow<S> flow("long", step<"first">([&] {
                                 stop.request_stop();
                                 return 1;
                               }).into<&S::a>(),
                       step<"second">([&](int) { return ++later; }).from<&S::a>().into<&S::b>(),
                       step<"third">([&](int) { return ++later; }).from<&S::b>().into<&S::c>());
    const Error error = error_of([&] { flow.run({}, {.stop = stop.get_token()}, threads(count)); });
    CHECK(error.code() == Errc::canceled);
    CHECK(std::string(error.what()) == "flow long, step second: stop was requested before this step started");
    CHECK(later == 0);
  }
}

TEST_CASE("progress tells of each step, one call at a time, on the runtime's clock", "[flow][tbb]") {
  const auto clock = std::make_shared<test::ManualClock>();
  const Runtime runtime(RuntimeOptions{.threads = 1, .clock = clock});
  struct Call {
    std::string step{};
    StepEvent event{};
    double seconds = 0;
    bool operator==(const Call&) const = default;
  };
  std::vector<Call> calls;
  const auto note = [&](const StepProgress& at) {
    calls.push_back({std::string(at.step), at.event, at.elapsed.count()});
  };
  const Flow<S> flow("timed", step<"a">([&] {
                                clock->advance(std::chrono::milliseconds(1500));
                                return 1;
                              }).into<&S::a>(),
                     step<burst>().into<&S::b>());
  error_of([&] { flow.run({}, {.progress = note}, runtime); });
  CHECK(calls == std::vector<Call>{{"a", StepEvent::started, 0},
                                   {"a", StepEvent::finished, 1.5},
                                   {"burst", StepEvent::started, 0},
                                   {"burst", StepEvent::failed, 0}});

  const Flow<S> wide("wide", step<"1">(zero).into<&S::a>(), step<"2">(zero).into<&S::b>(),
                     step<"3">(zero).into<&S::c>(), step<"4">(zero).into<&S::d>());
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> inside = 0;
    int started = 0, finished = 0;  // plain numbers: calls do not overlap
    wide.run({},
             {.progress =
                  [&](const StepProgress& at) {
                    REQUIRE(++inside == 1);
                    REQUIRE(at.elapsed.count() >= 0);
                    (at.event == StepEvent::started ? started : finished) += 1;
                    --inside;
                  }},
             threads(4));
    REQUIRE(started == 4);
    REQUIRE(finished == 4);
  }
}

TEST_CASE("what progress throws fails the step", "[flow]") {
  const Flow<S> flow("watched", step<zero>().into<&S::a>());
  const auto note = [](const StepProgress& at) {
    if (at.event != StepEvent::started) throw Error(Errc::io, "the terminal is gone");
  };
  const Error error = error_of([&] { flow.run({}, {.progress = note}); });
  CHECK(error.code() == Errc::io);
  CHECK(std::string(error.what()) == "flow watched, step zero: the terminal is gone");
}

TEST_CASE("a random graph gives what its nodes give one after the other", "[flow][tbb]") {
  constexpr std::size_t members = 6;
  using Memory = std::vector<std::uint64_t>;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Philox random(seed);
    std::vector<flow::detail::Node> nodes;
    for (std::size_t i = 0; i < 40; ++i) {
      flow::detail::Node node{.name = std::to_string(i)};
      for (std::uint64_t m = 0; m < members; ++m) {
        if (random.below(4) == 0) node.reads.push_back(m);
        if (random.below(8) == 0) node.writes.push_back(m);
      }
      node.call = [reads = node.reads, writes = node.writes, i](void* state, const StepContext&) {
        Memory& memory = *static_cast<Memory*>(state);
        std::uint64_t value = i + 1;
        for (const std::uint64_t m : reads) value = (value ^ memory[m]) * 0x100000001b3u + m;
        for (const std::uint64_t m : writes) memory[m] = value + m;
      };
      nodes.push_back(std::move(node));
    }
    Memory expected(members), seen(members);
    const auto ignore = [](std::int64_t, std::int64_t) {};
    for (const flow::detail::Node& node : nodes) node.call(&expected, StepContext("", {}, {}, ignore));
    flow::detail::Plan("random", std::move(nodes)).run(&seen, {}, threads(4));
    REQUIRE(seen == expected);
  }
}

TEST_CASE("flows nest, and steps may use parallel loops", "[flow][tbb]") {
  const Runtime runtime = threads(2);
  const auto loop = [&] {
    std::atomic<int> sum = 0;
    parallel_for(runtime, 1000, 10,
                 [&](std::int64_t begin, std::int64_t end) { sum += static_cast<int>(end - begin); });
    return sum.load();
  };
  const Flow<S> inner("inner", step<"a">(loop).into<&S::a>(), step<"b">(loop).into<&S::b>());
  const auto sum = [&] {
    const S done = inner.run({}, {}, runtime);
    return done.a + done.b;
  };
  const Flow<S> outer("outer", step<"a">(sum).into<&S::a>(), step<"b">(sum).into<&S::b>(),
                      step<"c">(sum).into<&S::c>());
  for (int round = 0; round < 50; ++round) {
    const S done = outer.run({}, {}, runtime);
    REQUIRE((done.a == 2000 && done.b == 2000 && done.c == 2000));
  }
  const Flow<S> bad("bad", step<burst>().into<&S::a>());
  const Flow<S> around("around", step<"inner">([&] { return bad.run().a; }).into<&S::a>());
  CHECK(std::string(error_of([&] { around.run(); }).what()) ==
        "flow around, step inner: flow bad, step burst: out of memory on device 3");
}

TEST_CASE("a flow inside a loop that has failed still runs its steps", "[flow][tbb]") {
  const Runtime runtime = threads(2);
  const Flow<S> inner("inner", step<"a">([] { return 1; }).into<&S::a>(), step<"b">([] { return 2; }).into<&S::b>());
  // TBB promises no parallelism: its worker may come late, in any round.
  for (int round = 0; round < 40; ++round) {
    std::atomic<int> here = 0;
    bool ended = false;
    S done;
    const auto body = [&](std::int64_t begin, std::int64_t) {
      ++here;
      if (!soon([&] { return here == 2; })) return;
      if (begin == 0) throw Error(Errc::failed, "ends the loop");
      // The other half has thrown: TBB cancels what belongs to the loop, and an inner group by default would.
      ended = soon([] { return tbb::is_current_task_group_canceling(); });
      done = inner.run({}, {}, runtime);
    };
    try {
      parallel_for(runtime, 2, 1, body);
    } catch (const Error& error) {
      CHECK(error.message() == "ends the loop");
    }
    if (!ended) continue;
    CHECK(done.a == 1);
    CHECK(done.b == 2);
    return;
  }
  WARN("skipped: the two halves of the loop did not overlap on this machine");
}

TEST_CASE("one flow runs many times at once", "[flow][tbb]") {
  const Flow<S> flow("many", given<&S::a>(), step<"b">([](int a) { return a + 1; }).from<&S::a>().into<&S::b>(),
                     step<"c">([](int a) { return a * 2; }).from<&S::a>().into<&S::c>(),
                     step<"d">([](int b, int c) { return b * 1000 + c; }).from<&S::b, &S::c>().into<&S::d>());
  const Runtime runtime = threads(2);
  std::atomic<int> wrong = 0;
  parallel_for(runtime, 200, 1, [&](std::int64_t begin, std::int64_t) {
    const int a = static_cast<int>(begin);
    if (flow.run({.a = a}, {}, runtime).d != (a + 1) * 1000 + 2 * a) ++wrong;
  });
  CHECK(wrong == 0);
}
