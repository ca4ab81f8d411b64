#pragma once
/// Scheduler: decides which worker runs which peer, and when. docs/design.md, "Words of the engine", explains its
/// terms.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <vector>

#include "bsp/engine/crew.hpp"
#include "bsp/engine/pace.hpp"
#include "bsp/world/network.hpp"
#include "scalar/bsp/detail/world.hpp"
#include "scalar/core/clock.hpp"

namespace scalar::inline v0::bsp::detail {

struct Stint;
class Tracer;

/// A `Part` is a place outside the run's barrier where peers wait for each other: a team's barrier or a clock.
class Part {
 public:
  /// This peer is not run again: no peer may wait for it.
  virtual void abandon(Fiber& fiber) = 0;
  /// The run has failed, and the peers that are waited for here may never come: a clock resumes those that wait.
  virtual void wake() {}
  /// The run has failed, and the peers that are waited for here will not come: resume those that wait.
  virtual void give_up() { wake(); }

 protected:
  ~Part() = default;  // not virtual: a shared_ptr remembers the type that it was made of
};

/// Runs the peers of one world on the threads of a crew.
///
/// A superstep is a list of peers to run, cut into one slice per worker. Workers claim bites of a few peers from their
/// own slice first, then from others'. A peer runs until it arrives at the barrier. The last arrival ends the
/// superstep, which is called the flip: that worker completes the collective, delivers errors, counts the superstep and
/// opens the list again. A worker never waits for another: with nothing to claim it spins a little and leaves, and a
/// flip calls helpers back. So nothing blocks when threads are few, busy or nested.
///
/// A brief superstep, of about a microsecond, is not worth sharing: after several brief ones in a row, the worker that
/// opened the superstep keeps it, and the others claim only when it lasts longer than that.
///
/// Peers that wait elsewhere (at a team's barrier, at a clock, or for offloaded code) are not in the list. Whatever
/// resumes them calls `ready`. When no one within the process is left to do so, the run ends with an error.
class Scheduler final : public Gate, public Driver {
 public:
  struct Options {
    int workers = 1;
    std::chrono::microseconds spin{0};
    std::chrono::milliseconds deadline{0};
    std::stop_token stop;
    const scalar::Clock* clock = nullptr;                 ///< measures the deadline; outlives the run
    std::vector<int> cores;                               ///< where the workers run; empty: anywhere
    const std::atomic<std::uint32_t>* allowed = nullptr;  ///< workers that may be at work now; null: all
  };
  Scheduler(World& world, Network* network, const Options& options);

  void set_crew(Crew& crew) noexcept { crew_ = &crew; }
  void set_tracer(Tracer* tracer) noexcept { tracer_ = tracer; }
  /// Opens the first superstep.
  void open_first();
  /// Works until the run is over, or there has been nothing to do for the spin time. Returns the epoch at that time.
  std::uint32_t work(unsigned worker);
  /// What a helper does: works, and leaves in such a way that it misses no flip. Returns the epoch when it left.
  std::uint32_t help() noexcept;
  /// Resumes peers that waited at a gate. From any thread; after `make_room_for_ready`.
  void ready(std::span<Fiber* const> fibers) noexcept;
  /// `ready` in two steps: `put_ready` may be called under a gate's lock, `announce_ready` is called after it.
  void put_ready(std::span<Fiber* const> fibers) noexcept;
  void announce_ready() noexcept { wake(true); }
  /// Reserves memory so that `put_ready` cannot fail. Called by everything that makes a gate.
  void make_room_for_ready();
  /// With 1: something outside the run will make a peer ready. With -1: it no longer will.
  void expect_from_outside(int change) noexcept { outside_.fetch_add(change, std::memory_order_seq_cst); }
  void ready(Fiber& fiber) noexcept {
    Fiber* const one = &fiber;
    ready(std::span(&one, 1));
  }
  /// Ends the run when a stop was requested or the superstep's deadline has passed. Called now and then by idle
  /// workers.
  void look_at_clock();
  /// As `look_at_clock`, for peers that meet outside the run's barrier: they may keep all workers busy for ever.
  void look_between_barriers() {
    if (has_limits_ && !world_.has_failed()) look_at_clock();
  }
  /// Keeps a part alive, and tells it what happens, until it is removed.
  void add(std::shared_ptr<Part> part);
  std::shared_ptr<Part> remove(Part& part) noexcept;
  Network* network() noexcept { return network_; }

  void arrive(Fiber& fiber, unsigned worker) override;
  void proceed(unsigned worker) override;

  std::uint32_t workers() const noexcept { return workers_; }
  bool is_finished() const noexcept { return finished_.load(std::memory_order_acquire); }

  unsigned new_worker() noexcept { return next_worker_.fetch_add(1, std::memory_order_relaxed); }
  /// Counts the calling thread as at work.
  void count_in() noexcept { present_.fetch_add(1, std::memory_order_seq_cst); }
  /// Changes whenever there is work to share; workers with nothing to do wait for that.
  std::atomic<std::uint32_t>& epoch() noexcept { return epoch_; }

 private:
  /// One worker's part of the list of peers, of which `next` is the first that no worker has claimed.
  struct alignas(64) Slice {
    std::atomic<std::uint32_t> next{0};
    std::uint32_t begin = 0, end = 0;
  };
  /// The peers that a worker claims at once.
  struct Bite {
    std::uint32_t begin = 0, end = 0;
  };
  /// The peers that one worker has run up to the barrier, and has not counted as arrived yet.
  struct Arrivals {
    std::uint32_t peers = 0, collectives = 0;
    Stint* stint = nullptr;  // of the worker that ran them; null: nothing is recorded
  };

  /// Since when a worker has seen another worker keep the same brief superstep.
  struct Watch {
    std::uint32_t turn = 0;
    std::uint64_t since = 0;
  };

  static Bite claim(Slice& slice) noexcept;
  bool drain(unsigned worker, Watch& watch);
  bool run_ready(unsigned worker);
  void resume(Fiber& fiber);
  void park(Gate& gate, Fiber& fiber, unsigned worker);
  bool may_claim(unsigned worker, Watch& watch) const noexcept;
  bool is_exhausted() const noexcept;
  void step(Fiber& fiber, Arrivals& arrivals, unsigned worker);
  void retire(Fiber& fiber) noexcept;
  template <class Use>
  void each_part(Use use) noexcept;
  Stint* begin_stint() noexcept;
  void end_stint(Stint& stint, unsigned worker) noexcept;
  void tally(int rank, Stint* stint) noexcept;
  void check_clock(std::uint32_t arrived) noexcept;
  Error overdue(std::int64_t took, std::uint32_t arrived, int& late);
  void give_up_parts();
  void end_if_stuck();
  Error stuck(int waiting) const;
  bool is_apart(const Fiber& fiber) const noexcept { return !fiber.returned && fiber.gate != this; }
  void arrive(const Arrivals& arrivals, unsigned worker);
  void flip(unsigned worker);
  void open(bool call);
  void wake(bool call) noexcept;
  std::uint32_t allowed() const noexcept {
    return allowed_ == nullptr ? workers_ : (std::min)(workers_, allowed_->load(std::memory_order_relaxed));
  }
  std::uint32_t stay(unsigned worker);
  bool expect_brief(unsigned worker) noexcept;
  void share_if_outlasted() noexcept;
  bool idle(std::uint32_t seen, unsigned& rounds, std::chrono::steady_clock::time_point& until, int& budget) noexcept;

  World& world_;
  Network* network_;
  Crew* crew_ = nullptr;
  Tracer* tracer_ = nullptr;  // null: nothing is recorded
  const std::uint32_t size_;  // local peers
  const std::uint32_t workers_;
  const int spin_us_;
  const std::chrono::milliseconds deadline_;
  const std::stop_token stop_;
  const scalar::Clock* const clock_;
  const bool has_limits_;  // the run can be stopped, or has a deadline
  const std::vector<int> cores_;
  const std::atomic<std::uint32_t>* const allowed_;
  Paces paces_;                             // of the local peers; empty without a deadline
  std::atomic<std::int64_t> opened_at_{0};  // when the superstep began, by `clock_`, in nanoseconds
  std::vector<Slice> slices_;

  alignas(64) std::atomic<std::uint32_t> arrived_{0};
  std::atomic<std::uint32_t> collectives_{0}, returned_{0};

  alignas(64) std::atomic<std::uint32_t> epoch_{0};
  std::atomic<bool> finished_{false};
  std::atomic<bool> brief_{false};  // the worker that opened this superstep keeps it to itself

  alignas(64) std::atomic<unsigned> opener_{0};  // the worker that opened this superstep
  std::atomic<std::uint32_t> turn_{0};           // changes with every brief superstep
  std::atomic<std::uint32_t> untimed_{0};        // brief supersteps since the time was last read
  std::atomic<std::uint64_t> opened_{0};         // the time then, in ticks
  std::uint32_t brief_row_ = 0;                  // brief supersteps in a row
  std::atomic<std::uint32_t> patience_{8};       // how many in a row it takes to expect another

  alignas(64) std::atomic<std::uint32_t> present_{0};  // workers at work, or called and not there yet
  std::atomic<unsigned> next_worker_{0};
  std::atomic<int> spin_now_us_;         // 0 after spinning in vain
  std::atomic<unsigned> dry_spells_{0};  // how often a worker came while that was 0

  alignas(64) std::atomic<std::size_t> ready_count_{0};
  std::atomic<std::uint32_t> apart_{0};        // peers that wait outside the run's barrier, and are not ready
  std::atomic<std::uint32_t> times_ready_{0};  // calls of `put_ready`
  std::atomic<int> outside_{0};                // see `expect_from_outside`
  std::mutex looking_;                         // held by a worker that reports a deadlock
  std::mutex mutex_;                           // guards `ready_` and `parts_`
  std::vector<Fiber*> ready_;                  // to be run in this order, from `next_ready_` on
  std::size_t next_ready_ = 0;
  std::vector<std::shared_ptr<Part>> parts_;
  std::atomic<std::size_t> part_count_{0};
};

}  // namespace scalar::inline v0::bsp::detail
