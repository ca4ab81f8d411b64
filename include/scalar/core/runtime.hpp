#pragma once
/// What the library's objects share: the thread budget, the log sink, the clock, and one slot per type for services.
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <typeindex>

#include "scalar/core/clock.hpp"
#include "scalar/core/log.hpp"

namespace scalar::inline v0 {

struct RuntimeOptions {
  int threads = 0;                 ///< 0: the cores that the affinity mask and the cgroup quota leave to this process
  LogSink log{};                   ///< empty: messages are dropped
  std::shared_ptr<Clock> clock{};  ///< empty: the steady clock
};

/// A shared handle to the resources the host gives to the library.
///
/// A default-constructed Runtime is a handle to one that the whole process shares: it is created by its first user and
/// destroyed with its last. Copies share their resources. Two Runtimes in one process are independent. Thread safety:
/// all members may be called from any thread.
class Runtime {
 public:
  Runtime();
  /// Errors: `Errc::invalid_argument` for a negative number of threads.
  explicit Runtime(const RuntimeOptions& options);

  /// The thread budget, at least 1.
  int threads() const noexcept;
  Clock& clock() const noexcept;
  void log(LogLevel level, std::string_view room, std::string_view message) const;

  /// This Runtime's service of type `Service`, made by its default constructor on first use.
  template <class Service>
  Service& slot() const {
    return *static_cast<Service*>(
        slot(typeid(Service), [] { return std::shared_ptr<void>(std::make_shared<Service>()); }));
  }

  friend bool operator==(const Runtime&, const Runtime&) = default;

  struct Impl;  ///< internal
  Impl& impl() const noexcept { return *impl_; }

 private:
  void* slot(std::type_index type, std::shared_ptr<void> (*make)()) const;
  std::shared_ptr<Impl> impl_;
};

/// The number of cores that this process may use: the smaller of the affinity mask and the cgroup CPU quota (v1 or v2,
/// rounded up), at least 1. `root` replaces the file system's root in tests.
int available_cores(std::string_view root = "/");

}  // namespace scalar::inline v0
