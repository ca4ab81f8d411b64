// A process that learns everything that a backend can, and writes what it saw of itself to a file:
// `backend_conformance_process backend=<name> threads=<budget> report=<file>`. It says nothing else.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>

#include "backend/conformance/subjects.hpp"
#include "scalar/backend/prepare_process.hpp"
#include "support/process_words.hpp"

namespace {

namespace fs = std::filesystem;

int threads() {
  int count = 0;
  std::error_code ended;
  for (fs::directory_iterator at("/proc/self/task", ended), last; !ended && at != last; at.increment(ended)) ++count;
  return count;
}

int sockets() {
  int count = 0;
  std::error_code ended;
  for (fs::directory_iterator at("/proc/self/fd", ended), last; !ended && at != last; at.increment(ended))
    count += fs::read_symlink(at->path(), ended).string().starts_with("socket:") ? 1 : 0;
  return count;
}

/// Looks at the process all the time, on a thread that is counted, too.
class Watch {
 public:
  Watch() : thread_([this] { look(); }) {}
  ~Watch() {
    over_ = true;
    thread_.join();
  }
  int most_threads() const { return most_threads_; }
  int most_sockets() const { return most_sockets_; }

 private:
  void look() {
    while (!over_) {
      most_threads_ = std::max(most_threads_.load(), threads());
      most_sockets_ = std::max(most_sockets_.load(), sockets());
      ::usleep(500);
    }
  }
  std::atomic<bool> over_{false};
  std::atomic<int> most_threads_{0}, most_sockets_{0};
  std::thread thread_;
};

}  // namespace

int main(int argc, char** argv) {
  using namespace scalar;
  const test::Words words(argc, argv);
  backend::prepare_process();
  const auto backend = conformance::open(words.text("backend"));
  if (!backend) return 77;
  const Runtime runtime({.threads = words.number("threads", 1)});
  int fits = 0;
  Watch watch;
  conformance::each_spec([&](const auto& spec) {
    if (!backend->supports(spec)) return;
    (void)backend->fit(spec, Dataset(conformance::problem(spec, 5000, 10)), {}, runtime);
    ++fits;
  });
  std::ofstream(words.text("report")) << "fits " << fits << " threads " << watch.most_threads() << " sockets "
                                      << watch.most_sockets() + sockets() << '\n';
  return 0;
}
