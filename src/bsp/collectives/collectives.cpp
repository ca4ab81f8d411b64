#include "scalar/bsp/collectives/span_collectives.hpp"

#include <algorithm>
#include <string>

#include "scalar/bsp/engine_options.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {

void check_received(int source, std::size_t expected, std::size_t got, int rank) {
  if (got == expected) return;
  throw Error(Errc::parse,
              "peer " + std::to_string(source) + " sent " + std::to_string(got) + " elements, expected " +
                  std::to_string(expected),
              "bsp peer " + std::to_string(rank));
}

void throw_unlike_roots(std::string_view collective, int expected, int rank, int root) {
  throw Error(Errc::invalid_argument,
              std::string(collective) + ": root is " + std::to_string(expected) + " for peer 0, but " +
                  std::to_string(root) + " for peer " + std::to_string(rank),
              "bsp");
}

void throw_unlike_sizes(std::string_view collective, std::size_t expected, int rank, std::size_t size) {
  throw Error(Errc::shape_mismatch,
              std::string(collective) + ": peer 0 gives " + std::to_string(expected) + " elements, but peer " +
                  std::to_string(rank) + " gives " + std::to_string(size),
              "bsp");
}

Algorithm algorithm_for(World& world, std::size_t bytes, bool folds) {
  const EngineOptions& options = world.options();
  if (options.collectives != Algorithm::automatic) return options.collectives;
  const Placement& placement = world.placement();
  int processes = 0;  // a part of the peers may have none in some
  for (int process = 0; process < placement.processes(); ++process) processes += placement.count(process) != 0;
  return choose_collective(options.machine, processes, bytes, folds ? most_nodes(placement) : 1).algorithm;
}

}  // namespace scalar::inline v0::bsp::detail
