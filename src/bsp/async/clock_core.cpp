#include "bsp/async/clock_core.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <tuple>
#include <utility>

#include "bsp/async/table_seat.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

constexpr std::byte zeros[8]{};
constexpr std::uint64_t padding(std::uint64_t bytes) noexcept { return (8 - bytes % 8) % 8; }

std::vector<int> local_ranks(const World& world) {
  std::vector<int> ranks;
  for (int rank = world.first(); rank < world.first() + world.local(); ++rank) ranks.push_back(world.root_rank(rank));
  return ranks;
}

constexpr std::string_view frame_context = "bsp clock frame";  // of errors

}  // namespace

/// A frame, and the pushes that its bytes belong to.
struct ClockCore::Outgoing {
  ClockHead head;
  std::vector<Push> pushes;
  std::vector<std::span<const std::byte>> parts;

  void gather() {
    head.bytes = sizeof head, head.pushes = pushes.size();
    parts.push_back(std::as_bytes(std::span(&head, 1)));
    const auto add = [this](std::span<const std::byte> part) {
      head.bytes += part.size();
      if (!part.empty()) parts.push_back(part);
    };
    for (const Push& push : pushes) {
      add(std::as_bytes(std::span(&push.head, 1)));
      add(std::as_bytes(push.rows));
      add({push.values, push.head.value_bytes});
      add(std::span(zeros).first(padding(push.head.value_bytes)));
    }
  }
};

ClockCore::ClockCore(World& world, std::int64_t index, const StaleClockOptions& options)
    : Gate(Wait::clock),
      root_(world.root()),
      placement_(world.placement()),
      ranks_(local_ranks(world)),
      scheduler_(world.scheduler()),
      network_(world.is_distributed() ? scheduler_.network() : nullptr),
      options_(options),
      staleness_(options.staleness),
      id_(spelling_hash(fmt::format("clock {} of world {}", index, world.id()))),
      yields_(network_ != nullptr || static_cast<std::uint32_t>(root_.local()) > scheduler_.workers()),
      seats_(ranks_.size()),
      here_(seats_.size()),
      at_minimum_(seats_.size()) {
  waiting_.reserve(seats_.size());
  for (int process = 0; process < placement_.processes(); ++process)
    if (process != placement_.here() && placement_.count(process) != 0) links_.push_back({process, 0});
  if (options_.replay != nullptr) follow(*options_.replay);
  if (replicas_.empty()) replicas_.emplace_back();
  for (Seat& one : seats_)
    if (one.replica == nullptr) one.replica = &replicas_.front();
  if (options_.record != nullptr)
    recorded_ = &options_.record->begin(placement_.size(), staleness_, placement_.first(placement_.here()),
                                        static_cast<int>(seats_.size()));
}

ClockCore::~ClockCore() {
  if (recorded_ != nullptr) options_.record->end();
}

void ClockCore::open() {
  scheduler_.add(shared_from_this());
  for (std::size_t i = 0; i < ranks_.size(); ++i)
    if (std::atomic_ref(root_.fiber(ranks_[i]).returned).load(std::memory_order_seq_cst)) leave(seats_[i]);
  if (network_ == nullptr) return;
  const auto hold = network_->lock();
  network_->add(id_, *this);
}

ClockCore::Seat* ClockCore::seat_of(const Fiber& fiber) noexcept {
  const auto at = std::lower_bound(ranks_.begin(), ranks_.end(), fiber.rank);
  return at != ranks_.end() && *at == fiber.rank ? &seats_[static_cast<std::size_t>(at - ranks_.begin())] : nullptr;
}

std::uint64_t ClockCore::slowest() const {
  const std::lock_guard lock(mutex_);
  return complete_;
}
std::uint64_t ClockCore::worst() const {
  const std::lock_guard lock(mutex_);
  return worst_;
}

bool ClockCore::may_go_on(const Seat& seat) noexcept {
  const std::uint64_t lead = seat.clock - std::min(seat.clock, slowest_);
  if (seat.is_at_end()) return slowest_ == forever;  // all peers are at their ends, so no failure will come
  if (seat.script != nullptr) {
    const std::uint64_t newest = staleness_ == unbounded ? seat.replica->came : complete_;
    if (seat.clock != 0 && newest < seat.script->seen[seat.clock - 1]) return false;
  } else if (staleness_ != unbounded && lead > static_cast<std::uint64_t>(staleness_)) {
    return false;
  }
  worst_ = std::max(worst_, lead);
  return true;
}

/// Finds the slowest local peer anew if there is none at `minimum_` any more; true when it has done so.
bool ClockCore::settle() {
  if (at_minimum_ != 0) return false;
  minimum_ = forever;
  for (const Seat& one : seats_)
    if (one.counts()) minimum_ = std::min(minimum_, one.clock);
  for (const Seat& one : seats_) at_minimum_ += one.counts() && one.clock == minimum_;
  find_slowest();
  return true;
}

void ClockCore::find_slowest() noexcept {
  slowest_ = minimum_;
  for (const Link& link : links_) slowest_ = std::min(slowest_, link.minimum);
  if (slowest_ != forever) complete_ = std::max(complete_, slowest_);
}

void ClockCore::take(std::vector<Push>& pushes) {
  if (options_.replay != nullptr && staleness_ == unbounded) {
    for (Replica& replica : replicas_)
      for (const Push& push : pushes) replica.take(push);
  } else {
    std::move(pushes.begin(), pushes.end(), std::back_inserter(replicas_.front().unapplied));
  }
}

bool ClockCore::advance(int rank, std::uint32_t tables, std::vector<Push>& pushes) {
  if (recorded_ != nullptr || options_.replay != nullptr) note_tick(rank, tables, pushes);
  std::unique_lock<std::mutex> hold;
  if (network_ != nullptr) hold = network_->lock();
  std::unique_lock lock(mutex_);
  if (network_ != nullptr) unsent_.insert(unsent_.end(), pushes.begin(), pushes.end());
  take(pushes);
  Seat& mine = seat(rank);
  at_minimum_ -= mine.clock++ == minimum_;
  const bool is_news = settle();
  if (network_ != nullptr && (is_news || (staleness_ == unbounded && !unsent_.empty()))) send();
  const bool has_released = (is_news || mine.script != nullptr) && release_free();
  const bool goes_on = !yields_ && may_go_on(mine);
  lock.unlock();
  if (hold) hold.unlock();
  if (has_released) scheduler_.announce_ready();
  return goes_on;
}

void ClockCore::leave(int rank, bool by_error) noexcept {
  Seat& mine = seat(rank);
  if (!by_error && !root_.has_failed()) note_end(mine);
  // Leaving now would release peers that wait at the end of their records before they can learn of the error.
  // `abandon`, which comes later, lets this peer leave.
  if (by_error && mine.script != nullptr && !mine.script->has_left) return;
  leave(mine);
}

void ClockCore::leave(Seat& mine) noexcept {
  std::unique_lock<std::mutex> hold;
  if (network_ != nullptr) hold = network_->lock();
  std::unique_lock lock(mutex_);
  if (mine.gone) return;
  const bool is_last = --here_ == 0;
  at_minimum_ -= mine.counts() && mine.clock == minimum_;
  mine.gone = true;
  bool has_released = false;
  if (settle()) {
    if (network_ != nullptr) send();
    has_released = release_free();
  }
  lock.unlock();
  if (hold) hold.unlock();
  if (has_released) scheduler_.announce_ready();
  // Frames from other processes may still arrive for a distributed clock, which stays to the end of the run.
  if (is_last && network_ == nullptr) (void)scheduler_.remove(*this);
}

void ClockCore::arrive(Fiber& fiber, unsigned worker) {
  // Frames must be moved here: a program that only computes and ticks comes to no barrier.
  if (network_ != nullptr) network_->poll(worker);
  {
    const std::lock_guard lock(mutex_);
    if (!root_.has_failed() && !may_go_on(*seat_of(fiber))) return waiting_.push_back(&fiber);
  }
  scheduler_.ready(fiber);
}

void ClockCore::abandon(Fiber& fiber) {
  const bool has_failed = root_.has_failed();
  if (has_failed) spread_failure();  // first, so that peers waiting for this one learn of the failure
  Seat* const mine = seat_of(fiber);
  if (mine == nullptr) return;
  if (recorded_ != nullptr && !has_failed) note_end(*mine);
  leave(*mine);
}

void ClockCore::spread_failure() {
  // The barrier would tell the other processes too, but their peers may wait at this clock and never come to it.
  if (network_ != nullptr) network_->fail(root_.failed_rank(), root_.failure(), 0);
  release_waiting();
}

/// Makes the waiting peers ready that may continue. Called under the lock. True: there are some, and the caller calls
/// `announce_ready` after it has released the lock.
bool ClockCore::release_free() noexcept {
  const bool all = root_.has_failed();
  const auto rest = std::stable_partition(waiting_.begin(), waiting_.end(),
                                          [&](Fiber* fiber) { return !all && !may_go_on(*seat_of(*fiber)); });
  const std::span<Fiber* const> released(rest, waiting_.end());
  if (released.empty()) return false;
  scheduler_.put_ready(released);
  waiting_.erase(rest, waiting_.end());
  return true;
}

void ClockCore::release_waiting() {
  bool has_released = false;
  {
    const std::lock_guard lock(mutex_);
    has_released = release_free();
  }
  if (has_released) scheduler_.announce_ready();
}

/// Tells the other processes how often the slowest local peer has ticked, and sends the pushes that they may see.
void ClockCore::send() {
  if (network_->has_failed()) return;
  const auto frame = std::make_shared<Outgoing>();
  const auto may_leave = [this](const Push& push) { return staleness_ == unbounded || push.head.clock <= minimum_; };
  const auto rest = std::stable_partition(unsent_.begin(), unsent_.end(), may_leave);
  frame->pushes.assign(std::make_move_iterator(unsent_.begin()), std::make_move_iterator(rest));
  unsent_.erase(unsent_.begin(), rest);
  frame->head.envelope = {network_->run(), Envelope::frame_of_port, id_};
  frame->head.minimum = minimum_;
  frame->head.staleness = static_cast<std::uint64_t>(staleness_);
  frame->gather();
  for (const Link& link : links_)
    if (link.minimum != forever || options_.replay != nullptr) network_->send(link.process, frame->parts, frame);
}

void ClockCore::received(int process, Buffer bytes) {
  const auto link = std::find_if(links_.begin(), links_.end(), [&](const Link& l) { return l.process == process; });
  if (link == links_.end()) fail(Errc::parse, frame_context, "no peer of this world lives there");
  ClockHead head;
  if (bytes.size() < sizeof head) fail(Errc::parse, frame_context, "it has {} bytes", bytes.size());
  std::memcpy(static_cast<void*>(&head), bytes.data(), sizeof head);
  if (head.bytes != bytes.size())
    fail(Errc::parse, frame_context, "its length is {}, but {} bytes have come", head.bytes, bytes.size());
  if (head.staleness != static_cast<std::uint64_t>(staleness_))
    fail(Errc::invalid_argument, "bsp::StaleClock", "clock: the staleness is {} there, but {} here", head.staleness,
         staleness_);
  std::vector<Push> pushes = decode(process, head, std::make_shared<Buffer>(std::move(bytes)));
  const std::lock_guard lock(mutex_);
  if (head.minimum < link->minimum)
    fail(Errc::parse, frame_context, "tick {} has come after tick {}", head.minimum, link->minimum);
  for (const Push& push : pushes)
    if (push.head.clock <= link->minimum || (staleness_ != unbounded && push.head.clock > head.minimum))
      fail(Errc::parse, frame_context, "a push of tick {} has come between ticks {} and {}", push.head.clock,
           link->minimum, head.minimum);
  link->minimum = head.minimum;
  find_slowest();
  if (here_ != 0) take(pushes);
  if (!waiting_.empty()) network_->complete(*this);
}

std::vector<Push> ClockCore::decode(int process, const ClockHead& head, const std::shared_ptr<Buffer>& frame) const {
  const std::span<const std::byte> bytes = frame->bytes();
  std::uint64_t at = sizeof head;
  const auto take = [&](std::string_view what, std::uint64_t count, std::uint64_t size) {
    if (count > (bytes.size() - at) / size)
      fail(Errc::parse, frame_context, "{} is {}, expected at most {}", what, count, (bytes.size() - at) / size);
    return bytes.subspan(std::exchange(at, at + count * size), count * size);
  };
  std::vector<Push> pushes;
  for (std::uint64_t i = 0; i < head.pushes; ++i) {
    Push push{{}, {}, nullptr, frame};
    std::memcpy(&push.head, take("pushes", 1, sizeof push.head).data(), sizeof push.head);
    const int first = placement_.first(process), local = placement_.count(process);
    if (push.head.rank < first || push.head.rank >= first + local || push.head.clock == 0)
      fail(Errc::parse, frame_context, "a push is of peer {} at tick {}", push.head.rank, push.head.clock);
    const auto rows = take("rows", push.head.rows, sizeof(std::uint64_t));
    push.rows = {reinterpret_cast<const std::uint64_t*>(rows.data()), push.head.rows};
    push.values = take("value bytes", push.head.value_bytes, 1).data();
    take("padding", padding(push.head.value_bytes), 1);
    pushes.push_back(std::move(push));
  }
  return pushes;
}

TableCore& ClockCore::join_table(int rank, std::uint32_t index, const TableSpec& spec,
                                 std::span<const std::byte> initial) {
  const std::lock_guard lock(apply_);
  std::vector<std::unique_ptr<TableCore>>& tables = seat(rank).replica->tables;
  const bool is_new = index == tables.size();
  if (recorded_ != nullptr || options_.replay != nullptr) note_table(rank, index, is_new, spec, initial);
  if (is_new) tables.push_back(std::make_unique<TableCore>(spec, initial, placement_.size(), *pool_));
  TableCore& table = *tables[index];
  const TableSpec& other = table.spec();
  if (spec.type != other.type || spec.rows != other.rows || spec.width != other.width)
    fail(Errc::shape_mismatch, fmt::format("bsp::ParameterTable {} peer {}", index, rank),
         "the table is {} x {}, but {} x {} on another peer{}", spec.rows, spec.width, other.rows, other.width,
         spec.type != other.type ? ", of another type" : "");
  return table;
}

TableVersion& ClockCore::begin(TableCore& table, std::span<const std::byte> initial) {
  const std::lock_guard lock(apply_);
  return table.begin(initial);
}

void ClockCore::show(int rank, std::span<TableSeat* const> tables) {
  if (tables.empty() && recorded_ == nullptr && options_.replay == nullptr) return;
  const std::lock_guard lock(apply_);
  const Seat& mine = seat(rank);
  if (mine.is_at_end())
    diverge(rank, "its record ends here, since the recorded run failed, but this run has not failed");
  fold(*mine.replica);
  std::uint64_t number = mine.replica->applied, oldest = number;
  if (mine.script != nullptr) number = mine.script->seen[mine.clock - 1], oldest = oldest_look(*mine.replica);
  if (recorded_ != nullptr) recorded_->tracks[index(rank)].seen.push_back(number);
  for (TableSeat* const table : tables) table->impl().show(number, oldest);
}

void ClockCore::release(TableVersion& held) noexcept {
  const std::lock_guard lock(apply_);
  --held.readers;
}

/// Gives the tables the updates that are complete.
void ClockCore::fold(Replica& replica) {
  std::vector<std::unique_ptr<TableCore>>& tables = replica.tables;
  std::vector<Push> ready;
  std::uint64_t complete = 0;
  {
    const std::lock_guard lock(mutex_);
    complete = complete_;
    std::vector<Push>& unapplied = replica.unapplied;
    const auto rest = std::stable_partition(unapplied.begin(), unapplied.end(), [&](const Push& push) {
      return staleness_ == unbounded || push.head.clock <= complete;
    });
    ready.assign(std::make_move_iterator(unapplied.begin()), std::make_move_iterator(rest));
    unapplied.erase(unapplied.begin(), rest);
  }
  for (const Push& push : ready)
    if (push.head.table >= tables.size())
      fail(Errc::shape_mismatch, "bsp::StaleClock", "peer {} has pushed to table {}, but here are {} tables",
           push.head.rank, push.head.table, tables.size());
  if (staleness_ == unbounded) {
    for (const Push& push : ready) {
      tables[push.head.table]->append(++replica.applied, std::span(&push, 1));
      if (recorded_ != nullptr) recorded_->order.push_back(static_cast<std::uint32_t>(push.head.rank));
    }
  } else {
    const auto key = [](const Push& push) { return std::tuple(push.head.clock, push.head.table, push.head.rank); };
    std::sort(ready.begin(), ready.end(), [&](const Push& a, const Push& b) { return key(a) < key(b); });
    for (auto first = ready.begin(); first != ready.end();) {
      const auto last = std::find_if(first, ready.end(), [&](const Push& push) {
        return push.head.clock != first->head.clock || push.head.table != first->head.table;
      });
      tables[first->head.table]->append(first->head.clock, std::span(first, last));
      first = last;
    }
    replica.applied = complete;
  }
}

}  // namespace scalar::inline v0::bsp::detail
