#include "scalar/bsp/collectives/span_collectives.hpp"

#include <algorithm>
#include <string>

#include "scalar/bsp/engine_options.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp {

void Peer::throw_bad_rank(int rank, std::string_view where) const {
  throw Error(
      Errc::out_of_range,
      std::string(where) + ": rank is " + std::to_string(rank) + ", expected 0 to " + std::to_string(size() - 1),
      "bsp peer " + std::to_string(rank_));
}

namespace detail {

void throw_bad_segment(const Segment& segment, std::size_t message_bytes) {
  throw Error(Errc::parse,
              "peer " + std::to_string(segment.source) + " sent " + std::to_string(segment.bytes.size()) +
                  " bytes for " + std::to_string(segment.count) + " messages" +
                  (message_bytes != 0 ? " of " + std::to_string(message_bytes) + " bytes" : std::string()),
              "bsp peer " + std::to_string(segment.destination));
}

void throw_no_room_for_messages(std::uint64_t bytes, int source, int destination) {
  throw Error(
      Errc::resource_exhausted,
      "there is no memory for " + std::to_string(bytes) + " bytes of messages to peer " + std::to_string(destination),
      "bsp peer " + std::to_string(source));
}

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

Chunk chunk_of(std::size_t count, std::size_t element_bytes, int index, int pieces) noexcept {
  const std::size_t line = (std::max)(std::size_t{1}, 64 / element_bytes);
  const std::size_t lines = (count + line - 1) / line;
  const auto bound = [&](int chunk) {
    const auto part = static_cast<std::size_t>(chunk), parts = static_cast<std::size_t>(pieces);
    return (std::min)(count, (lines / parts * part + lines % parts * part / parts) * line);
  };
  return {bound(index), bound(index + 1)};
}

int most_nodes(const Hosts& hosts) noexcept {
  int most = 0;
  for (int process = 0; process < hosts.processes(); ++process) {
    int nodes = 0;
    each_node_within({0, hosts.size()}, hosts.first(process), hosts.count(process), [&](TreeNode) { ++nodes; });
    most = (std::max)(most, nodes);
  }
  return most;
}

Algorithm algorithm_for(World& world, std::size_t bytes, bool folds) {
  const EngineOptions& options = world.options();
  if (options.collectives != Algorithm::automatic) return options.collectives;
  const Hosts& hosts = world.hosts();
  int processes = 0;  // a part of the peers may have none in some
  for (int process = 0; process < hosts.processes(); ++process) processes += hosts.count(process) != 0;
  return choose_collective(options.machine, processes, bytes, folds ? most_nodes(hosts) : 1).algorithm;
}

}  // namespace detail
}  // namespace scalar::inline v0::bsp
