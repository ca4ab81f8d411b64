// The part of ClockCore that records into a log and replays one.
#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "bsp/async/clock_core.hpp"
#include "core/fail.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

std::uint32_t digest_of(std::span<const Push> pushes) {
  std::uint32_t digest = 0;
  for (const Push& push : pushes) {
    const std::uint64_t head[] = {push.head.table, push.head.rows, push.head.value_bytes};
    digest = crc32c(std::as_bytes(std::span(head)), digest);
    digest = crc32c(std::as_bytes(push.rows), digest);
    digest = crc32c({push.values, push.head.value_bytes}, digest);
  }
  return digest;
}

std::string text_of(const RecordedTable& table) {
  return fmt::format("{} x {} elements of {} bytes", table.rows, table.width, table.element_bytes);
}

}  // namespace

/// Gives each local peer its record, and a replica to the peers of each recorded process.
void ClockCore::follow(const ClockLog& log) {
  replayed_ = log.keep();
  if (log.peers() != placement_.size() || log.staleness() != staleness_)
    fail(Errc::invalid_argument, "bsp::StaleClock replay",
         "the log is of {} peers with staleness {}, but here are {} with {}", log.peers(), log.staleness(),
         placement_.size(), staleness_);
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const int rank = placement_.first(placement_.here()) + static_cast<int>(i);
    const ClockPart* const part = log.part(rank);
    if (part == nullptr) continue;
    // One replica is enough with a bounded staleness, where tables go through the same states in every process.
    if (replicas_.empty() || (staleness_ == unbounded && replicas_.back().script != part)) {
      replicas_.emplace_back().script = part;
      if (staleness_ == unbounded) replicas_.back().early.resize(static_cast<std::size_t>(placement_.size()));
    }
    seats_[i].replica = &replicas_.back();
    seats_[i].script = &part->tracks[static_cast<std::uint64_t>(rank) - part->first];
  }
}

void ClockCore::enter(int rank) {
  if (recorded_ != nullptr) recorded_->tracks[index(rank)].has_come = true;
  if (options_.replay == nullptr) return;
  if (const ClockTrack* const script = seat(rank).script; script == nullptr || !script->has_come)
    diverge(rank, script == nullptr ? "the log has no such peer" : "in the recorded run it did not make the clock");
}

void ClockCore::diverge(int rank, const std::string& what) {
  fail(Errc::invalid_argument, fmt::format("bsp::StaleClock replay: peer {} tick {}", rank, seat(rank).clock), "{}",
       what);
}

void ClockCore::note_table(int rank, std::uint32_t number, bool is_new, const TableSpec& spec,
                           std::span<const std::byte> initial) {
  const RecordedTable table{spec.rows, spec.width, spec.element_bytes, crc32c(initial)};
  if (recorded_ != nullptr) {
    if (is_new) recorded_->tables.push_back(table);
    return;
  }
  const std::vector<RecordedTable>& tables = seat(rank).replica->script->tables;
  if (number >= tables.size())
    diverge(rank, fmt::format("it makes table {}, but recorded are {}", number, tables.size()));
  if (const RecordedTable& recorded = tables[number]; table != recorded)
    diverge(rank, fmt::format("its table {} is {}, but recorded are {}{}", number, text_of(table), text_of(recorded),
                              table.initial != recorded.initial ? ", with other initial values" : ""));
}

/// Records what the peer does at its next tick, or compares it with what it did in the recorded run.
void ClockCore::note_tick(int rank, std::uint32_t tables, std::span<const Push> pushes) {
  const std::uint32_t pushed = digest_of(pushes);
  if (recorded_ != nullptr) return recorded_->tracks[index(rank)].pushed.push_back(pushed);
  const Seat& mine = seat(rank);
  const std::uint64_t ticks = mine.script->pushed.size();
  if (mine.clock == 0 && tables != mine.replica->script->tables.size())
    diverge(rank,
            fmt::format("it has made {} tables, but recorded are {}", tables, mine.replica->script->tables.size()));
  if (mine.clock >= ticks && mine.script->has_left)
    diverge(rank, fmt::format("it ticks once more, but in the recorded run it left after {} ticks", ticks));
  if (mine.clock < ticks && mine.script->pushed[mine.clock] != pushed)
    diverge(rank, "what it has pushed for its next tick is not what was recorded");
}

/// The peer has finished with its clock, and nothing has failed: records that, or compares it with the recorded run.
void ClockCore::note_end(const Seat& mine) noexcept {
  const int rank = rank_of(mine);
  if (recorded_ != nullptr) {
    ClockTrack& track = recorded_->tracks[index(rank)];
    track.has_left = track.has_come && track.seen.size() == track.pushed.size();  // a tick may have thrown
  }
  if (mine.script == nullptr || mine.clock >= mine.script->pushed.size()) return;
  try {
    diverge(rank, fmt::format("it leaves, but in the recorded run it ticked {} times", mine.script->pushed.size()));
  } catch (...) {
    root_.fail(ranks_[index(rank)], std::current_exception());
  }
  spread_failure();
}

/// The oldest version that a peer with this replica may still ask for.
std::uint64_t ClockCore::oldest_look(const Replica& replica) {
  const std::lock_guard lock(mutex_);
  std::uint64_t oldest = forever;
  for (const Seat& one : seats_) {
    if (one.gone || one.replica != &replica || one.script == nullptr) continue;
    const std::uint64_t look = one.clock == 0 ? 0 : one.clock - 1;  // perhaps it has looked already
    if (look < one.script->seen.size()) oldest = std::min(oldest, one.script->seen[look]);
  }
  return oldest;
}

/// For an unbounded replay: queues a push until the recorded order has come to it.
void ClockCore::Replica::take(Push push) {
  early[static_cast<std::size_t>(push.head.rank)].push_back(std::move(push));
  for (; came < script->order.size(); ++came) {
    std::deque<Push>& next = early[script->order[came]];
    if (next.empty()) return;
    unapplied.push_back(std::move(next.front()));
    next.pop_front();
  }
}

}  // namespace scalar::inline v0::bsp::detail
