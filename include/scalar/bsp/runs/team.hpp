#pragma once
/// Team: some of the peers, with a barrier, mailboxes and collectives of their own.
#include <memory>
#include <string_view>
#include <utility>

#include "scalar/bsp/collectives.hpp"
#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::bsp {
namespace detail {
class SubBarrier;
class Split;
}  // namespace detail

/// This peer's place in one part of a world that was split.
///
/// `auto team = co_await peer.split(color);` then `co_await team->sync()`: the team's supersteps do not wait for other
/// teams. A team can be split again. The place is left when this object is destroyed, and from then on the others do
/// not wait for this peer; a peer must leave, or come to the team's barriers, before it comes to those of the world it
/// was split from, since each waits for all of its peers.
/// Thread safety: used only by the peer that made it.
class Team {
 public:
  /// No place in any team: what a peer gets that was split off with a negative color.
  Team() = default;
  Team(Team&& other) noexcept;
  Team& operator=(Team&& other) noexcept;
  ~Team();

  explicit operator bool() const noexcept { return peer_ != nullptr; }
  /// The peer within the team: its rank there, its mailboxes, its collectives.
  Peer& operator*() const noexcept { return *peer_; }
  Peer* operator->() const noexcept { return peer_.get(); }

 private:
  friend class detail::Split;
  explicit Team(std::shared_ptr<detail::SubBarrier> barrier, int rank);
  std::shared_ptr<detail::SubBarrier> barrier_;
  std::unique_ptr<Peer> peer_;
};

namespace detail {

/// Forms teams while the last peer arrives.
class [[nodiscard]] Split final : public Contribution<int> {
 public:
  using Value = int;
  Split(Peer& peer, int color);
  Team await_resume() const;
  static void complete(World& world, std::string_view name);
};

}  // namespace detail

inline detail::Split Peer::split(int color) { return detail::Split(*this, color); }

}  // namespace scalar::inline v0::bsp
