// Processes that are really killed: the others go on from the last checkpoint and end with the same bits.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "bsp_conformance/children.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using conformance::Child;

namespace {

constexpr std::chrono::seconds bound{60};

std::string free_address() {
  const int handle = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(handle, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(handle, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(handle);
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// One job: its processes, what each prints, and its checkpoints.
struct Job {
  test::TemporaryDirectory directory{};
  std::string coordinator = free_address();
  std::vector<Child> children{};
  std::vector<std::string> logs{};

  void start(const std::vector<std::string>& more) {
    std::vector<std::string> command{BSP_RECOVERY_PROCESS, "coordinator=" + coordinator,
                                     "directory=" + directory.path() + "/checkpoints"};
    command.insert(command.end(), more.begin(), more.end());
    logs.push_back(directory / ("log" + std::to_string(logs.size())));
    children.emplace_back(command, logs.back());
  }
  void start_all(int processes, int who_dies, const std::vector<std::string>& death,
                 std::vector<std::string> all = {}) {
    for (int process = 0; process < processes; ++process) {
      std::vector<std::string> more = all;
      more.push_back("process=" + std::to_string(process));
      more.push_back("processes=" + std::to_string(processes));
      if (process == who_dies) more.insert(more.end(), death.begin(), death.end());
      start(more);
    }
  }
  std::vector<int> statuses() {
    std::vector<int> all;
    const auto until = std::chrono::steady_clock::now() + bound;
    for (Child& child : children) all.push_back(child.wait_until(until));
    return all;
  }
  /// What all have printed of the result.
  std::string sums() const {
    std::string found;
    for (const std::string& log : logs) {
      const std::string text = text_of(log);
      if (const std::size_t at = text.find("sum "); at != std::string::npos) found += text.substr(at);
    }
    return found;
  }
  std::string everything() const {
    std::string all;
    for (const std::string& log : logs) all += log + ":\n" + text_of(log);
    return all;
  }
};

std::string expected_sum(const std::vector<std::string>& more = {}) {
  test::TemporaryDirectory directory;
  const std::string log = directory / "log";
  std::vector<std::string> command{BSP_RECOVERY_PROCESS};
  command.insert(command.end(), more.begin(), more.end());
  Child child(command, log);
  REQUIRE(child.wait_until(std::chrono::steady_clock::now() + bound) == 0);
  const std::string text = text_of(log);
  return text.substr(text.find("sum "));
}

}  // namespace

TEST_CASE("whichever process is killed in whichever phase, the others end with the same bits") {
  const std::string expected = expected_sum();
  for (const std::string phase : {"compute", "sent", "checkpoint"})
    for (const int who : {0, 1, 2})
      for (const std::string step : {"0", "7"}) {
        if (step == "0" && phase == "checkpoint") continue;
        INFO("process " << who << " dies in step " << step << " at " << phase);
        Job job;
        job.start_all(3, who, {"die=" + step, "phase=" + phase});
        std::vector<int> statuses = job.statuses();
        INFO(job.everything());
        for (int process = 0; process < 3; ++process)
          CHECK(statuses[static_cast<std::size_t>(process)] == (process == who ? 128 + 9 : 0));
        CHECK(job.sums() == expected);
      }
}

TEST_CASE("two losses, one after the other, leave a process that ends alone with the same bits") {
  const std::string expected = expected_sum();
  Job job;
  job.start({"process=0", "processes=3"});
  job.start({"process=1", "processes=3", "die=30", "phase=compute"});
  job.start({"process=2", "processes=3", "die=11", "phase=sent"});
  const std::vector<int> statuses = job.statuses();
  INFO(job.everything());
  CHECK(statuses == std::vector<int>{0, 128 + 9, 128 + 9});
  CHECK(job.sums() == expected);
}

TEST_CASE("a process that comes is let in at a checkpoint, and the bits stay") {
  const std::string expected = expected_sum();
  Job job;
  // Peers wait in step 5 until the newcomer is there.
  job.start_all(2, -1, {}, {"stay=5", "until=3"});
  job.start({"newcomer=1", "stay=5", "until=3"});
  const std::vector<int> statuses = job.statuses();
  INFO(job.everything());
  CHECK(statuses == std::vector<int>{0, 0, 0});
  CHECK(text_of(job.logs[2]).find("begun ") != std::string::npos);
  CHECK(job.sums() == expected);
}

TEST_CASE("processes come and leave at checkpoints, the first one too, and the bits stay") {
  const std::string expected = expected_sum();
  Job job;
  job.start({"process=0", "processes=2", "stay=5", "until=4", "leave=30"});
  job.start({"process=1", "processes=2", "stay=5", "until=4", "leave=20"});
  for (int more = 0; more < 2; ++more) job.start({"newcomer=1", "stay=5", "until=4"});
  const std::vector<int> statuses = job.statuses();
  INFO(job.everything());
  CHECK(statuses == std::vector<int>{1, 1, 0, 0});
  for (const std::size_t left : {0, 1})
    CHECK(text_of(job.logs[left]).find("error bsp::tcp: this process has left the job") != std::string::npos);
  CHECK(job.sums() == expected);
  CHECK(std::filesystem::is_empty(job.directory / "checkpoints"));
}

TEST_CASE("a full disk in one process is the same error in all") {
  Job job;
  job.start_all(3, 1, {"limit=4096"});
  const std::vector<int> statuses = job.statuses();
  INFO(job.everything());
  CHECK(statuses == std::vector<int>{1, 1, 1});
  for (const std::string& log : job.logs) CHECK(text_of(log).find(": cannot write: ") != std::string::npos);
}

TEST_CASE("without recovery a loss is the same error in all that are left") {
  Job job;
  for (int process = 0; process < 3; ++process) {
    job.logs.push_back(job.directory / ("log" + std::to_string(process)));
    std::vector<std::string> command{BSP_RECOVERY_PROCESS, "coordinator=" + job.coordinator,
                                     "process=" + std::to_string(process), "processes=3"};
    if (process == 1) command.insert(command.end(), {"die=7", "phase=compute"});
    job.children.emplace_back(command, job.logs.back());
  }
  const std::vector<int> statuses = job.statuses();
  INFO(job.everything());
  CHECK(statuses == std::vector<int>{1, 128 + 9, 1});
  for (const std::size_t process : {0, 2})
    CHECK(text_of(job.logs[process]).find("error bsp: process 1 with peers 2 to 3 is lost: ") != std::string::npos);
}
