#pragma once
/// Brings what ONNX Runtime says to the log sink of the Runtime that it says it about.
#include <cstdint>
#include <string>

#include "scalar/core/runtime.hpp"

namespace scalar::inline v0::backend::onnxruntime {

/// While it lives, messages with its `id()` go to a Runtime's log. ONNX Runtime has one log function for the process,
/// which gets the id of the session that a message is about. Thread safety: const members may be called from any
/// thread.
class LogRoute {
 public:
  explicit LogRoute(const Runtime& runtime);
  LogRoute(const LogRoute&) = delete;
  LogRoute& operator=(const LogRoute&) = delete;
  ~LogRoute();

  const std::string& id() const noexcept { return id_; }

 private:
  std::string id_;
};

/// What ONNX Runtime calls (a LogFunction). Messages whose id no route has are dropped.
void log_message(void*, int severity, const char* category, const char* id, const char* location, const char* message);

}  // namespace scalar::inline v0::backend::onnxruntime
