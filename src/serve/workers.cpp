#include "serve/workers.hpp"

#include <utility>

namespace scalar::inline v0::serve {

bool Workers::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (is_stopped_ || queue_.size() >= api_.options().limits.queued_requests) return false;
    if (threads_.empty())
      for (int i = 0; i < count_; ++i) threads_.emplace_back([this] { run(); });
    queue_.push_back(std::move(job));
    api_.metrics().queued.fetch_add(1, std::memory_order_relaxed);
  }
  changed_.notify_one();
  return true;
}

void Workers::run() {
  Scratch scratch(api_.repository(), api_.memory());
  scratch.models.forget();
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return is_stopped_ || !queue_.empty(); });
    if (is_stopped_) return;
    Job job = std::move(queue_.front());
    queue_.pop_front();
    api_.metrics().queued.fetch_sub(1, std::memory_order_relaxed);
    lock.unlock();
    try {
      job(scratch);
    } catch (const std::exception& error) {  // out of memory: the request is gone, the worker goes on
      api_.log(LogLevel::error, error.what());
    }
    job = nullptr;
    scratch.models.forget();  // an idle worker must not keep models that were removed
    lock.lock();
  }
}

void Workers::stop() {
  std::deque<Job> dropped;
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    dropped.swap(queue_);
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace scalar::inline v0::serve
