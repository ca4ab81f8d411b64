#include "scalar/core/runtime.hpp"

#include <sched.h>
#include <tbb/info.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include "core/fail.hpp"
#include "core/runtime_impl.hpp"

namespace scalar::inline v0 {
namespace {

int affinity_cores() {
  // A mask of more than 1024 processors needs a larger set: grow until the kernel accepts it.
  for (int size = 1024; size <= 1 << 20; size *= 2) {
    cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(size));
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(size));
    const int failed = sched_getaffinity(0, bytes, set);
    const int count = failed == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (failed == 0) return (std::max)(count, 1);
  }
  return (std::max)(static_cast<int>(std::thread::hardware_concurrency()), 1);
}

std::optional<double> read_number(const std::string& path) {
  std::ifstream file(path);
  double number = 0;
  return file >> number ? std::optional(number) : std::nullopt;
}

/// Cores that `cpu.max` ("max 100000" or "150000 100000") allows, or nothing.
std::optional<double> quota_v2(const std::string& directory) {
  std::ifstream file(directory + "/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(quota.data(), quota.data() + quota.size(), value);
  return error == std::errc{} && value > 0 ? std::optional(value / period) : std::nullopt;
}

std::optional<double> quota_v1(const std::string& directory) {
  const auto quota = read_number(directory + "/cpu.cfs_quota_us"),
             period = read_number(directory + "/cpu.cfs_period_us");
  return quota && period && *quota > 0 && *period > 0 ? std::optional(*quota / *period) : std::nullopt;
}

/// The smallest quota from the process's group up to the root of the hierarchy.
std::optional<double> cgroup_quota(const std::string& root) {
  std::ifstream groups(root + "proc/self/cgroup");
  std::optional<double> least;
  for (std::string line; std::getline(groups, line);) {
    std::istringstream fields(line);
    std::string id, controllers, path;
    std::getline(fields, id, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, path);
    const bool unified = controllers.empty();
    if (!unified && ("," + controllers + ",").find(",cpu,") == std::string::npos) continue;
    const std::string base = root + "sys/fs/cgroup" + (unified ? "" : "/" + controllers);
    for (;; path.resize(path.find_last_of('/'))) {
      if (path == "/") path.clear();
      const auto quota = unified ? quota_v2(base + path) : quota_v1(base + path);
      if (quota && (!least || *quota < *least)) least = quota;
      if (path.empty() || path.find_last_of('/') == std::string::npos) break;
    }
  }
  return least;
}

}  // namespace

int available_cores(std::string_view root) {
  const int cores = affinity_cores();
  const auto quota = cgroup_quota(std::string(root));
  return quota ? std::clamp(static_cast<int>(std::ceil(*quota)), 1, cores) : cores;
}

Runtime::Impl::Impl(const RuntimeOptions& options)
    : threads(options.threads > 0 ? options.threads : available_cores()),
      log(options.log),
      clock(options.clock ? options.clock : Clock::steady()),
      arena((std::min)(threads, tbb::info::default_concurrency())) {}

Runtime::Runtime(const RuntimeOptions& options) {
  if (options.threads < 0)
    fail(Errc::invalid_argument, "Runtime", "threads is {}, expected 0 or more", options.threads);
  impl_ = std::make_shared<Impl>(options);
}

Runtime::Runtime() {
  // The only process-wide state: a weak handle, so that the shared Runtime is destroyed with its last user.
  static std::mutex mutex;
  static std::weak_ptr<Impl> shared;
  const std::lock_guard lock(mutex);
  impl_ = shared.lock();
  if (!impl_) shared = impl_ = std::make_shared<Impl>(RuntimeOptions{});
}

int Runtime::threads() const noexcept { return impl_->threads; }
Clock& Runtime::clock() const noexcept { return *impl_->clock; }

void Runtime::log(LogLevel level, std::string_view room, std::string_view message) const {
  if (impl_->log) impl_->log(level, room, message);
}

void* Runtime::slot(std::type_index type, std::shared_ptr<void> (*make)()) const {
  const std::lock_guard lock(impl_->mutex);  // recursive: making a service may use another one
  if (const auto found = impl_->slots.find(type); found != impl_->slots.end()) return found->second.get();
  std::shared_ptr<void> service = make();
  return impl_->slots.emplace(type, std::move(service)).first->second.get();
}

}  // namespace scalar::inline v0
