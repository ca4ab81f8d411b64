// Healthy processes that cannot reach each other any more: which of them go on.
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "bsp/tcp/job.hpp"
#include "bsp/tcp/matchers.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace bsp_tcp_test;

namespace {

using Part = std::vector<int>;

bool is_in(const Part& part, int process) { return std::find(part.begin(), part.end(), process) != part.end(); }

/// Processes that count, each at an address of its own.
struct PartedJob {
  static constexpr std::uint64_t steps = 400;

  explicit PartedJob(int count, Options more = {}) : processes(count), options(std::move(more)) {
    options.insert({{"peers", "8"},
                    {"steps", std::to_string(steps)},
                    {"say", "100"},
                    {"hold", held},
                    {"directory", directory / "checkpoints"},
                    // Who has to go ends when others have gone on, so a long time costs nothing.
                    {"minority_pause", "20000"}});
  }
  static std::string address(int process) { return "127.0.0." + std::to_string(2 + process); }
  /// At SIGUSR1 no process reaches one for which `is_cut(lower, higher)`.
  template <class F>
  void start(F is_cut) {
    const std::string coordinator = address(0) + ':' + std::to_string(test::free_port());
    for (int process = 0; process < processes; ++process) {
      Options mine = options;
      mine["coordinator"] = coordinator;
      if (process != 0) mine["listen"] = address(process);
      std::string from;
      for (int lower = 0; lower < process; ++lower)
        if (is_cut(lower, process)) from += (from.empty() ? "" : ",") + address(lower);
      if (!from.empty()) mine["cut_from"] = from;
      job.start("counting", process, processes, mine);
      cuts.push_back(!from.empty());
    }
  }
  void cut() {
    for (int process = 0; process < processes; ++process)
      if (cuts[static_cast<std::size_t>(process)]) job[process].signal(SIGUSR1);
    for (int process = 0; process < processes; ++process)
      if (cuts[static_cast<std::size_t>(process)]) job.await(process, "cut");
    go_on();
  }
  /// The processes have begun, and wait.
  void await() { job.await("step 100"); }
  /// Until then nobody gets beyond step 100.
  void go_on() const { std::ofstream{held}; }
  /// Those of `part` end well, all others learn that they were given up.
  void check_goes_on(const Part& part) {
    std::uint64_t expected = 0;
    for (std::uint64_t step = 0; step < steps; ++step) expected += 36 * step;  // peers 1 + 2 + ... + 8
    for (int process = 0; process < processes; ++process) {
      const std::string result = job[process].result();
      INFO("process " << process << ": " << result);
      const int first = *std::min_element(part.begin(), part.end());
      if (is_in(part, process)) CHECK(result == "ok " + std::to_string(process == first ? expected : 0));
      if (!is_in(part, process)) CHECK(was_given_up(result));
    }
  }

  int processes;
  test::TemporaryDirectory directory;
  std::string held = directory / "go_on";
  Job job{"", 0};
  Options options;
  std::vector<bool> cuts;
};

using Command = std::vector<std::string>;

Command operator+(Command all, const Command& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

/// Network namespaces, one for each process, and two switches.
class Machines {
 public:
  explicit Machines(int count) : count_(count) {
    ready_ = does({"ip", "netns", "add", name(count)});
    for (const std::string name : {"switch0", "switch1"})
      ready_ = ready_ && does(within(count) + Command{"ip", "link", "add", name, "type", "bridge"}) &&
               does(within(count) + Command{"ip", "link", "set", name, "up"});
    for (int i = 0; i < count; ++i) {
      const std::string end = "port" + std::to_string(i);
      ready_ = ready_ && does({"ip", "netns", "add", name(i)}) &&
               does({"ip", "link", "add", "cable", "netns", name(i), "type", "veth", "peer", "name", end, "netns",
                     name(count)}) &&
               does(within(i) + Command{"ip", "address", "add", address(i) + "/24", "dev", "cable"}) &&
               does(within(i) + Command{"ip", "link", "set", "cable", "up"}) &&
               does(within(i) + Command{"ip", "link", "set", "lo", "up"}) && plug(i, 0) &&
               does(within(count) + Command{"ip", "link", "set", end, "up"});
    }
  }
  Machines(const Machines&) = delete;
  ~Machines() {
    for (int i = 0; i <= count_; ++i) does({"ip", "netns", "delete", name(i)});
  }
  bool are_ready() const { return ready_; }
  static std::string address(int i) { return "10.78.0." + std::to_string(i + 1); }
  static Command within(int i) { return {"ip", "netns", "exec", name(i)}; }
  /// Nothing that one of the two sends reaches the other any more, and nobody is told.
  bool part(int one, int other) const { return mislead(one, other) && mislead(other, one); }
  /// Machines at different switches do not reach each other, and nobody is told.
  bool plug(int i, int into) const {
    return does(within(count_) +
                Command{"ip", "link", "set", "port" + std::to_string(i), "master", "switch" + std::to_string(into)});
  }

 private:
  /// What `from` sends to `to` goes to an interface that nobody has.
  static bool mislead(int from, int to) {
    return does(within(from) + Command{"ip", "neighbor", "replace", address(to), "lladdr", "02:00:00:00:00:ff", "nud",
                                       "permanent", "dev", "cable"});
  }
  static std::string name(int i) { return "scalar-p" + std::to_string(::getpid()) + "-" + std::to_string(i); }
  static bool does(Command command) {
    std::vector<char*> words;
    for (std::string& word : command) words.push_back(word.data());
    words.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    pid_t pid = 0;
    const bool started = ::posix_spawnp(&pid, words[0], &files, nullptr, words.data(), environ) == 0;
    ::posix_spawn_file_actions_destroy(&files);
    int status = 0;
    return started && ::waitpid(pid, &status, 0) == pid && status == 0;
  }
  int count_;
  bool ready_ = false;
};

}  // namespace

TEST_CASE("one broken link between healthy processes costs one of the two, and no other") {
  constexpr int processes = 4;
  for (int lower = 0; lower < processes; ++lower)
    for (int higher = lower + 1; higher < processes; ++higher) {
      INFO("between processes " << lower << " and " << higher);
      PartedJob parted(processes);
      parted.start([&](int one, int other) { return one == lower && other == higher; });
      parted.await();
      parted.cut();
      Part left{0, 1, 2, 3};
      left.erase(left.begin() + higher);
      parted.check_goes_on(left);
    }
}

TEST_CASE("a process with which most of the job cannot go on leaves, also when it is the first one") {
  PartedJob parted(4);
  parted.start([](int one, int other) { return one == 0 && other != 3; });
  parted.await();
  parted.cut();
  parted.check_goes_on({1, 2, 3});
}

TEST_CASE("when nobody else goes on, a minority does, after a pause") {
  for (const int left : {3, 0}) {
    INFO("process " << left << " is left");
    PartedJob parted(4, {{"minority_pause", "100"}});
    parted.start([](int, int) { return false; });
    parted.await();
    std::uint64_t expected = 0;
    for (std::uint64_t step = 0; step < PartedJob::steps; ++step) expected += 36 * step;
    // All stand still meanwhile: nobody learns of one death before the next, nor ends before the last.
    for (int process = 0; process < 4; ++process) parted.job[process].signal(SIGSTOP);
    for (int process = 0; process < 4; ++process)
      if (process != left) parted.job[process].signal(SIGKILL);
    parted.go_on();
    parted.job[left].signal(SIGCONT);
    CHECK(parted.job[left].result() == "ok " + std::to_string(expected));
  }
}

TEST_CASE("when half of the job dies at once, the first process stays with the others") {
  PartedJob parted(4);
  parted.start([](int, int) { return false; });
  parted.await();
  for (int process = 0; process < 4; ++process) parted.job[process].signal(SIGSTOP);
  for (const int process : {1, 2}) parted.job[process].signal(SIGKILL);
  parted.go_on();
  for (const int process : {0, 3}) parted.job[process].signal(SIGCONT);
  std::uint64_t expected = 0;
  for (std::uint64_t step = 0; step < PartedJob::steps; ++step) expected += 36 * step;
  CHECK(parted.job[0].result() == "ok " + std::to_string(expected));
  CHECK(parted.job[3].result() == "ok 0");
}

TEST_CASE("of a job that falls into parts the majority goes on, of halves the one with process 0") {
  constexpr int processes = 4;
  const Machines machines(processes);
  if (!machines.are_ready()) {
    WARN("skipped: network namespaces cannot be made here");
    return;
  }
  // The network goes silent, which takes longer to notice than all cables take to change.
  for (const Part& goes_on : {Part{1, 2, 3}, Part{0, 1, 2}, Part{0, 1}, Part{0, 3}}) {
    PartedJob parted(processes, {{"coordinator", Machines::address(0) + ":29500"},
                                 {"allow_insecure", "1"},
                                 {"heartbeat_interval", "50"},
                                 {"heartbeat_pause", "600"}});
    for (int process = 0; process < processes; ++process)
      parted.job.start("counting", process, processes, parted.options, machines.within(process));
    parted.await();
    for (int process = 0; process < processes; ++process)
      if (!is_in(goes_on, process)) REQUIRE(machines.plug(process, 1));
    parted.go_on();
    parted.check_goes_on(goes_on);
    for (int process = 0; process < processes; ++process) REQUIRE(machines.plug(process, 0));
  }
}

TEST_CASE("a link that goes silent when another one breaks is missed by those who decide, too") {
  constexpr int processes = 4;
  const Machines machines(processes);
  if (!machines.are_ready()) {
    WARN("skipped: network namespaces cannot be made here");
    return;
  }
  // Process 1 loses process 2 at once, and process 3 some heartbeats later: process 0, which all hear, waits for
  // longer.
  PartedJob parted(processes, {{"coordinator", Machines::address(0) + ":29500"},
                               {"allow_insecure", "1"},
                               {"join_timeout", "4000"},
                               {"heartbeat_pause", "600"}});
  for (int process = 0; process < processes; ++process) {
    Options mine = parted.options;
    mine["heartbeat_interval"] = process == 0 ? "200" : "50";
    if (process == 2) mine["cut_from"] = Machines::address(1);
    parted.job.start("counting", process, processes, mine, machines.within(process));
  }
  parted.cuts = {false, false, true, false};
  parted.await();
  REQUIRE(machines.part(1, 3));
  parted.cut();
  parted.check_goes_on({0, 2, 3});
}
