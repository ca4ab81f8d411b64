#include "scalar/flow/detail/plan.hpp"

#include <fmt/core.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <map>
#include <mutex>

#include "core/fail.hpp"
#include "core/runtime_impl.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::flow::detail {

Plan::Plan(std::string name, std::vector<Node> nodes)
    : name_(std::move(name)), nodes_(std::move(nodes)), followers_(nodes_.size()), waits_(nodes_.size()) {
  struct Uses {
    std::size_t writer = 0;  // its index + 1
    std::vector<std::size_t> readers{};
  };
  std::map<std::uint64_t, Uses> members;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    std::vector<std::size_t> before;
    for (const std::uint64_t member : nodes_[i].reads)
      if (const Uses& uses = members[member]; uses.writer > 0) before.push_back(uses.writer - 1);
    for (const std::uint64_t member : nodes_[i].writes) {
      const Uses& uses = members[member];
      before.insert(before.end(), uses.readers.begin(), uses.readers.end());
      if (uses.readers.empty() && uses.writer > 0) before.push_back(uses.writer - 1);
    }
    for (const std::uint64_t member : nodes_[i].reads) members[member].readers.push_back(i);
    for (const std::uint64_t member : nodes_[i].writes) members[member] = {i + 1, {}};
    std::sort(before.begin(), before.end());
    before.erase(std::unique(before.begin(), before.end()), before.end());
    for (const std::size_t earlier : before) followers_[earlier].push_back(i);
    waits_[i] = before.size();
  }
}

/// One run of a plan.
class Plan::Run {
 public:
  Run(const Plan& graph, void* state, const FlowRunOptions& options, const Runtime& runtime)
      : plan_(graph), state_(state), options_(options), runtime_(runtime), first_failed_(graph.nodes_.size()) {}

  void in_order() {
    for (std::size_t i = 0; i < plan_.nodes_.size() && may_start(i); ++i) perform(i);
    throw_what_went_wrong();
  }

  void in_parallel() {
    missing_ = std::vector<std::atomic<std::size_t>>(plan_.nodes_.size());
    for (std::size_t i = 0; i < missing_.size(); ++i) missing_[i].store(plan_.waits_[i], std::memory_order_relaxed);
    // `execute` gives the steps a context of their own, so they run even if run() is called from a parallel loop that
    // has failed.
    runtime_.impl().arena.execute([&] {
      for (std::size_t i = 0; i < missing_.size(); ++i)
        if (plan_.waits_[i] == 0) group_.run([this, i] { chain(i); });
      group_.wait();
    });
    throw_what_went_wrong();
  }

 private:
  /// Runs a node, and then one of the followers that waited only for it; other such followers go to other threads.
  void chain(std::size_t i) {
    for (std::size_t next = i; next != none; i = next) {
      // The followers of a node that did not run come after it in the order written, and may not start either.
      if (!may_start(i)) return;
      // Isolated: while a step waits for a parallel loop of its own, its thread must not start another step.
      tbb::this_task_arena::isolate([&] { perform(i); });
      next = none;
      for (const std::size_t follower : plan_.followers_[i]) {
        if (missing_[follower].fetch_sub(1, std::memory_order_acq_rel) != 1) continue;
        if (next != none) group_.run([this, next] { chain(next); });
        next = follower;
      }
    }
  }

  bool may_start(std::size_t i) {
    if (options_.stop.stop_requested()) {
      lower(first_stopped_, i);
      return false;
    }
    return i < first_failed_.load();
  }

  void perform(std::size_t i) noexcept {
    const std::string_view name = plan_.nodes_[i].name;
    const TimePoint begin = runtime_.clock().now();
    const auto tell = [&](StepEvent event, std::int64_t done = 0, std::int64_t total = 0) {
      if (!options_.progress) return;
      const std::chrono::duration<double> taken =
          event == StepEvent::started ? Duration{} : runtime_.clock().now() - begin;
      const std::lock_guard lock(mutex_);
      options_.progress({name, event, taken, done, total});
    };
    const auto advance = [&](std::int64_t done, std::int64_t total) { tell(StepEvent::advanced, done, total); };
    try {
      tell(StepEvent::started);
      plan_.nodes_[i].call(state_, StepContext(name, runtime_, options_.stop, advance));
      tell(StepEvent::finished);
    } catch (...) {
      {
        const std::lock_guard lock(mutex_);
        if (i < first_failed_.load()) {
          first_failed_ = i;
          error_ = std::current_exception();
        }
      }
      try {
        tell(StepEvent::failed);
      } catch (...) {  // the step's own error is the one to report
      }
    }
  }

  static void lower(std::atomic<std::size_t>& least, std::size_t value) {
    std::size_t seen = least.load();
    while (value < seen && !least.compare_exchange_weak(seen, value)) {
    }
  }

  void throw_what_went_wrong() const {
    const auto place = [&](std::size_t i) {
      return fmt::format("flow {}, step {}", plan_.name_, plan_.nodes_[i].name);
    };
    if (error_) {
      const std::string context = place(first_failed_);
      try {
        std::rethrow_exception(error_);
      } catch (const Error& error) {
        std::throw_with_nested(error.within(context));
      } catch (const std::exception& error) {
        std::throw_with_nested(Error(Errc::failed, error.what(), context));
      } catch (...) {
        std::throw_with_nested(Error(Errc::failed, "threw something that is no std::exception", context));
      }
    }
    if (first_stopped_ != none)
      fail(Errc::canceled, place(first_stopped_), "stop was requested before this step started");
    if (options_.stop.stop_requested())
      fail(Errc::canceled, fmt::format("flow {}", plan_.name_), "stop was requested while the last steps ran");
  }

  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  const Plan& plan_;
  void* state_;
  const FlowRunOptions& options_;
  const Runtime& runtime_;
  std::mutex mutex_;                       // guards error_ and calls to progress
  std::atomic<std::size_t> first_failed_;  // nodes before it may still start
  std::atomic<std::size_t> first_stopped_{none};
  std::exception_ptr error_;                       // of first_failed_
  std::vector<std::atomic<std::size_t>> missing_;  // of each node: how many nodes it still waits for
  tbb::task_group group_;
};

void Plan::run(void* state, const FlowRunOptions& options, const Runtime& runtime) const {
  Run run(*this, state, options, runtime);
  if (runtime.threads() == 1 || nodes_.size() < 2)
    run.in_order();
  else
    run.in_parallel();
}

}  // namespace scalar::inline v0::flow::detail
