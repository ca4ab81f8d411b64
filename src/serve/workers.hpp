#pragma once
/// Threads for long predictions, behind a bounded queue.
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "serve/api.hpp"

namespace scalar::inline v0::serve {

class Workers {
 public:
  using Job = std::function<void(Scratch&)>;

  Workers(Api& api, int threads) : api_(api), count_(threads) {}
  ~Workers() { stop(); }

  /// Queues a job. Returns false when the queue is full, or after `stop`. The threads start with the first job. An
  /// owner may have one job at a time.
  bool submit(const void* owner, Job job);
  /// Removes the owner's job from the queue and destroys it. Returns false when it is not in the queue: a worker has
  /// begun it.
  bool withdraw(const void* owner);
  /// Drops the jobs that wait, and returns when those that run are done.
  void stop();

 private:
  struct Waiting {
    const void* owner;
    Job job;
  };
  void run();

  Api& api_;
  int count_;
  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::deque<Waiting> queue_{};
  std::vector<std::thread> threads_{};
  bool is_stopped_ = false;
};

}  // namespace scalar::inline v0::serve
