#include "scalar/bsp/detail/exchange.hpp"

#include <string>

#include "scalar/bsp/collectives/gather.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

std::string place(const World& world) { return "bsp superstep " + std::to_string(world.superstep()); }
std::string place(const Peer& peer) {
  return "bsp peer " + std::to_string(peer.rank()) + " superstep " + std::to_string(peer.superstep());
}

}  // namespace

void complete_announcement(World& world, std::string_view name) {
  const auto first = world.value<Announcement>(0);
  for (int rank = 0; rank < world.size(); ++rank) {
    const auto next = world.value<Announcement>(rank);
    if (next.root != first.root) throw_unlike_gather_roots(world, name, first.root, rank, next.root);
    if (next.size != first.size)
      throw Error(Errc::shape_mismatch,
                  std::string(name) + ": peer 0 gives " + std::to_string(first.size) + " elements, but peer " +
                      std::to_string(rank) + " gives " + std::to_string(next.size),
                  place(world));
    world.parts()[static_cast<std::size_t>(rank)] = world.is_local(rank) ? const_cast<void*>(next.offer) : nullptr;
  }
}

void throw_bad_buffer(const Peer& peer, std::string_view collective, std::string_view buffer, std::size_t expected,
                      std::size_t size) {
  throw Error(Errc::shape_mismatch,
              std::string(collective) + ": " + std::string(buffer) + " has " + std::to_string(size) +
                  " elements, expected " + std::to_string(expected),
              place(peer));
}

void check_cuts(const Peer& peer, std::string_view collective, std::span<const std::size_t> cuts, std::size_t size) {
  check_buffer(peer, collective, "the list of cuts", static_cast<std::size_t>(peer.size()) + 1, cuts.size());
  for (std::size_t i = 0; i < cuts.size(); ++i)
    if ((i == 0 && cuts[i] != 0) || (i != 0 && cuts[i] < cuts[i - 1]))
      throw Error(Errc::shape_mismatch,
                  std::string(collective) + ": cut " + std::to_string(i) + " is " + std::to_string(cuts[i]) +
                      (i == 0 ? ", expected 0" : ", less than the one before"),
                  place(peer));
  check_buffer(peer, collective, "the source", cuts.back(), size);
}

}  // namespace scalar::inline v0::bsp::detail
