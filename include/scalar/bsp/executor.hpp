#pragma once
/// Executor: how an engine borrows threads from its host.
#include <memory>

namespace scalar::inline v0::bsp {

namespace detail {
struct Door;
class HostCrew;
}  // namespace detail

/// A task that an engine gives to its host: it helps to run peers for a while.
///
/// Call it once, on any thread. It returns when there is nothing left to do, and at once if its run has ended. Copies
/// share their state. A helper that is never called costs parallelism, nothing else.
class Helper {
 public:
  void operator()() const noexcept;

 private:
  friend class detail::HostCrew;
  explicit Helper(std::shared_ptr<detail::Door> door) noexcept;
  std::shared_ptr<detail::Door> door_;
};

/// The host's threads. The thread that calls `Engine::run` always works too, so a run ends even if no helper starts.
class Executor {
 public:
  virtual ~Executor() = default;
  /// Hands `helper` to one of the host's threads and returns. Called from any thread of a run, possibly several at
  /// once. An exception means that no thread is free now.
  virtual void post(Helper helper) = 0;
};

}  // namespace scalar::inline v0::bsp
