#include "bsp/engine/scheduler.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <string>
#include <thread>
#include <utility>

#include "bsp/engine/resources.hpp"
#include "bsp/engine/tracer.hpp"
#include "bsp/world/wire.hpp"
#include "core/fail.hpp"
#include "scalar/core/range.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

using SteadyClock = std::chrono::steady_clock;

#if defined(__x86_64__) || defined(__i386__)
std::uint64_t ticks() noexcept { return __builtin_ia32_rdtsc(); }
void relax() noexcept { __builtin_ia32_pause(); }
constexpr std::uint64_t brief_ticks = 2500;  // about a microsecond, which is what sharing a superstep costs
#else
std::uint64_t ticks() noexcept { return static_cast<std::uint64_t>(SteadyClock::now().time_since_epoch().count()); }
void relax() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }
constexpr std::uint64_t brief_ticks = 1000;
#endif
constexpr std::uint32_t longest_patience = 1u << 16;
constexpr std::uint32_t most_untimed = 7;  // brief supersteps between two readings of the time

std::int64_t time_of(const scalar::Clock& clock) noexcept { return clock.now().time_since_epoch().count(); }

}  // namespace

Scheduler::Scheduler(World& world, Network* network, const Options& options)
    : Gate(Wait::run),
      world_(world),
      network_(network),
      size_(static_cast<std::uint32_t>(world.local())),
      workers_((std::min)(static_cast<std::uint32_t>(options.workers), size_)),
      // With more workers than cores, those that spin would take cores from those that work.
      spin_us_(workers_ > std::thread::hardware_concurrency() ? 0 : static_cast<int>(options.spin.count())),
      deadline_(options.deadline),
      stop_(options.stop),
      clock_(options.clock),
      has_limits_(options.stop.stop_possible() || options.deadline.count() != 0),
      cores_(options.cores),
      allowed_(options.allowed),
      paces_(options.deadline.count() != 0 ? size_ : 0),
      slices_(workers_),
      spin_now_us_(spin_us_) {
  for (std::uint32_t i = 0; i < workers_; ++i) {
    const Range peers = even_part(size_, i, workers_);
    slices_[i].begin = static_cast<std::uint32_t>(peers.begin);
    slices_[i].end = static_cast<std::uint32_t>(peers.end);
    slices_[i].next.store(slices_[i].end, std::memory_order_relaxed);
  }
}

void Scheduler::open_first() {
  if (has_limits_) opened_at_.store(time_of(*clock_), std::memory_order_relaxed);
  opened_.store(ticks(), std::memory_order_relaxed);
  if (tracer_ != nullptr) tracer_->opened();
  open(true);
}

/// Claims a quarter of what is left of a slice, so large bites come first and single peers last.
Scheduler::Bite Scheduler::claim(Slice& slice) noexcept {
  std::uint32_t begin = slice.next.load(std::memory_order_acquire);
  while (begin < slice.end) {
    const std::uint32_t end = begin + 1 + (slice.end - begin) / 4;
    if (slice.next.compare_exchange_weak(begin, end, std::memory_order_acquire, std::memory_order_acquire))
      return {begin, end};
  }
  return {};
}

bool Scheduler::is_exhausted() const noexcept {
  return std::all_of(slices_.begin(), slices_.end(),
                     [](const Slice& slice) { return slice.next.load(std::memory_order_relaxed) >= slice.end; });
}

/// False while another worker keeps this superstep to itself because it expects a brief one.
bool Scheduler::may_claim(unsigned worker, Watch& watch) const noexcept {
  if (!brief_.load(std::memory_order_relaxed) || opener_.load(std::memory_order_relaxed) == worker) return true;
  const std::uint32_t turn = turn_.load(std::memory_order_relaxed);
  const std::uint64_t now = ticks();
  if (turn != watch.turn) watch = {turn, now};
  return now - watch.since > brief_ticks;
}

/// Claims and runs peers until the list is exhausted; false when there was nothing to claim.
bool Scheduler::drain(unsigned worker, Watch& watch) {
  // In this order, since `is_exhausted` reads the slices, which the workers at work are writing.
  if (!may_claim(worker, watch) || is_exhausted()) return false;
  FramePool*& pool = FramePool::current();
  FramePool* const outer = pool;  // this thread may be inside another peer's code
  Arrivals arrivals;
  bool any = false;
  for (std::uint32_t k = 0; k < workers_; ++k) {
    Slice& slice = slices_[(worker + k) % workers_];
    for (Bite bite = claim(slice); bite.begin != bite.end; bite = claim(slice)) {
      for (std::uint32_t index = bite.begin; index < bite.end; ++index) {
        if (any && brief_.load(std::memory_order_relaxed) && !is_exhausted()) share_if_outlasted();
        if (tracer_ != nullptr && arrivals.stint == nullptr) arrivals.stint = begin_stint();
        any = true;
        pool = &world_.frames_[index];
        step(world_.fibers_[index], arrivals, worker);
      }
    }
  }
  pool = outer;
  if (arrivals.stint != nullptr) end_stint(*arrivals.stint, worker);
  // All peers are counted as arrived at once. No flip can happen before that, so all claimed above are of one
  // superstep.
  if (arrivals.peers != 0) arrive(arrivals, worker);
  return any;
}

/// Takes one peer whose wait outside the barrier is over, and runs it; false when there is none.
bool Scheduler::run_ready(unsigned worker) {
  if (ready_count_.load(std::memory_order_acquire) == 0) return false;
  Fiber* fiber = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (ready_.empty()) return false;
    fiber = ready_[next_ready_++];
    if (next_ready_ * 2 >= ready_.size()) {  // moves at most as many as it removes: O(1) per peer
      ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(next_ready_));
      next_ready_ = 0;
    }
    ready_count_.store(ready_.size() - next_ready_, std::memory_order_release);
  }
  FramePool*& pool = FramePool::current();
  FramePool* const outer = std::exchange(pool, &world_.frames(fiber->rank));
  Arrivals arrivals;
  if (tracer_ != nullptr) arrivals.stint = begin_stint();
  step(*fiber, arrivals, worker);
  pool = outer;
  if (arrivals.stint != nullptr) end_stint(*arrivals.stint, worker);
  if (arrivals.peers != 0) arrive(arrivals, worker);
  return true;
}

/// Runs one peer until it arrives at a gate or returns.
void Scheduler::step(Fiber& fiber, Arrivals& arrivals, unsigned worker) {
  if (fiber.returned) return ++arrivals.peers, void();
  if (!fiber.over) {
    resume(fiber);
    if (fiber.gate == this) {
      tally(fiber.rank, arrivals.stint);
      ++arrivals.peers;
      arrivals.collectives += fiber.collective != nullptr;
      return;
    }
    if (fiber.gate != nullptr) {
      // Unless this worker holds a peer that it has not counted as arrived, the superstep may end while it parks this
      // one.
      if (arrivals.stint != nullptr && arrivals.peers == 0) end_stint(*std::exchange(arrivals.stint, nullptr), worker);
      return park(*fiber.gate, fiber, worker);
    }
    // An error of a peer that was told of a failure is a consequence of that failure, and no new one.
    if (fiber.root->error && !fiber.told) world_.fail(fiber.rank, fiber.root->error);
  }
  tally(fiber.rank, arrivals.stint);
  ++arrivals.peers;
  retire(fiber);
}

/// Out of memory for the trace: the run fails.
Stint* Scheduler::begin_stint() noexcept {
  try {
    return &tracer_->begin_stint();
  } catch (...) {
    world_.fail(world_.first(), std::current_exception());
    return nullptr;
  }
}
void Scheduler::end_stint(Stint& stint, unsigned worker) noexcept {
  try {
    tracer_->end_stint(stint, worker);
  } catch (...) {
    world_.fail(world_.first(), std::current_exception());
  }
}
void Scheduler::tally(int rank, Stint* stint) noexcept {
  if (stint == nullptr) return;
  try {
    world_.tally(rank, stint->sent);
  } catch (...) {
    world_.fail(rank, std::current_exception());
  }
}

void Scheduler::park(Gate& gate, Fiber& fiber, unsigned worker) {
  gate.arrive(fiber, worker);
  apart_.fetch_add(1, std::memory_order_seq_cst);  // not earlier: its arrival may have opened the gate
  look_between_barriers();
  end_if_stuck();
}

void Scheduler::resume(Fiber& fiber) {
  fiber.gate = nullptr;
  fiber.collective = nullptr;
  const std::int64_t begin = tracer_ != nullptr ? tracer_->now() : 0;
  const auto index = static_cast<std::size_t>(fiber.rank - world_.first());
  if (!paces_.empty()) paces_.begin(index, world_.superstep(), time_of(*clock_));
  do fiber.handle.resume();
  while (fiber.gate == nullptr && fiber.handle);
  if (!paces_.empty()) paces_.end(index, fiber.gate != nullptr ? fiber.gate->wait() : Wait::run, time_of(*clock_));
  if (tracer_ != nullptr) tracer_->ran(fiber.rank, begin, tracer_->now());
}

void Scheduler::retire(Fiber& fiber) noexcept {
  // This sets `returned` and then reads the number of parts; code that adds a part then reads `returned`. Since all are
  // sequentially consistent, a part learns of this peer in one way at least.
  std::atomic_ref(fiber.returned).store(true, std::memory_order_seq_cst);
  fiber.collective = nullptr;
  returned_.fetch_add(1, std::memory_order_relaxed);
  world_.retire(fiber.rank);
  if (part_count_.load(std::memory_order_seq_cst) == 0) return;
  each_part([&](Part& part) { part.abandon(fiber); });
}

/// Calls `use` for every part that is in the list all the time, perhaps twice for one of them. Goes from the back,
/// since the last part takes the place of one that is removed. Does not copy the list, as there may be no memory for
/// that.
template <class Use>
void Scheduler::each_part(Use use) noexcept {
  for (std::size_t left = part_count_.load(std::memory_order_seq_cst); left != 0; --left) {
    std::shared_ptr<Part> part;
    {
      const std::lock_guard lock(mutex_);
      left = (std::min)(left, parts_.size());
      if (left == 0) return;
      part = parts_[left - 1];
    }
    use(*part);
  }
}

void Scheduler::arrive(Fiber& fiber, unsigned worker) { arrive({1, fiber.collective != nullptr}, worker); }

void Scheduler::arrive(const Arrivals& arrivals, unsigned worker) {
  if (arrivals.collectives != 0) collectives_.fetch_add(arrivals.collectives, std::memory_order_relaxed);
  if (arrivals.peers == size_) return flip(worker);  // no other worker has run any, and `arrived_` is 0
  if (arrived_.fetch_add(arrivals.peers, std::memory_order_seq_cst) + arrivals.peers == size_) {
    arrived_.store(0, std::memory_order_relaxed);
    return flip(worker);
  }
  end_if_stuck();
}

/// Deadlock check for a run within one process: ends the run when every peer waits, at the barrier or elsewhere, so
/// that none is left to wake another. The last peer to wait sees it, since both counts only grow while `times_ready_`
/// stays the same.
void Scheduler::end_if_stuck() {
  if (apart_.load(std::memory_order_seq_cst) == 0 || network_ != nullptr) return;
  const std::uint32_t before = times_ready_.load(std::memory_order_seq_cst);
  const std::uint32_t waiting = apart_.load(std::memory_order_seq_cst) + arrived_.load(std::memory_order_seq_cst);
  if (outside_.load(std::memory_order_seq_cst) != 0 || waiting != size_ ||
      apart_.load(std::memory_order_seq_cst) == 0 || times_ready_.load(std::memory_order_seq_cst) != before)
    return;
  {
    const std::lock_guard lock(looking_);
    if (!world_.has_failed()) {
      const Fiber* const first = std::find_if(world_.fibers_.get(), world_.fibers_.get() + size_,
                                              [this](const Fiber& fiber) { return is_apart(fiber); });
      world_.fail_with(first->rank, [&] { return stuck(first->rank); });
    }
  }
  give_up_parts();
}

Error Scheduler::stuck(int waiting) const {
  std::string others;
  for (std::uint32_t i = 0; i < size_ && others.empty(); ++i)
    if (const Fiber& fiber = world_.fibers_[i]; !is_apart(fiber))
      others = fmt::format(", peer {} {}", fiber.rank, fiber.returned ? "has returned" : "is at the run's barrier");
  return Error(Errc::invalid_argument,
               fmt::format("peers wait for each other for ever: peer {} is at the barrier of a team or at a clock{}",
                           waiting, others),
               fmt::format("bsp superstep {}", world_.superstep()));
}

/// Releases the peers that wait outside the barrier after a failure. Takes `looking_` first, so that a running deadlock
/// check does not read peers that are being released.
void Scheduler::give_up_parts() {
  { const std::lock_guard lock(looking_); }
  each_part([](Part& part) { part.give_up(); });
}

void Scheduler::flip(unsigned worker) {
  const std::uint32_t collectives = collectives_.load(std::memory_order_relaxed);
  if (collectives != 0) collectives_.store(0, std::memory_order_relaxed);
  if (has_limits_) check_clock(size_);
  if (tracer_ != nullptr) tracer_->arrived();
  // When `meet` returns false, other processes have not arrived yet; the worker that receives the last frame proceeds.
  if (world_.meet({collectives, returned_.load(std::memory_order_relaxed)})) proceed(worker);
}

/// The superstep is over, in all processes: ends the run, or opens the next superstep.
void Scheduler::proceed(unsigned worker) {
  if (tracer_ != nullptr) tracer_->concluded();
  const bool across = world_.wire() != nullptr && !world_.is_aborted();
  if (across ? world_.wire()->all_gone() : returned_.load(std::memory_order_relaxed) == size_) {
    finished_.store(true, std::memory_order_release);
    wake(false);
    crew_->rouse();
    return;
  }
  if (deadline_.count() != 0) opened_at_.store(time_of(*clock_), std::memory_order_relaxed);
  open(!expect_brief(worker));
}

/// Fails the run when a stop was requested or the deadline has passed. `arrived` local peers are at the barrier; when
/// all are, the superstep waits for other processes.
void Scheduler::check_clock(std::uint32_t arrived) noexcept {
  if (world_.has_failed()) return;
  int late = world_.first();
  try {
    if (stop_.stop_requested()) fail(Errc::canceled, "bsp", "a stop was requested");
    if (deadline_.count() == 0) return;
    const std::int64_t took = (time_of(*clock_) - opened_at_.load(std::memory_order_relaxed)) / 1'000'000;
    if (took > deadline_.count()) throw overdue(took, arrived, late);
  } catch (...) {
    world_.fail(late, std::current_exception());
  }
}

Error Scheduler::overdue(std::int64_t took, std::uint32_t arrived, int& late) {
  const Placement& placement = world_.placement();
  const int awaited = world_.wire() != nullptr ? world_.wire()->awaited() : -1;
  const bool has_come = awaited < 0 && arrived == size_;
  std::string who;
  if (world_.is_distributed()) {
    const int process = awaited >= 0 ? awaited : placement.here();
    late = placement.first(process);
    who = fmt::format("process {} with peers {} to {} had {}", process, late, late + placement.count(process) - 1,
                      has_come ? "only just arrived" : "not arrived");
  }
  if (awaited < 0) who += (who.empty() ? "" : "; ") + paces_.late(world_, has_come, time_of(*clock_), late);
  return Error(Errc::deadline_exceeded,
               fmt::format("the superstep has taken {} ms, expected at most {}; {}", took, deadline_.count(), who),
               fmt::format("bsp superstep {}", world_.superstep()));
}

void Scheduler::look_at_clock() {
  if (is_finished()) return;
  if (has_limits_) check_clock(arrived_.load(std::memory_order_relaxed));
  if (!world_.has_failed()) return;
  if (!has_limits_) {
    return each_part([](Part& part) { part.wake(); });
  }
  if (network_ != nullptr) network_->fail(world_.failed_rank(), world_.failure(), 0);
  give_up_parts();
}

void Scheduler::ready(std::span<Fiber* const> fibers) noexcept {
  put_ready(fibers);
  announce_ready();
}

void Scheduler::put_ready(std::span<Fiber* const> fibers) noexcept {
  const std::lock_guard lock(mutex_);
  ready_.insert(ready_.end(), fibers.begin(), fibers.end());
  times_ready_.fetch_add(1, std::memory_order_seq_cst);
  apart_.fetch_sub(static_cast<std::uint32_t>(fibers.size()), std::memory_order_seq_cst);
  ready_count_.store(ready_.size() - next_ready_, std::memory_order_release);
}

void Scheduler::make_room_for_ready() {
  const std::lock_guard lock(mutex_);
  ready_.reserve(std::size_t{size_} * 2);  // all peers can be ready, behind as many entries that have been used
}

void Scheduler::add(std::shared_ptr<Part> part) {
  make_room_for_ready();
  const std::lock_guard lock(mutex_);
  parts_.push_back(std::move(part));
  part_count_.store(parts_.size(), std::memory_order_seq_cst);
}

std::shared_ptr<Part> Scheduler::remove(Part& part) noexcept {
  const std::lock_guard lock(mutex_);
  for (std::shared_ptr<Part>& candidate : parts_)
    if (candidate.get() == &part) {
      std::swap(candidate, parts_.back());
      std::shared_ptr<Part> removed = std::move(parts_.back());
      parts_.pop_back();
      part_count_.store(parts_.size(), std::memory_order_release);
      return removed;
    }
  return nullptr;
}

/// Opens the list of peers: from the first store on, workers may run peers. `call` is false for a superstep that is
/// likely to be over before other workers could help.
void Scheduler::open(bool call) {
  for (Slice& slice : slices_) slice.next.store(slice.begin, std::memory_order_release);
  if (call) wake(true);
}

/// Announces work, and calls helpers that are missing. This changes `epoch_` and then reads `present_`; a helper that
/// leaves changes `present_` and then reads `epoch_`. So either the helper sees the new epoch and stays, or it is not
/// counted here and another is called.
void Scheduler::wake(bool call) noexcept {
  epoch_.fetch_add(1, std::memory_order_seq_cst);
  if (!call) return;
  crew_->rouse();
  // At most as many calls as helpers are missing now: one that leaves at once is not called again in the same flip.
  std::uint32_t present = present_.load(std::memory_order_seq_cst);
  const std::uint32_t wanted = allowed();
  for (std::uint32_t calls = present < wanted ? wanted - present : 0; calls != 0; --calls) {
    do {
      if (present >= wanted) return;
    } while (!present_.compare_exchange_weak(present, present + 1, std::memory_order_seq_cst));
    try {
      crew_->call();
    } catch (...) {  // no thread is available: the workers at work run all peers
      present_.fetch_sub(1, std::memory_order_seq_cst);
      return;
    }
    present = present_.load(std::memory_order_seq_cst);
  }
}

std::uint32_t Scheduler::help() noexcept {
  const unsigned worker = new_worker();
  for (;;) {
    const std::uint32_t seen = work(worker);
    present_.fetch_sub(1, std::memory_order_seq_cst);
    if (is_finished() || epoch_.load(std::memory_order_seq_cst) == seen) return seen;
    present_.fetch_add(1, std::memory_order_seq_cst);
  }
}

/// Whether the superstep that is about to be opened is likely to be over before other workers could help. The time is
/// read only once in several brief supersteps, since reading it takes a good part of one.
bool Scheduler::expect_brief(unsigned worker) noexcept {
  if (workers_ == 1) return false;
  const bool was_brief = brief_.load(std::memory_order_relaxed);
  const std::uint32_t untimed = untimed_.load(std::memory_order_relaxed);
  if (was_brief) turn_.store(turn_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (opener_.load(std::memory_order_relaxed) != worker) opener_.store(worker, std::memory_order_relaxed);
  if (was_brief && untimed < most_untimed && !world_.is_aborted()) {
    untimed_.store(untimed + 1, std::memory_order_relaxed);
    return true;
  }
  const std::uint64_t now = ticks();
  const std::uint64_t took = now - opened_.load(std::memory_order_relaxed);
  brief_row_ = took < (was_brief ? 4 * (untimed + 1) : 2) * brief_ticks ? brief_row_ + 1 : 0;
  const bool brief = !world_.is_aborted() && brief_row_ >= patience_.load(std::memory_order_relaxed);
  opened_.store(now, std::memory_order_relaxed);
  untimed_.store(0, std::memory_order_relaxed);
  if (brief != was_brief) brief_.store(brief, std::memory_order_relaxed);
  return brief;
}

/// When the superstep that this worker keeps is not brief after all: calls the other workers, and takes more brief
/// supersteps in a row to expect one from now on.
void Scheduler::share_if_outlasted() noexcept {
  const std::uint64_t supersteps = untimed_.load(std::memory_order_relaxed) + 1;
  if (ticks() - opened_.load(std::memory_order_relaxed) <= 4 * supersteps * brief_ticks) return;
  brief_.store(false, std::memory_order_relaxed);
  const std::uint32_t patience = patience_.load(std::memory_order_relaxed);
  patience_.store((std::min)(patience * 2, longest_patience), std::memory_order_relaxed);
  wake(true);
}

std::uint32_t Scheduler::work(unsigned worker) {
  const Pin pin(cores_.empty() ? -1 : cores_[worker % cores_.size()]);
  return stay(worker);
}

/// Runs peers, and spins when there are none, until it is time to leave.
std::uint32_t Scheduler::stay(unsigned worker) {
  SteadyClock::time_point until{};
  // After spinning in vain a worker tries it again only now and then.
  int budget = spin_now_us_.load(std::memory_order_relaxed);
  Watch watch;
  if (budget == 0 && dry_spells_.fetch_add(1, std::memory_order_relaxed) % 64 == 63) budget = spin_us_;
  for (unsigned rounds = 0;;) {
    const std::uint32_t seen = epoch_.load(std::memory_order_acquire);
    if (is_finished()) return seen;
    if (drain(worker, watch) || run_ready(worker) || (network_ != nullptr && network_->poll(worker))) {
      if (rounds != 0) spin_now_us_.store(budget, std::memory_order_relaxed);
      rounds = 0, until = {};
    } else if (!idle(seen, rounds, until, budget)) {
      return seen;
    }
  }
}

/// Spins for a moment; false when it is time to leave.
bool Scheduler::idle(std::uint32_t seen, unsigned& rounds, SteadyClock::time_point& until, int& budget) noexcept {
  if (budget == 0) return false;
  // Longer pauses while another worker keeps a brief superstep, which reading its state would disturb.
  const int pauses = brief_.load(std::memory_order_relaxed) ? 128 : 32;
  for (int k = 0; k < pauses && epoch_.load(std::memory_order_acquire) == seen; ++k) relax();
  if (++rounds % 8 != 0) return true;  // the clock costs more than a pause
  const SteadyClock::time_point now = SteadyClock::now();
  if (until == SteadyClock::time_point{}) {
    until = now + std::chrono::microseconds(budget);
  } else if (now >= until) {
    spin_now_us_.store(0, std::memory_order_relaxed);
    return false;
  }
  return true;
}

}  // namespace scalar::inline v0::bsp::detail
