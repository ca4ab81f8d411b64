#pragma once
/// Team: some of the peers, with their own barrier, mailboxes and collectives.
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

/// A peer's membership in a team, which is one part of a world that was split.
///
/// After `auto team = co_await peer.split(color);`, `co_await team->sync()` ends a superstep of the team, which does
/// not wait for other teams. A team can be split again. The peer leaves the team when this object is destroyed; from
/// then on the other members do not wait for it. Every barrier waits for all of its peers. So before a peer comes to a
/// barrier of the world that was split, it must leave the team, or have come to those of the team's barriers at which
/// others wait for it.
/// Thread safety: used only by the peer that made it.
class Team {
 public:
  /// No membership: a peer that gave a negative color gets this.
  Team() = default;
  Team(Team&& other) noexcept;
  Team& operator=(Team&& other) noexcept;
  ~Team();

  explicit operator bool() const noexcept { return peer_ != nullptr; }
  /// The peer within the team, with its rank, mailboxes and collectives there.
  Peer& operator*() const noexcept { return *peer_; }
  Peer* operator->() const noexcept { return peer_.get(); }

 private:
  friend class detail::Split;
  explicit Team(std::shared_ptr<detail::SubBarrier> barrier, int rank);
  std::shared_ptr<detail::SubBarrier> barrier_;
  std::unique_ptr<Peer> peer_;
};

namespace detail {

/// The collective that divides peers into teams. The last peer to arrive makes the teams.
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
