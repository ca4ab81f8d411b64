// What of a clock has to do with a log.
#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "bsp/async/clock_core.hpp"
#include "scalar/core/error.hpp"
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
  return std::to_string(table.rows) + " x " + std::to_string(table.width) + " elements of " +
         std::to_string(table.element_bytes) + " bytes";
}

}  // namespace

/// Gives each peer its record, and the peers of each recorded process a replica.
void ClockCore::follow(const ClockLog& log) {
  replayed_ = log.keep();
  if (log.peers() != placement_.size() || log.staleness() != staleness_)
    throw Error(Errc::invalid_argument,
                "the log is of " + std::to_string(log.peers()) + " peers with staleness " +
                    std::to_string(log.staleness()) + ", but here are " + std::to_string(placement_.size()) + " with " +
                    std::to_string(staleness_),
                "bsp::StaleClock replay");
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const int rank = placement_.first(placement_.here()) + static_cast<int>(i);
    const ClockPart* const part = log.part(rank);
    if (part == nullptr) continue;
    // With a bounded staleness the states of the tables are the same everywhere.
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
  throw Error(Errc::invalid_argument, what,
              "bsp::StaleClock replay: peer " + std::to_string(rank) + " tick " + std::to_string(seat(rank).clock));
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
    diverge(rank, "it makes table " + std::to_string(number) + ", but recorded are " + std::to_string(tables.size()));
  if (const RecordedTable& recorded = tables[number]; table != recorded)
    diverge(rank, "its table " + std::to_string(number) + " is " + text_of(table) + ", but recorded are " +
                      text_of(recorded) + (table.initial != recorded.initial ? ", with other initial values" : ""));
}

/// Writes down what the peer does at its next tick, or compares it with what it did.
void ClockCore::note_tick(int rank, std::uint32_t tables, std::span<const Push> pushes) {
  const std::uint32_t pushed = digest_of(pushes);
  if (recorded_ != nullptr) return recorded_->tracks[index(rank)].pushed.push_back(pushed);
  const Seat& mine = seat(rank);
  const std::uint64_t ticks = mine.script->pushed.size();
  if (mine.clock == 0 && tables != mine.replica->script->tables.size())
    diverge(rank, "it has made " + std::to_string(tables) + " tables, but recorded are " +
                      std::to_string(mine.replica->script->tables.size()));
  if (mine.clock >= ticks && mine.script->has_left)
    diverge(rank, "it ticks once more, but in the recorded run it left after " + std::to_string(ticks) + " ticks");
  if (mine.clock < ticks && mine.script->pushed[mine.clock] != pushed)
    diverge(rank, "what it has pushed for its next tick is not what was recorded");
}

/// The peer is through with its clock, and nothing has failed.
void ClockCore::note_end(const Seat& mine) noexcept {
  const int rank = rank_of(mine);
  if (recorded_ != nullptr) {
    ClockTrack& track = recorded_->tracks[index(rank)];
    track.has_left = track.has_come && track.seen.size() == track.pushed.size();  // a tick may have thrown
  }
  if (mine.script == nullptr || mine.clock >= mine.script->pushed.size()) return;
  try {
    diverge(rank,
            "it leaves, but in the recorded run it ticked " + std::to_string(mine.script->pushed.size()) + " times");
  } catch (...) {
    root_.fail(ranks_[index(rank)], std::current_exception());
  }
  spread_failure();
}

/// The first version that a peer with this replica may still go on to.
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

/// Of an unbounded replay.
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
