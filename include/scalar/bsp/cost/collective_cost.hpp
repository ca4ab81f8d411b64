#pragma once
/// How vectors cross processes in a collective, and what that is predicted to cost.
#include <cstdint>

#include "scalar/bsp/cost/machine.hpp"

namespace scalar::inline v0::bsp {

/// How `Peer::all_reduce`, `reduce` and `broadcast` of vectors cross processes. Results have the same bits with each.
enum class Algorithm : std::uint8_t {
  automatic,  ///< whichever is predicted to cost less
  one_phase,  ///< everything goes at once to every process that wants it: one superstep fewer
  two_phase,  ///< each chunk goes to the peer that owns it, which sends on what becomes of it: fewer bytes
};

/// An algorithm and the time that it is predicted to take.
struct Choice {
  Algorithm algorithm = Algorithm::one_phase;
  Nanoseconds time{};
};

/// Loopback and local networks, roughly: what is assumed where no machine is given.
const Machine& typical_machine();

/// What a vector collective of `bytes` over so many processes is predicted to take: the sum of `g(h) +
/// l` over its supersteps, without the work of folding. `machine` is what `probe` measures with one peer a process; one
/// without gaps stands for the typical one. Of each process travel `parts` vectors, the folds of its peers: 1 in a
/// broadcast, and in a fold when the peers of each process are a branch of the tree over ranks.
///
/// One phase takes three supersteps, in one of which `h` is `(processes - 1) * parts * bytes`. Two phases take four, in
/// two of which it is `parts` and 1 times `bytes * (processes - 1) / processes`. `Algorithm::automatic` takes the
/// lesser time. Source: Bisseling, "Parallel Scientific Computation", sections 1.2 (cost) and 2.4 (two-phase
/// broadcasting).
Nanoseconds predict_collective(const Machine& machine, Algorithm algorithm, int processes, std::uint64_t bytes,
                               int parts = 1);
/// The algorithm that is predicted to take less; the one of fewer supersteps when they are even.
Choice choose_collective(const Machine& machine, int processes, std::uint64_t bytes, int parts = 1);

namespace detail {
/// Errors: `Errc::invalid_argument` for times that are negative or no numbers, and for sizes that do not ascend.
void check_machine(const Machine& machine);
}  // namespace detail

}  // namespace scalar::inline v0::bsp
