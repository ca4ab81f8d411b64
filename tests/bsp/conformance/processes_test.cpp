#include "bsp/conformance/programs.hpp"

#include <fstream>
#include <functional>
#include <sstream>

#include "bsp/conformance/children.hpp"
#include "bsp/conformance/outcome.hpp"
#include "support/catch.hpp"
#include "support/free_port.hpp"
#include "support/temporary_directory.hpp"

using namespace conformance;

namespace {

using Command = std::vector<std::string>;

Command operator+(Command all, const Command& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::string text_of(const std::string& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// What a process has written: it must have come to its end.
void append_lines(const std::string& file, std::vector<std::string>& all) {
  INFO(file);
  std::ifstream in(file);
  std::string line, last;
  while (std::getline(in, line)) all.push_back(line);
  REQUIRE(!all.empty());
  REQUIRE(all.back() == "complete");
  all.pop_back();
}

/// Starts the commands and waits for them, four minutes at most.
void run_all(const std::vector<Command>& commands, const test::TemporaryDirectory& directory) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(240);
  std::vector<Child> children;
  for (const Command& command : commands) children.emplace_back(command, directory / "log");
  for (Child& child : children) {
    const int status = child.wait_until(until);
    INFO("status " << status << (status == -1 ? " (still running)" : "") << ", output: " << text_of(directory / "log"));
    REQUIRE(status == 0);
  }
}

#ifdef CONFORMANCE_MPIEXEC
Command mpiexec(int ranks) {
  Command command{CONFORMANCE_MPIEXEC};
#ifdef CONFORMANCE_OPEN_MPI
  // More ranks than cores, possibly as root, and nothing but this machine.
  command = command + Command{"--allow-run-as-root",
                              "--oversubscribe",
                              "--mca",
                              "mpi_yield_when_idle",
                              "0",
                              "--bind-to",
                              "none",
                              "--mca",
                              "btl",
                              "vader,self",
                              "--mca",
                              "pml",
                              "ob1"};
#endif
  return command + Command{"-n", std::to_string(ranks)};
}

void check_mpi(int ranks) {
  const test::TemporaryDirectory directory;
  run_all({mpiexec(ranks) + Command{CONFORMANCE_PROGRAM, directory / "rank", "", "mpi", std::to_string(ranks)}},
          directory);
  std::vector<std::string> seen;
  for (int rank = 0; rank < ranks; ++rank) append_lines(directory / "rank." + std::to_string(rank), seen);
  check_same(expected_of(ranks), seen, ranks);
}
#endif

#ifdef CONFORMANCE_WITH_TCP
/// `around(process)` is what each process's command begins with.
void check_tcp(int processes, const std::string& coordinator, const std::function<Command(int)>& around) {
  const test::TemporaryDirectory directory;
  std::vector<Command> commands;
  for (int process = 0; process < processes; ++process)
    commands.push_back(around(process) + Command{CONFORMANCE_PROGRAM, directory / std::to_string(process), "", "tcp",
                                                 std::to_string(process), std::to_string(processes), coordinator});
  run_all(commands, directory);
  std::vector<std::string> seen;
  for (int process = 0; process < processes; ++process) append_lines(directory / std::to_string(process), seen);
  check_same(expected_of(processes), seen, processes);
}
void check_tcp(int processes) {
  check_tcp(processes, "127.0.0.1:" + std::to_string(test::free_port()), [](int) { return Command{}; });
}

/// Two network namespaces with a cable between them, 10.77.0.1 and 10.77.0.2.
class Namespaces {
 public:
  Namespaces() {
    ready_ = does({"ip", "netns", "add", name(0)}) && does({"ip", "netns", "add", name(1)}) &&
             does({"ip", "link", "add", "scalar0", "netns", name(0), "type", "veth", "peer", "name", "scalar1", "netns",
                   name(1)});
    for (const int i : {0, 1}) {
      const std::string end = "scalar" + std::to_string(i), address = "10.77.0." + std::to_string(i + 1) + "/24";
      ready_ = ready_ && does(within(i) + Command{"ip", "address", "add", address, "dev", end}) &&
               does(within(i) + Command{"ip", "link", "set", end, "up"}) &&
               does(within(i) + Command{"ip", "link", "set", "lo", "up"});
    }
  }
  Namespaces(const Namespaces&) = delete;
  ~Namespaces() {
    for (const int i : {0, 1}) does({"ip", "netns", "delete", name(i)});  // the cable goes with them
  }
  bool are_ready() const { return ready_; }
  std::string why_not() const { return text_of(directory_ / "log"); }
  static Command within(int i) { return {"ip", "netns", "exec", name(i)}; }

 private:
  static std::string name(int i) { return "scalar-" + std::to_string(::getpid()) + "-" + std::to_string(i); }
  bool does(const Command& command) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    try {
      return Child(command, directory_ / "log").wait_until(until) == 0;
    } catch (const std::exception&) {
      return false;  // there is no such command
    }
  }
  test::TemporaryDirectory directory_;
  bool ready_ = false;
};
#endif

}  // namespace

#ifdef CONFORMANCE_MPIEXEC
TEST_CASE("programs see the same over MPI with 1 rank") { check_mpi(1); }
TEST_CASE("programs see the same over MPI with 2 ranks") { check_mpi(2); }
TEST_CASE("programs see the same over MPI with 4 ranks") { check_mpi(4); }
TEST_CASE("a host that uses MPI itself, the bsp half of it over MPI") {
  for (const std::string what : {"funneled", "parts", "leaves"}) {
    INFO(what);
    const test::TemporaryDirectory directory;
    run_all({mpiexec(4) + Command{CONFORMANCE_MPI_HOST, what}}, directory);
  }
}
#else
TEST_CASE("programs see the same over MPI") { WARN("skipped: built without MPI"); }
#endif

#ifdef CONFORMANCE_WITH_TCP
TEST_CASE("programs see the same over TCP with 2 processes") { check_tcp(2); }
TEST_CASE("programs see the same over TCP with 4 processes") { check_tcp(4); }
TEST_CASE("programs see the same over TCP between network namespaces") {
  const Namespaces namespaces;
  if (!namespaces.are_ready()) {
    WARN("skipped: network namespaces cannot be made here: " << namespaces.why_not());
    return;
  }
  check_tcp(2, "10.77.0.1:29500", [](int process) { return Namespaces::within(process); });
}
#endif
