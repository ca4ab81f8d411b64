#pragma once
/// What every peer's `sync` throws once one of them has failed.
#include <cstdint>
#include <string>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp {

/// Another peer failed (or this one, in a collective): the run is over, code `Errc::aborted`.
///
/// It is a consequence: `Engine::run` throws the original error. A body may catch it to clean up, but cannot go on: at
/// its next barrier a peer that has caught it is not run again.
class Aborted : public Error {
 public:
  Aborted(int rank, std::uint64_t superstep, const std::string& reason)
      : Error(Errc::aborted,
              "peer " + std::to_string(rank) + " failed in superstep " + std::to_string(superstep) + ": " + reason,
              "bsp"),
        rank_(rank),
        superstep_(superstep) {}

  /// The peer that failed.
  int rank() const noexcept { return rank_; }
  /// The superstep in which it failed.
  std::uint64_t superstep() const noexcept { return superstep_; }

 private:
  int rank_;
  std::uint64_t superstep_;
};

}  // namespace scalar::inline v0::bsp
