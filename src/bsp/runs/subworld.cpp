#include "scalar/bsp/runs/subworld.hpp"

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

/// Where the ranks of a team live, when their ranks in the parent live where `parent` says.
Hosts hosts_of(const Hosts& parent, const std::vector<int>& members) {
  std::vector<int> first(static_cast<std::size_t>(parent.processes()) + 1, 0);
  for (const int rank : members) ++first[static_cast<std::size_t>(parent.process_of(rank)) + 1];
  for (std::size_t p = 1; p < first.size(); ++p) first[p] += first[p - 1];
  return {std::move(first), parent.here()};
}

}  // namespace

Split::Split(Peer& peer, int color) : Contribution<int>(peer, split_collective, color) {}

Subworld Split::await_resume() const {
  peer().resume();
  World& world = peer().world();
  auto* barrier = static_cast<SubBarrier*>(world.parts()[static_cast<std::size_t>(peer().rank())]);
  if (barrier == nullptr) return {};
  return Subworld(barrier->shared_from_this(), barrier->world().rank_of(world.root_rank(peer().rank())));
}

void Split::complete(World& world, std::string_view) {
  std::map<int, std::vector<int>> teams;
  for (int rank = 0; rank < world.size(); ++rank)
    if (const int color = world.value<int>(rank); color >= 0) teams[color].push_back(rank);
  for (int rank = world.first(); rank < world.first() + world.local(); ++rank)
    world.parts()[static_cast<std::size_t>(rank)] = nullptr;
  const std::uint64_t here = mixed(world.id(), world.superstep());
  for (const auto& [color, members] : teams) {
    Hosts hosts = hosts_of(world.hosts(), members);
    if (hosts.count(hosts.here()) == 0) continue;
    std::vector<int> root_ranks;
    for (const int rank : members) root_ranks.push_back(world.root_rank(rank));
    auto barrier = std::make_shared<SubBarrier>(world, std::move(hosts), std::move(root_ranks),
                                                mixed(here, static_cast<std::uint64_t>(color)));
    barrier->open();
    for (const int rank : members)
      if (world.is_local(rank)) world.parts()[static_cast<std::size_t>(rank)] = barrier.get();
  }
}

SubBarrier::SubBarrier(World& parent, Hosts hosts, std::vector<int> root_ranks, std::uint64_t id)
    : Gate(Wait::team),
      scheduler_(parent.scheduler()),
      world_(parent.root(), std::move(hosts), std::move(root_ranks)),
      id_(id),
      left_(static_cast<std::size_t>(world_.local())) {
  world_.set_gate(*this);
  world_.set_id(id);
  waiting_.reserve(left_.size()), released_.reserve(left_.size());
}

SubBarrier::~SubBarrier() = default;

void SubBarrier::open() {
  scheduler_.add(shared_from_this());
  if (!world_.is_distributed()) return;
  wire_ = std::make_shared<Wire>(*scheduler_.network(), world_, id_, *this, weak_from_this());
  world_.set_wire(wire_.get());
  wire_->open_locked();  // a team is formed at a flip, which holds the network's lock
}

void SubBarrier::arrive(Fiber& fiber, unsigned) {
  std::unique_lock lock(mutex_);
  waiting_.push_back(&fiber);
  ++arrived_;
  collectives_ += fiber.collective != nullptr;
  meet_if_all_are_here(lock);
}

void SubBarrier::leave(int rank) noexcept {
  std::unique_lock lock(mutex_);
  if (std::exchange(left_[static_cast<std::size_t>(rank - world_.first())], true)) return;
  world_.retire(rank);
  ++gone_;
  meet_if_all_are_here(lock);
}

void SubBarrier::abandon(Fiber& fiber) {
  if (world_.is_member(fiber.rank)) leave(world_.rank_of(fiber.rank));
}

/// Some members will not come: those who wait for them find the run aborted.
void SubBarrier::give_up() {
  std::unique_lock lock(mutex_);
  if (departed_ || waiting_.empty()) return;  // else the network's end tells them
  arrived_ = collectives_ = 0;
  world_.conclude(true);
  release(lock);
}

void SubBarrier::meet_if_all_are_here(std::unique_lock<std::mutex>& lock) {
  if (departed_ || arrived_ + gone_ < static_cast<std::uint32_t>(world_.local())) return;
  const bool is_last = arrived_ == 0;  // all have left
  departed_ = true;
  arrived_ = 0;
  if ((is_last && wire_ == nullptr) || world_.meet({std::exchange(collectives_, 0), gone_})) release(lock);
}

void SubBarrier::proceed(unsigned) {
  std::unique_lock lock(mutex_);
  release(lock);
}

void SubBarrier::release(std::unique_lock<std::mutex>& lock) {
  departed_ = false;
  if (gone_ == static_cast<std::uint32_t>(world_.local())) {
    // Those who stay may use the memory of their last frame to here again once a later one of ours has come.
    if (wire_ != nullptr && !wire_->all_gone() && !std::exchange(confirmed_, true)) return meet_if_all_are_here(lock);
    if (wire_ != nullptr) wire_->close();
    lock.unlock();
    scheduler_.remove(*this);  // may be the end of it
    return;
  }
  released_.clear();  // they have been taken: else nobody could have come again
  released_.swap(waiting_);
  Scheduler& scheduler = scheduler_;
  scheduler.put_ready(released_);
  lock.unlock();
  scheduler.announce_ready();  // by now the last of them may have left, and this be gone
}

}  // namespace detail

Subworld::Subworld(std::shared_ptr<detail::SubBarrier> barrier, int rank)
    : barrier_(std::move(barrier)), peer_(std::make_unique<Peer>(barrier_->world(), rank)) {}
Subworld::Subworld(Subworld&& other) noexcept = default;
Subworld& Subworld::operator=(Subworld&& other) noexcept {
  std::swap(barrier_, other.barrier_);
  std::swap(peer_, other.peer_);
  return *this;
}
Subworld::~Subworld() {
  if (barrier_ != nullptr) barrier_->leave(peer_->rank());
}

}  // namespace scalar::inline v0::bsp
