#pragma once
/// The inside of Runtime: its TBB arena and its slots.
#include <tbb/task_arena.h>

#include <map>
#include <mutex>

#include "scalar/core/runtime.hpp"

namespace scalar::inline v0 {

struct Runtime::Impl {
  explicit Impl(const RuntimeOptions& options);

  int threads;
  LogSink log;
  std::shared_ptr<Clock> clock;
  // As wide as the budget, the entering thread included, but not wider than TBB's default concurrency: TBB would warn
  // on stderr.
  tbb::task_arena arena;
  std::recursive_mutex mutex;
  std::map<std::type_index, std::shared_ptr<void>> slots;
};

}  // namespace scalar::inline v0
