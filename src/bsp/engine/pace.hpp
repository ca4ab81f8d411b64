#pragma once
/// Paces: how long each peer has worked in a superstep that has a deadline, so that the error can name the late ones.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "scalar/bsp/detail/world.hpp"

namespace scalar::inline v0::bsp::detail {

/// Notes what each local peer does in this superstep, and for how long. Times are in nanoseconds.
///
/// Thread safety: `begin` and `end` are called by the thread that runs the peer, `late` by any thread; while peers run,
/// `late` may see what they did a moment ago.
class Paces {
 public:
  /// For `peers` local peers; 0: nothing is noted.
  explicit Paces(std::size_t peers) : peers_(peers) {}
  bool empty() const noexcept { return peers_.empty(); }

  /// The `index`-th peer begins to run.
  void begin(std::size_t index, std::uint64_t superstep, std::int64_t now) noexcept;
  /// The `index`-th peer has stopped, and waits.
  void end(std::size_t index, Wait wait, std::int64_t now) noexcept;
  /// Names the peers of `world` that have not arrived at its barrier, those that computed longest first: "late: peer 1
  /// (computing, 31 ms), peer 0 (at a clock, 2 ms of work)". When all have arrived, names the one that computed
  /// longest. Sets `rank` to the first peer named.
  std::string late(World& world, bool all_have_come, std::int64_t now, int& rank) const;

 private:
  static constexpr std::int64_t not_running = -1;
  struct Peer {
    std::atomic<std::uint64_t> superstep{~std::uint64_t{0}};  // in which the peer last ran
    std::atomic<std::int64_t> since{not_running};
    std::atomic<std::int64_t> spent{0};  // working time in that superstep, before `since`
    std::atomic<Wait> wait{Wait::run};
  };
  std::vector<Peer> peers_;
};

}  // namespace scalar::inline v0::bsp::detail
