#pragma once
/// Where the tests run their engines: on a host's std::threads, and on TBB where its tasks can be checked.
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "scalar/bsp/engine.hpp"

namespace bsp_test {

// Debian's TBB is not instrumented, so the thread sanitizer reports races in it that are none.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool with_tbb = false;
#else
inline constexpr bool with_tbb = true;
#endif

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

/// A host with threads of its own. Posting allocates nothing.
class HostThreads final : public scalar::bsp::Executor {
 public:
  explicit HostThreads(int count) {
    waiting_.reserve(1024);
    for (int i = 0; i < count; ++i) threads_.emplace_back([this] { serve(); });
  }
  ~HostThreads() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    posted_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  void post(scalar::bsp::Helper helper) override {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(helper));
    }
    posted_.notify_one();
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      posted_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const scalar::bsp::Helper helper = std::move(waiting_.back());
      waiting_.pop_back();
      lock.unlock();
      helper();
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable posted_;
  std::vector<scalar::bsp::Helper> waiting_;
  std::vector<std::thread> threads_;
  bool closing_ = false;
};

/// Four host threads that the tests share.
inline HostThreads& host_threads() {
  static HostThreads threads(4);
  return threads;
}

struct Place {
  std::string name;
  scalar::bsp::EngineOptions options;
};

/// Every way to run `peers` peers: 1, 2 and 4 workers, spinning or not, on threads and (without the thread sanitizer)
/// TBB.
inline std::vector<Place> places(int peers) {
  using std::chrono::microseconds;
  std::vector<Place> all{{"the caller alone", {.peers = peers, .workers = 1}}};
  for (const int workers : {2, 4})
    for (const int spin : {0, 20}) {
      const std::string how = std::to_string(workers) + " workers, spin " + std::to_string(spin);
      all.push_back({"threads, " + how,
                     {.peers = peers, .workers = workers, .executor = &host_threads(), .spin = microseconds(spin)}});
      if (with_tbb)
        all.push_back(
            {"tbb, " + how, {.peers = peers, .workers = workers, .executor = nullptr, .spin = microseconds(spin)}});
    }
  return all;
}

/// One engine for tests that do not look at scheduling: 2 workers.
inline scalar::bsp::Engine engine_of(int peers) {
  return scalar::bsp::Engine({.peers = peers, .workers = 2, .executor = &host_threads()});
}

}  // namespace bsp_test
