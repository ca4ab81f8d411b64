#include "bsp/engine/pace.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace scalar::inline v0::bsp::detail {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::size_t most_named = 4;  // in one message

struct Late {
  int rank = 0;
  std::int64_t spent = 0;
  std::string what{};
};

std::string ms(std::int64_t nanoseconds) { return fmt::format("{} ms", nanoseconds / 1'000'000); }

std::string place_of(Wait wait) {
  switch (wait) {
    case Wait::run:
      return "waiting to go on";
    case Wait::team:
      return "at the barrier of a team";
    case Wait::clock:
      return "at a clock";
    case Wait::thread:
      return "on a thread of its own";
  }
  return "elsewhere";
}

/// Describes the `most` peers that spent the most time, and sets `rank` to the first of them.
std::string text_of(std::vector<Late>& peers, std::size_t most, int& rank) {
  const std::size_t named = std::min(peers.size(), most);
  std::partial_sort(
      peers.begin(), peers.begin() + static_cast<std::ptrdiff_t>(named), peers.end(),
      [](const Late& a, const Late& b) { return a.spent != b.spent ? a.spent > b.spent : a.rank < b.rank; });
  std::string text;
  for (std::size_t i = 0; i < named; ++i)
    text += fmt::format("{}peer {} ({})", i == 0 ? "" : ", ", peers[i].rank, peers[i].what);
  if (!peers.empty()) rank = peers.front().rank;
  return text;
}

}  // namespace

void Paces::begin(std::size_t index, std::uint64_t superstep, std::int64_t now) noexcept {
  Peer& peer = peers_[index];
  if (peer.superstep.load(relaxed) != superstep) peer.spent.store(0, relaxed), peer.superstep.store(superstep, relaxed);
  if (peer.since.load(relaxed) == not_running) peer.since.store(now, relaxed);  // else its offloaded code is running
  peer.wait.store(Wait::run, relaxed);
}

void Paces::end(std::size_t index, Wait wait, std::int64_t now) noexcept {
  Peer& peer = peers_[index];
  peer.wait.store(wait, relaxed);
  if (wait == Wait::thread) return;  // the thread works for the peer
  peer.spent.store(peer.spent.load(relaxed) + now - peer.since.load(relaxed), relaxed);
  peer.since.store(not_running, relaxed);
}

std::string Paces::late(World& world, bool all_have_come, std::int64_t now, int& rank) const {
  std::vector<Late> late;
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    const Peer& peer = peers_[i];
    Late one{world.first() + static_cast<int>(i)};
    const bool has_begun = peer.superstep.load(relaxed) == world.superstep();
    const std::int64_t since = peer.since.load(relaxed);
    const Wait wait = peer.wait.load(relaxed);
    if (has_begun) one.spent = peer.spent.load(relaxed) + (since != not_running ? now - since : 0);
    const bool has_come = std::atomic_ref(world.fiber(one.rank).returned).load(relaxed) ||
                          (has_begun && since == not_running && wait == Wait::run);
    if (has_come && !all_have_come) continue;
    if (all_have_come) {
      one.what = ms(one.spent) + " of work";
    } else if (!has_begun) {
      one.what = "not begun";
    } else if (since != not_running) {
      one.what = (wait == Wait::thread ? place_of(wait) : std::string("computing")) + ", " + ms(one.spent);
    } else {
      one.what = place_of(wait) + ", " + ms(one.spent) + " of work";
    }
    late.push_back(std::move(one));
  }
  if (all_have_come) return "longest: " + text_of(late, 1, rank);
  if (late.empty()) return this->late(world, true, now, rank);  // all have arrived meanwhile
  std::string text = "late: " + text_of(late, most_named, rank);
  if (late.size() > most_named) text += fmt::format(" and {} more", late.size() - most_named);
  return text;
}

}  // namespace scalar::inline v0::bsp::detail
