#include "backend/onnxruntime/log.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>

namespace scalar::inline v0::backend::onnxruntime {
namespace {

struct Routes {
  std::mutex mutex{};
  std::map<std::string, Runtime, std::less<>> by_id{};
};

/// Never destroyed: ONNX Runtime's threads may log while the process ends.
Routes& routes() {
  static Routes& all = *new Routes;
  return all;
}

std::optional<Runtime> find(std::string_view id) {
  Routes& all = routes();
  const std::lock_guard lock(all.mutex);
  // A run's messages have the session's id and something behind it.
  const auto route = all.by_id.find(id.substr(0, id.find_first_not_of("0123456789")));
  return route == all.by_id.end() ? std::nullopt : std::optional(route->second);
}

LogLevel level(int severity) {
  constexpr LogLevel levels[] = {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::error};
  return severity >= 0 && severity < 5 ? levels[severity] : LogLevel::error;
}

}  // namespace

LogRoute::LogRoute(const Runtime& runtime) {
  static std::atomic<std::uint64_t> routes_made{0};
  id_ = std::to_string(routes_made++);
  Routes& all = routes();
  const std::lock_guard lock(all.mutex);
  all.by_id.emplace(id_, runtime);
}

LogRoute::~LogRoute() {
  Routes& all = routes();
  const std::lock_guard lock(all.mutex);
  all.by_id.erase(id_);
}

void log_message(void*, int severity, const char*, const char* id, const char*, const char* message) {
  if (id == nullptr || message == nullptr) return;
  if (const std::optional<Runtime> runtime = find(id); runtime) runtime->log(level(severity), "onnxruntime", message);
}

}  // namespace scalar::inline v0::backend::onnxruntime
