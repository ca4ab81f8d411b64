#pragma once
/// Threads for predictions that take long, behind a bounded queue.
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

  /// False when the queue is full. The threads start with the first job. An owner has one job at a time.
  bool submit(const void* owner, Job job);
  /// Drops the owner's job, and what it holds. False when it has begun.
  bool withdraw(const void* owner);
  /// Drops what waits and returns when what runs is done.
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
