#pragma once
/// How vectors cross processes in a collective, and the predicted cost.
#include <cstdint>

#include "scalar/bsp/cost/machine.hpp"

namespace scalar::inline v0::bsp {

/// How `all_reduce`, `reduce` and `broadcast` of vectors cross processes. The bits of the results are always the same.
enum class Algorithm : std::uint8_t {
  automatic,  ///< whichever is predicted to cost less
  one_phase,  ///< everything goes at once to every process that needs it: one superstep fewer
  two_phase,  ///< each chunk goes to the peer that owns it, which sends on the result: fewer bytes
};

/// An algorithm and its predicted time.
struct Choice {
  Algorithm algorithm = Algorithm::one_phase;
  Nanoseconds time{};
};

/// Roughly a loopback or local network. Used where no machine is given.
const Machine& typical_machine();

/// The predicted time of a vector collective of `bytes` over `processes` processes: the sum of `g(h) + l` over its
/// supersteps, without the work of folding. `machine` is what `probe` measures with one peer per process; a machine
/// without gaps stands for `typical_machine()`. Each process sends `parts` vectors, the folds of its peers: 1 in a
/// broadcast, and in a fold when the peers of each process are a branch of the tree over ranks.
///
/// One phase takes three supersteps, in one of which `h` is `(processes - 1) * parts * bytes`. Two phases take four, in
/// two of which `h` is `parts` times and 1 times `bytes * (processes - 1) / processes`. `Algorithm::automatic` takes
/// the lesser time. Source: Bisseling, "Parallel Scientific Computation", sections 1.2 (cost) and 2.4 (two-phase
/// broadcasting).
Nanoseconds predict_collective(const Machine& machine, Algorithm algorithm, int processes, std::uint64_t bytes,
                               int parts = 1);
/// The algorithm with the lesser predicted time; if the times are equal, the one with fewer supersteps.
Choice choose_collective(const Machine& machine, int processes, std::uint64_t bytes, int parts = 1);

namespace detail {
/// Errors: `Errc::invalid_argument` for times that are negative or not finite, and for sizes that do not ascend.
void check_machine(const Machine& machine);
}  // namespace detail

}  // namespace scalar::inline v0::bsp
