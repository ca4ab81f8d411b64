#include "scalar/bsp/detail/exchange.hpp"

#include <fmt/core.h>

#include <string>

#include "core/fail.hpp"
#include "scalar/bsp/collectives/gather.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

std::string place(const World& world) { return fmt::format("bsp superstep {}", world.superstep()); }
std::string place(const Peer& peer) { return fmt::format("bsp peer {} superstep {}", peer.rank(), peer.superstep()); }

}  // namespace

void complete_announcement(World& world, std::string_view name) {
  const auto first = world.value<Announcement>(0);
  for (int rank = 0; rank < world.size(); ++rank) {
    const auto next = world.value<Announcement>(rank);
    if (next.root != first.root) throw_unlike_gather_roots(world, name, first.root, rank, next.root);
    if (next.size != first.size)
      fail(Errc::shape_mismatch, place(world), "{}: peer 0 gives {} elements, but peer {} gives {}", name, first.size,
           rank, next.size);
    world.parts()[static_cast<std::size_t>(rank)] = world.is_local(rank) ? const_cast<void*>(next.offer) : nullptr;
  }
}

void throw_bad_buffer(const Peer& peer, std::string_view collective, std::string_view buffer, std::size_t expected,
                      std::size_t size) {
  fail(Errc::shape_mismatch, place(peer), "{}: {} has {} elements, expected {}", collective, buffer, size, expected);
}

void check_cuts(const Peer& peer, std::string_view collective, std::span<const std::size_t> cuts, std::size_t size) {
  check_buffer(peer, collective, "the list of cuts", static_cast<std::size_t>(peer.size()) + 1, cuts.size());
  for (std::size_t i = 0; i < cuts.size(); ++i)
    if ((i == 0 && cuts[i] != 0) || (i != 0 && cuts[i] < cuts[i - 1]))
      fail(Errc::shape_mismatch, place(peer), "{}: cut {} is {}, {}", collective, i, cuts[i],
           i == 0 ? "expected 0" : "less than the one before");
  check_buffer(peer, collective, "the source", cuts.back(), size);
}

}  // namespace scalar::inline v0::bsp::detail
