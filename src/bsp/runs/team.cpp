#include "scalar/bsp/runs/team.hpp"

#include <map>
#include <utility>
#include <vector>

#include "bsp/runs/sub_barrier.hpp"

namespace scalar::inline v0::bsp {
namespace detail {
namespace {

constexpr Collective split_collective = collective_of<Split>("split");

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t x = a * 0x9e3779b97f4a7c15u ^ (b + 0x632be59bd9b4e019u + (a << 6));
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  return x ^ (x >> 27);
}

/// The placement of a team whose members have the ranks `members` in the parent world.
Placement placement_of(const Placement& parent, const std::vector<int>& members) {
  std::vector<int> first(static_cast<std::size_t>(parent.processes()) + 1, 0);
  for (const int rank : members) ++first[static_cast<std::size_t>(parent.process_of(rank)) + 1];
  for (std::size_t p = 1; p < first.size(); ++p) first[p] += first[p - 1];
  return {std::move(first), parent.here()};
}

}  // namespace

Split::Split(Peer& peer, int color) : Contribution<int>(peer, split_collective, color) {}

Team Split::await_resume() const {
  peer().resume();
  World& world = peer().world();
  auto* barrier = static_cast<SubBarrier*>(world.parts()[static_cast<std::size_t>(peer().rank())]);
  if (barrier == nullptr) return {};
  return Team(barrier->shared_from_this(), barrier->world().rank_of(world.root_rank(peer().rank())));
}

void Split::complete(World& world, std::string_view) {
  std::map<int, std::vector<int>> teams;
  for (int rank = 0; rank < world.size(); ++rank)
    if (const int color = world.value<int>(rank); color >= 0) teams[color].push_back(rank);
  for (int rank = world.first(); rank < world.first() + world.local(); ++rank)
    world.parts()[static_cast<std::size_t>(rank)] = nullptr;
  const std::uint64_t here = mixed(world.id(), world.superstep());
  for (const auto& [color, members] : teams) {
    Placement placement = placement_of(world.placement(), members);
    if (placement.count(placement.here()) == 0) continue;
    std::vector<int> root_ranks;
    for (const int rank : members) root_ranks.push_back(world.root_rank(rank));
    auto barrier = std::make_shared<SubBarrier>(world, std::move(placement), std::move(root_ranks),
                                                mixed(here, static_cast<std::uint64_t>(color)));
    barrier->open();
    for (const int rank : members)
      if (world.is_local(rank)) world.parts()[static_cast<std::size_t>(rank)] = barrier.get();
  }
}

}  // namespace detail

Team::Team(std::shared_ptr<detail::SubBarrier> barrier, int rank)
    : barrier_(std::move(barrier)), peer_(std::make_unique<Peer>(barrier_->world(), rank)) {}
Team::Team(Team&& other) noexcept = default;
Team& Team::operator=(Team&& other) noexcept {
  std::swap(barrier_, other.barrier_);
  std::swap(peer_, other.peer_);
  return *this;
}
Team::~Team() {
  if (barrier_ != nullptr) barrier_->leave(peer_->rank());
}

}  // namespace scalar::inline v0::bsp
