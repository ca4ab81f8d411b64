#pragma once
/// How far each peer is in a superstep that has a deadline: to say who is late.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "scalar/bsp/detail/world.hpp"

namespace scalar::inline v0::bsp::detail {

/// What the peers of a process do, and how long they have done it. Times are in nanoseconds.
///
/// Thread safety: `begin` and `end` are called by whoever runs the peer, `late` by anyone; who is late while peers go
/// on is what they did a moment ago.
class Paces {
 public:
  /// Of so many local peers; none: nothing is noted.
  explicit Paces(std::size_t peers) : peers_(peers) {}
  bool empty() const noexcept { return peers_.empty(); }

  /// The `index`-th peer goes on.
  void begin(std::size_t index, std::uint64_t superstep, std::int64_t now) noexcept;
  /// It has stopped, to wait for something.
  void end(std::size_t index, Wait wait, std::int64_t now) noexcept;
  /// Names those peers of `world` that have not come to its barrier, those that computed longest first: "late: peer 1
  /// (computing, 31 ms), peer 0 (at a clock, 2 ms of work)". When all have come, who computed longest. `rank` becomes
  /// the first of them.
  std::string late(World& world, bool all_have_come, std::int64_t now, int& rank) const;

 private:
  static constexpr std::int64_t not_running = -1;
  struct Peer {
    std::atomic<std::uint64_t> superstep{~std::uint64_t{0}};  // in which it was run last
    std::atomic<std::int64_t> since{not_running};
    std::atomic<std::int64_t> spent{0};  // in that superstep, before `since`
    std::atomic<Wait> wait{Wait::run};
  };
  std::vector<Peer> peers_;
};

}  // namespace scalar::inline v0::bsp::detail
