#include "serve/workers.hpp"

#include <algorithm>
#include <utility>

namespace scalar::inline v0::serve {

bool Workers::submit(const void* owner, Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (is_stopped_ || queue_.size() >= api_.options().limits.queued_requests) return false;
    if (threads_.empty())
      for (int i = 0; i < count_; ++i) threads_.emplace_back([this] { run(); });
    queue_.push_back({owner, std::move(job)});
    api_.metrics().queued.fetch_add(1, std::memory_order_relaxed);
  }
  changed_.notify_one();
  return true;
}

bool Workers::withdraw(const void* owner) {
  Job dropped;  // destroyed after the lock is released
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(queue_.begin(), queue_.end(), [&](const Waiting& one) { return one.owner == owner; });
  if (found == queue_.end()) return false;
  dropped = std::move(found->job);
  queue_.erase(found);
  api_.metrics().queued.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

void Workers::run() {
  Scratch scratch(api_.repository(), api_.memory());
  scratch.models.forget();
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return is_stopped_ || !queue_.empty(); });
    if (is_stopped_) return;
    Job job = std::move(queue_.front().job);
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
  std::deque<Waiting> dropped;
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
