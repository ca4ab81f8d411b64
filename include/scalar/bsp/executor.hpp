#pragma once
/// Executor: how an engine borrows threads from its host.
#include <memory>

namespace scalar::inline v0::bsp {

namespace detail {
struct Door;
class HostCrew;
}  // namespace detail

/// A piece of work that an engine asks its host to do: to help running peers for a while.
///
/// Call it once, on any thread. It returns when there is nothing to do; called after its run has ended it returns at
/// once. Copies share. One that is never called costs parallelism, nothing else.
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
  /// once. What it throws means that no thread is free now.
  virtual void post(Helper helper) = 0;
};

}  // namespace scalar::inline v0::bsp
