#pragma once
/// Aborted: what every peer's `sync` throws after one peer has failed.
#include <cstdint>
#include <string>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp {

/// Another peer failed (or this one, in a collective): the run is over, code `Errc::aborted`.
///
/// `Aborted` is a consequence: `Engine::run` throws the original error. A body may catch `Aborted` to clean up, but
/// cannot go on: a peer that has caught it is not resumed from its next barrier.
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
