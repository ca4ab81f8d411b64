#pragma once
/// ProcessLost: what `run` throws when a process of a distributed engine is lost.
#include <cstdint>
#include <string>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp {

/// A process that ran some of the peers has ended, or was abandoned because it was silent. The code is
/// `Errc::unavailable`.
///
/// `Engine::run` throws it in every process that is left. The peers there get `Aborted`, whose rank is the first rank
/// of the lost process.
class ProcessLost : public Error {
 public:
  /// The process hosted the peers `[first, first + count)`; its loss was noticed in `superstep`.
  ProcessLost(int process, int first, int count, std::uint64_t superstep, const std::string& reason)
      : Error(Errc::unavailable,
              "process " + std::to_string(process) + " with peers " + std::to_string(first) + " to " +
                  std::to_string(first + count - 1) + " is lost: " + reason,
              "bsp superstep " + std::to_string(superstep)),
        process_(process) {}

  /// As another process reports it.
  ProcessLost(int process, const Error& told) : Error(told), process_(process) {}

  int process() const noexcept { return process_; }

 private:
  int process_;
};

}  // namespace scalar::inline v0::bsp
