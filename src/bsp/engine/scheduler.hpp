#pragma once
/// Who runs which peer when.
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

/// A part of a run in which peers wait apart from the others.
class Part {
 public:
  /// This peer is not run again: nobody may wait for it.
  virtual void abandon(Fiber& fiber) = 0;
  /// The run has failed, and perhaps nobody will come any more.
  virtual void wake() {}
  /// The same, and nobody will come: who waits here is told.
  virtual void give_up() { wake(); }

 protected:
  ~Part() = default;  // a shared_ptr destroys what it was made of
};

/// Runs the peers of one world on the threads of a crew.
///
/// A superstep is a run list, cut in slices from which workers claim peers. A peer runs until it arrives at the
/// barrier; the last arrival flips: it completes the collective, delivers errors, counts the superstep and opens the
/// list again. A worker never waits for another: with nothing to claim it spins a little and leaves, and a flip calls
/// helpers back. So nothing blocks where threads are few, busy or nested.
///
/// A superstep of about a microsecond is not worth sharing: after a row of such, the worker that opened the superstep
/// keeps it, and the others claim only from one that lasts longer.
///
/// Peers that wait elsewhere (at the barrier of a sub-world, for a clock or a borrowed thread) are not in the list; who
/// wakes them says `ready`. When within a process nobody is left who could, the run ends with an error.
class Scheduler final : public Gate, public Driver {
 public:
  struct Options {
    int workers = 1;
    std::chrono::microseconds spin{0};
    std::chrono::milliseconds deadline{0};
    std::stop_token stop;
    const scalar::Clock* clock = nullptr;                 ///< what the deadline is measured by; outlives the run
    std::vector<int> cores;                               ///< of the workers; empty: anywhere
    const std::atomic<std::uint32_t>* allowed = nullptr;  ///< workers that may be at work now; null: all
  };
  Scheduler(World& world, Network* network, const Options& options);

  void set_crew(Crew& crew) noexcept { crew_ = &crew; }
  void set_tracer(Tracer* tracer) noexcept { tracer_ = tracer; }
  void open_first();
  /// Works until the run is over or nothing has been found for the spin time. Returns the epoch in which that was.
  std::uint32_t work(unsigned worker);
  /// A helper's stay: work, and leave in such a way that no flip is missed.
  std::uint32_t help() noexcept;
  /// Peers whose gate has opened go on. From any thread; after `make_room_for_ready`.
  void ready(std::span<Fiber* const> fibers) noexcept;
  /// The same in two steps, of which the first may be taken under a gate's lock.
  void put_ready(std::span<Fiber* const> fibers) noexcept;
  void announce_ready() noexcept { wake(true); }
  /// Whoever makes a gate calls this: when it opens, there is memory for those who wait there.
  void make_room_for_ready();
  /// Something outside the run will make a peer ready; called with -1 when it will not any more.
  void expect_from_outside(int change) noexcept { outside_.fetch_add(change, std::memory_order_seq_cst); }
  void ready(Fiber& fiber) noexcept {
    Fiber* const one = &fiber;
    ready(std::span(&one, 1));
  }
  /// Notices a stop request and the end of the time for a superstep. Called now and then while workers are idle.
  void look_at_clock();
  /// The same where peers meet apart from the run's barrier: they may keep all workers at work for ever.
  void look_between_barriers() {
    if (has_limits_ && !world_.has_failed()) look_at_clock();
  }
  /// Keeps a part until it is removed.
  void add(std::shared_ptr<Part> part);
  std::shared_ptr<Part> remove(Part& part) noexcept;
  Network* network() noexcept { return network_; }

  void arrive(Fiber& fiber, unsigned worker) override;
  void proceed(unsigned worker) override;

  std::uint32_t workers() const noexcept { return workers_; }
  bool is_finished() const noexcept { return finished_.load(std::memory_order_acquire); }

  unsigned new_worker() noexcept { return next_worker_.fetch_add(1, std::memory_order_relaxed); }
  /// Counts a worker that `open_first` finds at work: the caller.
  void count_in() noexcept { present_.fetch_add(1, std::memory_order_seq_cst); }
  /// Moves when there is work to share; workers with nothing to do wait for its change.
  std::atomic<std::uint32_t>& epoch() noexcept { return epoch_; }

 private:
  struct alignas(64) Slice {
    std::atomic<std::uint32_t> next{0};
    std::uint32_t begin = 0, end = 0;
  };
  struct Bite {
    std::uint32_t begin = 0, end = 0;
  };
  struct Arrivals {
    std::uint32_t peers = 0, collectives = 0;
    Stint* stint = nullptr;  // of the worker that ran them; null: nothing is recorded
  };

  /// Since when a worker sees the same superstep of another's.
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
  const std::uint32_t size_;
  const std::uint32_t workers_;
  const int spin_us_;
  const std::chrono::milliseconds deadline_;
  const std::stop_token stop_;
  const scalar::Clock* const clock_;
  const bool has_limits_;  // a stop may be requested, or there is a deadline
  const std::vector<int> cores_;
  const std::atomic<std::uint32_t>* const allowed_;
  Paces paces_;                             // of the peers, when there is a deadline
  std::atomic<std::int64_t> opened_at_{0};  // by `clock_`, in nanoseconds
  std::vector<Slice> slices_;

  alignas(64) std::atomic<std::uint32_t> arrived_{0};
  std::atomic<std::uint32_t> collectives_{0}, returned_{0};

  alignas(64) std::atomic<std::uint32_t> epoch_{0};
  std::atomic<bool> finished_{false};
  std::atomic<bool> brief_{false};  // this superstep belongs to its opener

  alignas(64) std::atomic<unsigned> opener_{0};
  std::atomic<std::uint32_t> turn_{0};      // moves with every brief superstep
  std::atomic<std::uint32_t> untimed_{0};   // brief supersteps since the time was looked at ...
  std::atomic<std::uint64_t> opened_{0};    // ... which was then, in ticks
  std::uint32_t brief_row_ = 0;             // brief supersteps in a row
  std::atomic<std::uint32_t> patience_{8};  // how many it takes to expect one more

  alignas(64) std::atomic<std::uint32_t> present_{0};  // workers at work or called
  std::atomic<unsigned> next_worker_{0};
  std::atomic<int> spin_now_us_;  // 0 after spinning that did not pay
  std::atomic<unsigned> dry_spells_{0};

  alignas(64) std::atomic<std::size_t> ready_count_{0};
  std::atomic<std::uint32_t> apart_{0};  // peers that wait elsewhere than here, and for no longer than counted
  std::atomic<std::uint32_t> times_ready_{0};
  std::atomic<int> outside_{0};
  std::mutex looking_;  // held while a run that has not failed is found stuck
  std::mutex mutex_;
  std::vector<Fiber*> ready_;  // first come, first served, from `next_ready_` on
  std::size_t next_ready_ = 0;
  std::vector<std::shared_ptr<Part>> parts_;
  std::atomic<std::size_t> part_count_{0};
};

}  // namespace scalar::inline v0::bsp::detail
