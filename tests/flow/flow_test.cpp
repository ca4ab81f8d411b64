#include "scalar/flow.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "scalar/core/error.hpp"
#include "scalar/core/parallel.hpp"
#include "support/catch.hpp"

using namespace scalar;

namespace {

struct Table {
  int rows = 0;
  int count() const { return rows; }
};
struct Halves {
  Table train{}, test{};
};
struct Churn {
  int source = 0;
  Table table{};
  Table train{}, test{};
  double linear = 0, trees = 0;
  std::string report{};
};

Table load(const int& rows) { return {rows}; }
Halves split(const Table& table) { return {{table.rows * 3 / 4}, {table.rows / 4}}; }
double fit_linear(const Table& train) { return train.rows * 2.0; }
double fit_trees(const Table& train) { return train.rows * 3.0; }
std::string compare(const double& linear, const double& trees, const Table& test) {
  return (linear > trees ? "linear " : "trees ") + std::to_string(test.rows);
}

Flow<Churn> churn() {
  return Flow<Churn>("churn", given<&Churn::source>(), step<load>().from<&Churn::source>().into<&Churn::table>(),
                     step<split>().from<&Churn::table>().into<&Churn::train, &Churn::test>(),
                     parallel(step<fit_linear>().from<&Churn::train>().into<&Churn::linear>(),
                              step<fit_trees>().from<&Churn::train>().into<&Churn::trees>()),
                     step<compare>().from<&Churn::linear, &Churn::trees, &Churn::test>().into<&Churn::report>());
}

Runtime threads(int count) { return Runtime(RuntimeOptions{.threads = count}); }

/// Two callers of `meet` get true, one caller alone gets false after a while: no test hangs where nothing overlaps.
class Meeting {
 public:
  bool meet() {
    std::unique_lock lock(mutex_);
    ++here_;
    changed_.notify_all();
    return changed_.wait_for(lock, std::chrono::milliseconds(500), [&] { return here_ >= 2; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int here_ = 0;
};

/// TBB promises no parallelism: on a busy machine its worker may come late to a new arena. So it may come in any round.
template <class Round>
bool in_some_round(Round round) {
  for (int i = 0; i < 40; ++i)
    if (round()) return true;
  return false;
}

bool two_cores() {
  if (available_cores() > 1) return true;
  WARN("skipped: one core, so that two steps cannot be made to overlap");
  return false;
}

}  // namespace

TEST_CASE("a flow gives the result of its steps in the order written", "[flow]") {
  for (const int count : {1, 2, 7}) {
    const Churn done = churn().run({.source = 100}, {}, threads(count));
    CHECK(done.table.rows == 100);
    CHECK(done.train.rows == 75);
    CHECK(done.test.rows == 25);
    CHECK(done.linear == 150);
    CHECK(done.trees == 225);
    CHECK(done.report == "trees 25");
  }
  CHECK(churn().run({.source = 4}).report == "trees 1");  // the default Runtime
}

TEST_CASE("a flow without steps returns the state", "[flow]") {
  const Flow<Churn> empty("empty");
  CHECK(empty.run({.source = 3}).source == 3);
  CHECK(Flow<Churn>("given", given<&Churn::source>()).run({.source = 3}).source == 3);
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(empty.run({.source = 3}, {.stop = stop.get_token()}), Error);  // a stop is never a success
}

namespace context {

struct Sums {
  int count = 0;
  double sum = 0, twice = 0;
};

double sum_of(const StepContext& context, int count) {
  double sum = 0;
  for (int i = 0; i < count && !context.stop().stop_requested(); ++i) {
    sum += i;
    context.report(i + 1, count);
  }
  return sum;
}
void add_one(const StepContext&, double& sum) { sum += 1; }

}  // namespace context

TEST_CASE("a step that takes a StepContext sees the run: its Runtime, stop token and progress", "[flow]") {
  using context::Sums;
  for (const int threads : {1, 2}) {
    const Runtime runtime({.threads = threads});
    const Flow<Sums> flow("sums", given<&Sums::count>(),
                          step<context::sum_of>().from<&Sums::count>().into<&Sums::sum>(),
                          step<context::add_one>().update<&Sums::sum>(),
                          step<"twice">([&](const StepContext& at, double sum) {
                            CHECK(at.step() == "twice");
                            CHECK(at.runtime() == runtime);
                            CHECK(!at.stop().stop_requested());
                            struct Fit {
                              std::int64_t done = 0, total = 0;
                            };
                            at.progress()(Fit{7, 8});
                            return 2 * sum;
                          })
                              .from<&Sums::sum>()
                              .into<&Sums::twice>());
    std::vector<std::string> told;
    const auto note = [&](const StepProgress& at) {
      if (at.event == StepEvent::advanced)
        told.push_back(std::string(at.step) + " " + std::to_string(at.done) + "/" + std::to_string(at.total));
    };
    CHECK(flow.run({.count = 3}, {.progress = note}, runtime).twice == 8);
    CHECK(told == std::vector<std::string>{"sum_of 1/3", "sum_of 2/3", "sum_of 3/3", "twice 7/8"});
  }
}

TEST_CASE("a stop that was requested is never a success", "[flow]") {
  using context::Sums;
  for (const int threads : {1, 2}) {
    const Runtime runtime({.threads = threads});
    std::stop_source source;
    const auto stop_at_two = [&](const StepProgress& at) {
      if (at.done == 2) source.request_stop();
    };
    const Flow<Sums> looks("looks", given<&Sums::count>(),
                           step<context::sum_of>().from<&Sums::count>().into<&Sums::sum>());
    try {
      looks.run({.count = 1'000'000'000}, {.progress = stop_at_two, .stop = source.get_token()}, runtime);
      FAIL("the run ended well");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::canceled);
      CHECK(std::string(error.what()) == "flow looks: stop was requested while the last steps ran");
    }
    std::stop_source late;
    const Flow<Sums> does_not_look("deaf", step<"deaf">([&] {
                                             late.request_stop();
                                             return 1.0;
                                           }).into<&Sums::sum>());
    CHECK_THROWS_WITH(does_not_look.run({}, {.stop = late.get_token()}, runtime),
                      Catch::Contains("the last steps ran"));
  }
}

TEST_CASE("a flow can be copied, reassigned and used after a move", "[flow]") {
  Flow<Churn> flow = churn();
  const Flow<Churn> other = std::move(flow);
  CHECK(flow.run({.source = 8}).report == other.run({.source = 8}).report);  // NOLINT: moving copies
  flow = Flow<Churn>("empty");
  CHECK(flow.run({.source = 8}).report.empty());
}

TEST_CASE("steps without a common written member overlap", "[flow][tbb]") {
  if (!two_cores()) return;
  struct Pair {
    int input = 0;
    bool left = false, right = false, both = false;
  };
  const Runtime runtime = threads(2);
  CHECK(in_some_round([&] {
    Meeting meeting;
    const auto meet = [&](const int&) { return meeting.meet(); };
    // The two that meet share what they read; the reader of `left` and `right` waits for both.
    const Flow<Pair> flow("pair", given<&Pair::input>(), step<"left">(meet).from<&Pair::input>().into<&Pair::left>(),
                          step<"right">(meet).from<&Pair::input>().into<&Pair::right>(),
                          step<"both">(std::logical_and{}).from<&Pair::left, &Pair::right>().into<&Pair::both>());
    return flow.run({}, {}, runtime).both;
  }));
}

TEST_CASE("parallel steps overlap, and so do chains", "[flow][tbb]") {
  if (!two_cores()) return;
  struct Chains {
    int a = 0, b = 0;
    bool met_a = false, met_b = false;
  };
  const Runtime runtime = threads(2);
  CHECK(in_some_round([&] {
    Meeting meeting;
    const auto meet = [&](const int&) { return meeting.meet(); };
    const Flow<Chains> flow(
        "chains",
        parallel(step<"a">([] { return 1; }).into<&Chains::a>(), step<"b">([] { return 2; }).into<&Chains::b>()),
        step<"meet a">(meet).from<&Chains::a>().into<&Chains::met_a>(),
        step<"meet b">(meet).from<&Chains::b>().into<&Chains::met_b>());
    const Chains done = flow.run({}, {}, runtime);
    return done.met_a && done.met_b;
  }));
}

TEST_CASE("one thread runs the steps one after the other, as written", "[flow]") {
  struct Order {
    int a = 0, b = 0, c = 0;
  };
  std::vector<std::string> order;
  const auto note = [&](const char* name) {
    return [&order, name] {
      order.emplace_back(name);
      return 1;
    };
  };
  const Flow<Order> flow("order", step<"one">(note("one")).into<&Order::a>(),
                         step<"two">(note("two")).into<&Order::b>(), step<"three">(note("three")).into<&Order::c>());
  flow.run({}, {}, threads(1));
  CHECK(order == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE("read, write and update of one member keep their order", "[flow][tbb]") {
  struct Text {
    std::string value{};
    std::string first{}, second{}, third{};
  };
  const auto copy = [](const std::string& text) { return text; };
  const Flow<Text> flow(
      "text", step<"start">([] { return std::string("a"); }).into<&Text::value>(),
      step<"first">(copy).from<&Text::value>().into<&Text::first>(),
      step<"append">([](std::string& text) { text += "b"; }).update<&Text::value>(),
      step<"second">(copy).from<&Text::value>().into<&Text::second>(),
      step<"double">([](const std::string& text) { return text + text; }).from<&Text::value>().into<&Text::value>(),
      step<"third">(copy).from<&Text::value>().into<&Text::third>(),
      step<"overwrite">([] { return std::string("z"); }).into<&Text::value>());
  const Runtime runtime = threads(4);
  for (int round = 0; round < 300; ++round) {
    const Text done = flow.run({}, {}, runtime);
    REQUIRE(done.first == "a");
    REQUIRE(done.second == "ab");
    REQUIRE(done.third == "abab");
    REQUIRE(done.value == "z");
  }
}

TEST_CASE("update gets a reference first, then what the step reads", "[flow]") {
  struct Sum {
    std::vector<int> values{};
    int by = 0;
    int total = 0;
  };
  const auto scale = [](std::vector<int>& values, const int& by) {
    for (int& value : values) value *= by;
    return std::accumulate(values.begin(), values.end(), 0);
  };
  const Flow<Sum> flow("sum", given<&Sum::values, &Sum::by>(),
                       step<"scale">(scale).update<&Sum::values>().from<&Sum::by>().into<&Sum::total>());
  const Sum done = flow.run({.values = {1, 2, 3}, .by = 10});
  CHECK(done.values == std::vector<int>{10, 20, 30});
  CHECK(done.total == 60);
}

TEST_CASE("results spread over members: tuple, pair, array, aggregate", "[flow]") {
  struct Many {
    int a = 0;
    std::string b{};
    double c = 0;
    long d = 0, e = 0, f = 0, g = 0, h = 0;
  };
  struct Three {
    int a;
    std::string b;
    float c;
  };
  struct Eight {
    int a;
    std::string b;
    double c;
    int d, e, f, g, h;
  };
  const auto run = [](auto part) { return Flow<Many>("spread", std::move(part)).run(); };

  const Many tuple = run(step<"tuple">([] {
                           return std::tuple{1, std::string("x"), 2.5};
                         }).into<&Many::a, &Many::b, &Many::c>());
  CHECK((tuple.a == 1 && tuple.b == "x" && tuple.c == 2.5));
  const Many pair = run(step<"pair">([] { return std::pair{"literal", 7}; }).into<&Many::b, &Many::d>());
  CHECK((pair.b == "literal" && pair.d == 7));
  const Many array = run(step<"array">([] { return std::array{1, 2, 3}; }).into<&Many::d, &Many::e, &Many::f>());
  CHECK((array.d == 1 && array.e == 2 && array.f == 3));
  const Many three = run(step<"three">([] { return Three{1, "y", 0.5f}; }).into<&Many::a, &Many::b, &Many::c>());
  CHECK((three.a == 1 && three.b == "y" && three.c == 0.5));
  const Many eight = run(step<"eight">([] {
                           return Eight{1, "z", 2, 3, 4, 5, 6, 7};
                         }).into<&Many::a, &Many::b, &Many::c, &Many::d, &Many::e, &Many::f, &Many::g, &Many::h>());
  CHECK((eight.a == 1 && eight.b == "z" && eight.c == 2 && eight.d == 3 && eight.h == 7));
}

TEST_CASE("references to members in a result are read before any is assigned", "[flow]") {
  struct Two {
    std::string a{}, b{};
  };
  const Flow<Two> swap("swap", given<&Two::a, &Two::b>(),
                       step<"swap">([](const std::string& a, const std::string& b) { return std::tie(b, a); })
                           .from<&Two::a, &Two::b>()
                           .into<&Two::a, &Two::b>());
  const Two done = swap.run({.a = "left", .b = "right"});
  CHECK(done.a == "right");
  CHECK(done.b == "left");
}

TEST_CASE("members and callables that can only be moved", "[flow]") {
  struct Handles {
    std::unique_ptr<int> first{}, second{};
    int sum = 0;
  };
  const Flow<Handles> flow(
      "handles", step<"first">([] { return std::make_unique<int>(1); }).into<&Handles::first>(),
      step<"second">([owned = std::make_unique<int>(2)] {
        return std::make_unique<int>(*owned);
      }).into<&Handles::second>(),
      step<"swap">([](std::unique_ptr<int>& a, std::unique_ptr<int>& b) { a.swap(b); })
          .update<&Handles::first>()
          .update<&Handles::second>(),
      step<"sum">([](const std::unique_ptr<int>& a, const std::unique_ptr<int>& b) { return *a * 10 + *b; })
          .from<&Handles::first>()
          .from<&Handles::second>()
          .into<&Handles::sum>());
  const Handles done = flow.run();
  CHECK(*done.first == 2);
  CHECK(done.sum == 21);
}

TEST_CASE("member functions and function objects are callables", "[flow]") {
  struct S {
    Table table{};
    int count = 0, rows = 0;
  };
  std::vector<std::string> names;
  const Flow<S> flow("s", given<&S::table>(), step<&Table::count>().from<&S::table>().into<&S::count>(),
                     step<&Table::rows>().from<&S::table>().into<&S::rows>());
  const S done = flow.run({.table = {5}},
                          {.progress =
                               [&](const StepProgress& at) {
                                 if (at.event == StepEvent::started) names.emplace_back(at.step);
                               }},
                          threads(1));
  CHECK(done.count == 5);
  CHECK(done.rows == 5);
  CHECK(names == std::vector<std::string>{"count", "rows"});
}

TEST_CASE("a member of a base class of the State belongs to the State", "[flow]") {
  struct Base {
    int seed = 0;
  };
  struct Derived : Base {
    int twice = 0;
  };
  const Flow<Derived> flow(
      "derived", given<&Derived::seed>(),
      step<"twice">([](int seed) { return 2 * seed; }).from<&Base::seed>().into<&Derived::twice>());
  CHECK(flow.run({{.seed = 4}, 0}).twice == 8);
}

TEST_CASE("what a step reads and fills is checked without loss", "[flow]") {
  using flow::detail::FitsInto;
  STATIC_REQUIRE(FitsInto<double, int>);
  STATIC_REQUIRE(FitsInto<double, float>);
  STATIC_REQUIRE(FitsInto<long, int>);
  STATIC_REQUIRE(FitsInto<int, bool>);
  STATIC_REQUIRE(FitsInto<std::string, const char*>);
  STATIC_REQUIRE_FALSE(FitsInto<float, double>);
  STATIC_REQUIRE_FALSE(FitsInto<float, int>);
  STATIC_REQUIRE_FALSE(FitsInto<int, unsigned>);
  STATIC_REQUIRE_FALSE(FitsInto<unsigned, int>);
  STATIC_REQUIRE_FALSE(FitsInto<bool, int>);
  STATIC_REQUIRE_FALSE(FitsInto<bool, const char*>);
  STATIC_REQUIRE_FALSE(FitsInto<int, std::string>);
  STATIC_REQUIRE_FALSE(FitsInto<int, void>);
}
