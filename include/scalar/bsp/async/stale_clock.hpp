#pragma once
/// StaleClock: lets peers run ahead of each other up to a limit, without barriers.
#include <coroutine>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::bsp {
class ClockLog;

namespace detail {
class ClockCore;
class TableSeat;
class Tick;
}  // namespace detail

/// A staleness without limit: peers never wait for each other.
inline constexpr int unbounded = std::numeric_limits<int>::max();

struct StaleClockOptions {
  int staleness = 0;                 ///< how many ticks a peer may be ahead of the slowest one; `unbounded`: any number
  ClockLog* record = nullptr;        ///< receives what each peer sees; outlives the run
  const ClockLog* replay = nullptr;  ///< each peer sees what this log says; outlives the run
};

/// A peer's handle to a logical clock that all peers of a world share.
///
/// `co_await clock.tick()` ends a step of this peer. The peer continues while it is at most `staleness` ticks ahead of
/// the slowest peer; otherwise it waits, without occupying a thread, until the slowest has caught up (stale synchronous
/// parallel: Ho et al., More effective distributed ML via a stale synchronous parallel parameter server, NIPS 2013,
/// section 3). With staleness 0 a tick is a barrier. A `ParameterTable` carries parameters from tick to tick.
///
/// Clocks match across peers as mailboxes do: by their order among clocks and mailboxes. Peers no longer wait for a
/// peer that has returned or destroyed its clock. In each process that takes part, some peer must make the clock. Do
/// not wait at a barrier of the same peers while others still wait for this peer's ticks: neither would continue.
/// (Within a process the run then ends with an error; across processes `.superstep_deadline` ends it.)
///
/// A run whose result depends on timing can be repeated. With `.record = &log` the decisions of timing are recorded;
/// with `.replay = &log` they are taken from the log, so a program that otherwise depends on nothing but its input ends
/// with the same bits, for any number of threads and processes. During a replay a peer waits until the recorded version
/// is there. All peers of a process give the same log, and all processes record, or all replay; a process needs the
/// records of its own peers. The values of `slowest` and `worst` are not recorded.
///
/// Errors: `Errc::invalid_argument` for a negative staleness, or one that differs between peers; for two uses of a log
/// at once; during a replay, for a log with another number of peers or staleness, and, naming peer and tick, for a
/// program that differs from the recorded one in its tables, pushes or number of ticks. (If the recorded run failed,
/// its peers wait at the end of their records for the failure to happen again, and get this error when it does not.)
/// `Errc::type_mismatch` when another peer made a mailbox in this clock's place.
/// Thread safety: used only by the peer that made it.
class StaleClock {
 public:
  explicit StaleClock(Peer& peer, const StaleClockOptions& options = {});
  StaleClock(const StaleClock&) = delete;
  StaleClock& operator=(const StaleClock&) = delete;
  ~StaleClock();

  /// Ends a step. Throws `Aborted` when the run has failed. Complexity: O(1), and O(peers) each time that the slowest
  /// peers of the process have ticked.
  detail::Tick tick() noexcept;

  /// How many times this peer has ticked.
  std::uint64_t now() const noexcept { return now_; }
  int staleness() const noexcept;
  /// How many times the slowest peer has ticked, as far as this process knows.
  std::uint64_t slowest() const;
  /// By how many ticks, at most, a peer of this process was ahead of the slowest one when it continued.
  std::uint64_t worst() const;

  /// Internal, from here on.
  Peer& peer() noexcept { return peer_; }
  detail::ClockCore& core() noexcept { return *core_; }
  std::uint32_t tables_made() const noexcept { return tables_made_; }
  void attach(detail::TableSeat& table);
  void detach(detail::TableSeat& table) noexcept;

 private:
  friend class detail::Tick;
  bool advance();  // true: the peer continues at once
  void park(std::coroutine_handle<> self) noexcept;
  void resume();

  Peer& peer_;
  std::int64_t index_;
  std::shared_ptr<detail::ClockCore> core_;
  std::uint64_t now_ = 0;
  std::uint32_t tables_made_ = 0;
  std::vector<detail::TableSeat*> tables_;
};

namespace detail {

/// The awaitable of `co_await clock.tick()`.
class [[nodiscard]] Tick : public Awaitable {
 public:
  explicit Tick(StaleClock& clock) noexcept : Awaitable{&clock.peer().fiber()}, clock_(clock) {}
  bool await_ready() const { return clock_.advance(); }
  void await_suspend(std::coroutine_handle<> self) const noexcept { clock_.park(self); }
  void await_resume() const { clock_.resume(); }

 private:
  StaleClock& clock_;
};

}  // namespace detail

inline detail::Tick StaleClock::tick() noexcept { return detail::Tick(*this); }

}  // namespace scalar::inline v0::bsp
