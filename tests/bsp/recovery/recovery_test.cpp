// Processes that are really killed: the others go on from the last checkpoint and end with the same bits.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "bsp/conformance/children.hpp"
#include "support/catch.hpp"
#include "support/free_port.hpp"
#include "support/temporary_directory.hpp"

using conformance::Child;

namespace {

constexpr std::chrono::seconds bound{60};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// One job: its processes, what each prints, and its checkpoints.
struct Job {
  test::TemporaryDirectory directory{};
  std::string checkpoints = directory / "checkpoints";
  std::string coordinator = "127.0.0.1:" + std::to_string(test::free_port());
  std::vector<Child> children{};
  std::vector<std::string> logs{};

  void start(const std::vector<std::string>& more) {
    std::vector<std::string> command{BSP_RECOVERY_PROCESS, "coordinator=" + coordinator, "directory=" + checkpoints};
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
  /// In which step the peers of process `process` began, the last time.
  int begun(std::size_t process) const {
    const std::string text = text_of(logs[process]);
    const std::size_t at = text.rfind("begun ");
    return at == text.npos ? -1 : std::stoi(text.substr(at + 6));
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

namespace {

/// Nothing is left of a run but, after a recovery, its claims.
bool is_clean(const std::filesystem::path& checkpoints) {
  for (const auto& entry : std::filesystem::directory_iterator(checkpoints)) {
    const std::string name = entry.path().filename();
    const bool is_claim = name.starts_with("run.") && name.ends_with(".claim") && entry.file_size() == 0;
    if (!is_claim) return false;
  }
  return true;
}

/// A moment between a checkpoint's bytes and its place as the last common one.
struct DiskPhase {
  std::string name;
  std::vector<std::string> words;
  int least, most;  ///< in which step the last common checkpoint is, when a process of three dies at its seventh
};

const std::vector<DiskPhase>& disk_phases() {
  static const std::vector<DiskPhase> all{
      {"not yet safe", {"disk=dies_before", "call=fsync", "nth=7"}, 6, 6},
      {"not yet renamed", {"disk=dies_before", "call=rename", "nth=7"}, 6, 6},
      {"not yet renamed, but all others", {"disk=dies_before", "call=rename", "nth=7", "files=2"}, 6, 6},
      {"renamed", {"disk=dies_after", "call=rename", "nth=7"}, 6, 7},
      {"renamed everywhere", {"disk=dies_after", "call=rename", "nth=7", "files=3"}, 7, 7},
      {"the first one, not yet renamed", {"disk=dies_before", "call=rename", "nth=1"}, 0, 0}};
  return all;
}

}  // namespace

TEST_CASE("whichever process is killed while its checkpoint becomes a file, the others end with the same bits") {
  const std::string expected = expected_sum();
  for (const DiskPhase& phase : disk_phases())
    for (const int who : {0, 1}) {
      INFO("process " << who << " dies with its file " << phase.name);
      Job job;
      job.start_all(3, who, phase.words);
      const std::vector<int> statuses = job.statuses();
      INFO(job.everything());
      for (int process = 0; process < 3; ++process) {
        CHECK(statuses[static_cast<std::size_t>(process)] == (process == who ? 128 + 9 : 0));
        if (process == who) continue;
        CHECK(job.begun(static_cast<std::size_t>(process)) >= phase.least);
        CHECK(job.begun(static_cast<std::size_t>(process)) <= phase.most);
      }
      CHECK(job.sums() == expected);
      CHECK(is_clean(job.checkpoints));
    }
}

TEST_CASE("without recovery that is the same error in all, and a new job goes on from the last common checkpoint") {
  const std::string expected = expected_sum();
  for (const DiskPhase& phase : disk_phases()) {
    INFO("process 1 dies with its file " << phase.name);
    Job job;
    job.start_all(3, 1, phase.words, {"recover=0"});
    const std::vector<int> statuses = job.statuses();
    INFO(job.everything());
    CHECK(statuses == std::vector<int>{1, 128 + 9, 1});
    for (const std::size_t process : {0, 2})
      CHECK(text_of(job.logs[process]).find(": process 1 with peers 2 to 3 is lost: ") != std::string::npos);
    Job next{.checkpoints = job.checkpoints};
    next.start_all(2, -1, {}, {"recover=0"});  // of another number of processes, even
    CHECK(next.statuses() == std::vector<int>{0, 0});
    INFO(next.everything());
    for (const std::size_t process : {0, 1}) {
      CHECK(next.begun(process) >= phase.least);
      CHECK(next.begun(process) <= phase.most);
    }
    CHECK(next.sums() == expected);
    CHECK(std::filesystem::is_empty(job.checkpoints));
  }
}

TEST_CASE("when all processes are killed before a rename, a new job goes on from the checkpoint before") {
  const std::string expected = expected_sum();
  Job job;
  job.start_all(3, -1, {}, {"disk=dies_before", "call=rename", "nth=7", "recover=0"});
  for (const int status : job.statuses()) CHECK((status == 128 + 9 || status == 1));  // who dies first ends the others
  INFO(job.everything());
  Job next{.checkpoints = job.checkpoints};
  next.start_all(3, -1, {});
  CHECK(next.statuses() == std::vector<int>{0, 0, 0});
  INFO(next.everything());
  CHECK(next.begun(0) == 6);
  CHECK(next.sums() == expected);
  CHECK(std::filesystem::is_empty(job.checkpoints));
}

TEST_CASE("with state in shards, jobs of 2, 4 and 3 peers end with the bits of one peer") {
  const std::string expected = expected_sum({"shards=1", "peers=1"});
  // Those who died in step `died` may not have finished writing what they had then.
  const auto check_begun = [](const Job& job, int died) {
    const std::string text = text_of(job.logs[0]);
    CHECK((text.starts_with("begun " + std::to_string(died)) || text.starts_with("begun " + std::to_string(died - 1))));
  };
  for (const std::string recover : {"recover=0", "recover=1"}) {
    INFO(recover);
    const bool goes_on = recover == "recover=1";
    Job first;
    first.start_all(2, 1, {"die=10"}, {"shards=1", "peers=2", recover, goes_on ? "die=13" : "die=-1"});
    CHECK(first.statuses() == std::vector<int>{goes_on ? 128 + 9 : 1, 128 + 9});
    INFO(first.everything());

    Job second{.checkpoints = first.checkpoints};
    second.start_all(2, 0, {"die=20"}, {"shards=1", "peers=4", recover, goes_on ? "die=25" : "die=-1"});
    CHECK(second.statuses() == std::vector<int>{128 + 9, goes_on ? 128 + 9 : 1});
    INFO(second.everything());
    check_begun(second, goes_on ? 13 : 10);

    Job third{.checkpoints = first.checkpoints};
    third.start_all(3, goes_on ? 2 : -1, {"die=40"}, {"shards=1", "peers=3", recover});
    CHECK(third.statuses() == std::vector<int>{0, 0, goes_on ? 128 + 9 : 0});
    INFO(third.everything());
    check_begun(third, goes_on ? 25 : 20);
    CHECK(third.sums() == expected);
    CHECK(is_clean(first.checkpoints));
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
  CHECK(is_clean(job.checkpoints));
}

TEST_CASE("a full disk in one process is the same error in all") {
  Job job;
  job.start_all(3, 1, {"limit=4096"});
  const std::vector<int> statuses = job.statuses();
  INFO(job.everything());
  CHECK(statuses == std::vector<int>{1, 1, 1});
  for (const std::string& log : job.logs) CHECK(text_of(log).find(": cannot write: ") != std::string::npos);
}

TEST_CASE("a disk that is full only when a file is made safe is the same error in all, and leaves nothing half done") {
  const std::string expected = expected_sum();
  for (const auto& [call, text] : {std::pair("fsync", "cannot write the file to disk: No space left on device"),
                                   std::pair("rename", "cannot rename the file: No space left on device")})
    for (const std::string recover : {"recover=0", "recover=1"}) {
      INFO(call << ", " << recover);
      Job job;
      job.start_all(3, 1, {"disk=is_full", std::string("call=") + call, "nth=7"}, {recover});
      CHECK(job.statuses() == std::vector<int>{1, 1, 1});
      INFO(job.everything());
      for (const std::string& log : job.logs) CHECK(text_of(log).find(text) != std::string::npos);
      for (const auto& entry : std::filesystem::directory_iterator(job.checkpoints))
        CHECK(entry.path().extension() == ".checkpoint");
      Job next{.checkpoints = job.checkpoints};  // there is room again
      next.start_all(3, -1, {}, {recover});
      CHECK(next.statuses() == std::vector<int>{0, 0, 0});
      INFO(next.everything());
      CHECK(next.begun(0) == 6);
      CHECK(next.sums() == expected);
      CHECK(is_clean(job.checkpoints));
    }
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
  for (const std::size_t process : {0, 2}) {
    CHECK(text_of(job.logs[process]).find("error bsp superstep ") != std::string::npos);
    CHECK(text_of(job.logs[process]).find(": process 1 with peers 2 to 3 is lost: ") != std::string::npos);
  }
}
