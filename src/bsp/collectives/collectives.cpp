#include "scalar/bsp/collectives/span_collectives.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/fail.hpp"
#include "scalar/bsp/engine_options.hpp"

namespace scalar::inline v0::bsp::detail {

void check_received(int source, std::size_t expected, std::size_t got, int rank) {
  if (got == expected) return;
  fail(Errc::parse, fmt::format("bsp peer {}", rank), "peer {} sent {} elements, expected {}", source, got, expected);
}

void throw_unlike_roots(std::string_view collective, int expected, int rank, int root) {
  fail(Errc::invalid_argument, "bsp", "{}: root is {} for peer 0, but {} for peer {}", collective, expected, root,
       rank);
}

void throw_unlike_sizes(std::string_view collective, std::size_t expected, int rank, std::size_t size) {
  fail(Errc::shape_mismatch, "bsp", "{}: peer 0 gives {} elements, but peer {} gives {}", collective, expected, rank,
       size);
}

Algorithm algorithm_for(World& world, std::size_t bytes, bool folds) {
  const EngineOptions& options = world.options();
  if (options.collectives != Algorithm::automatic) return options.collectives;
  const Placement& placement = world.placement();
  int processes = 0;  // a team may have no peers in some processes
  for (int process = 0; process < placement.processes(); ++process) processes += placement.count(process) != 0;
  return choose_collective(options.machine, processes, bytes, folds ? most_nodes(placement) : 1).algorithm;
}

}  // namespace scalar::inline v0::bsp::detail
