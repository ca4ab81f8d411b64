// What a backend does to the process that it is in.
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "backend/conformance/subjects.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
namespace fs = std::filesystem;

namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string cache() {
  const char* chosen = std::getenv("SCALAR_CACHE");
  if (chosen != nullptr) return chosen;
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "") + "/.cache/scalar";
}

/// Whether processes can be put where there is no network.
bool can_isolate() { return std::system("unshare --user --map-root-user --net true >/dev/null 2>&1") == 0; }

}  // namespace

TEST_CASE("a backend keeps to its threads, says nothing, writes no files, and needs no network") {
  const std::string isolate = can_isolate() ? "unshare --user --map-root-user --net " : "";
  if (isolate.empty()) WARN("these processes had a network: unshare is not allowed here");
  for (const std::string& name : backend::available()) {
    if (!conformance::open(name)) {
      WARN("skipped: " << name << "'s library is not on this machine");
      continue;
    }
    for (const int budget : {1, 2}) {
      const test::TemporaryDirectory place;
      for (const char* folder : {"home", "work", "temporary"}) fs::create_directory(place / folder);
      const std::string command = "cd " + place / "work" + " && HOME=" + (place / "home") +
                                  " TMPDIR=" + (place / "temporary") + " SCALAR_CACHE=" + cache() + " " + isolate +
                                  SCALAR_CONFORMANCE_PROCESS + " backend=" + name +
                                  " threads=" + std::to_string(budget) + " report=" + (place / "report") + " >" +
                                  (place / "out") + " 2>" + (place / "err");
      const int status = std::system(command.c_str());
      INFO(name << ", " << budget << " threads: " << contents(place / "report"));
      CHECK(WIFEXITED(status));
      REQUIRE(WEXITSTATUS(status) == 0);
      CHECK(contents(place / "out") == "");
      CHECK(contents(place / "err") == "");
      for (const char* folder : {"home", "work", "temporary"}) CHECK(fs::is_empty(place / folder));
      std::ifstream report(place / "report");
      std::string word;
      int fits = 0, threads = 0, sockets = -1;
      report >> word >> fits >> word >> threads >> word >> sockets;
      CHECK(fits > 0);
      // The main thread, the one that counts, and the helpers of Scalar and of the framework, of which one pool works
      // at a time.
      CHECK(threads <= 2 + 2 * (budget - 1));
      CHECK(sockets == 0);
    }
  }
}
