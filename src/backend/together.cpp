#include "scalar/backend/together.hpp"

#include <atomic>

#include "scalar/bsp/engine.hpp"

namespace scalar::inline v0::backend {

void throw_together(const FitOptions& options, const Runtime& runtime, const std::exception_ptr& error) {
  if (options.transport == nullptr || options.peers < 1) return;
  std::atomic<bool> has_met = false;
  try {
    bsp::Engine({.peers = options.peers, .transport = options.transport}, runtime).run([&](bsp::Peer&) -> bsp::Task<> {
      has_met = true;
      std::rethrow_exception(error);
      co_return;
    });
  } catch (...) {
    if (has_met) throw;
  }
}

}  // namespace scalar::inline v0::backend
