#pragma once
/// ClockLog: what timing decided in a run with clocks, so that the run can be had again.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace scalar::inline v0::bsp {
namespace detail {

/// What one peer did and saw. Ticks count from 1; the first of each vector is that of tick 1.
struct ClockTrack {
  bool has_come = false;              ///< it made the clock
  bool has_left = false;              ///< and destroyed it of its own accord: it never ticks again
  std::vector<std::uint32_t> pushed;  ///< CRC-32C of what it pushed before a tick
  std::vector<std::uint64_t> seen;    ///< the version it went on with; one fewer when the run ended while it waited
  bool operator==(const ClockTrack&) const = default;
};

struct RecordedTable {
  std::uint64_t rows = 0, width = 0, element_bytes = 0;
  std::uint64_t initial = 0;  ///< CRC-32C of the initial values
  bool operator==(const RecordedTable&) const = default;
};

/// Who uses a log now. It belongs to the object: a copy of a log is used by nobody.
struct ClockLogUses {
  static constexpr int recording = -1;
  mutable std::atomic<int> count{0};  ///< replays; or `recording`

  ClockLogUses() = default;
  ClockLogUses(const ClockLogUses&) noexcept {}
  ClockLogUses& operator=(const ClockLogUses&) noexcept { return *this; }
};

/// What one process recorded: of the peers `first`, `first` + 1, ...
struct ClockPart {
  std::uint64_t first = 0;
  std::vector<RecordedTable> tables;
  std::vector<std::uint32_t> order;  ///< unbounded: whose update was applied, one after another
  std::vector<ClockTrack> tracks;
  bool operator==(const ClockPart&) const = default;
};

}  // namespace detail

/// Which version of its tables each peer saw at each of its ticks: all that timing decides in a program whose peers
/// share nothing but clocks, tables and what barriers carry.
///
/// `StaleClockOptions::record` fills one, anew when the clock is made; `StaleClockOptions::replay` has a run see the same again.
/// A log holds the peers of one process, until those of others are added. It grows by 12 bytes a peer and tick, with
/// `unbounded` also by 4 bytes an update and process.
///
/// Thread safety: const members from any thread; nothing while a run records into it.
class ClockLog {
 public:
  /// Of the recorded world; 0: nothing is recorded.
  int peers() const noexcept { return peers_; }
  int staleness() const noexcept { return staleness_; }
  /// The versions that a peer went on with, tick by tick; none for one that is not in the log or never made the clock.
  std::span<const std::uint64_t> versions(int rank) const noexcept;

  /// Takes in what another process recorded of the same run. Errors: `Errc::invalid_argument` for a log of other peers
  /// or staleness, `Errc::already_exists` for peers that are here already.
  void add(const ClockLog& other);

  /// A file's bytes: a magic with the version, a length, the content, XXH3-128 of all that.
  std::vector<std::byte> bytes() const;
  /// Errors: `Errc::corrupt` for bytes that are no log, cut off or damaged; `Errc::unsupported` for another version.
  /// `context` is what errors name.
  static ClockLog from(std::span<const std::byte> bytes, const std::string& context = "clock log");
  /// The file is there under its name only once it is whole. Errors: `Errc::io`.
  void save(const std::string& path) const;
  /// Errors: `Errc::not_found`, `Errc::io` and those of `from`, naming the file.
  static ClockLog load(const std::string& path);

  bool operator==(const ClockLog& other) const noexcept {
    return peers_ == other.peers_ && staleness_ == other.staleness_ && parts_ == other.parts_;
  }

  /// Internal, from here on. A run begins to record the peers of a process. Errors: `Errc::invalid_argument` while
  /// another clock records or replays this.
  detail::ClockPart& begin(int peers, int staleness, int first, int local);
  void end() noexcept;
  /// A run replays this as long as the result lives. Errors: `Errc::invalid_argument` while a clock records.
  std::shared_ptr<const void> keep() const;
  /// The part that has this peer; null: none.
  const detail::ClockPart* part(int rank) const noexcept;

 private:
  void check(const std::string& context) const;

  int peers_ = 0, staleness_ = 0;
  detail::ClockLogUses uses_;
  std::vector<detail::ClockPart> parts_;
};

}  // namespace scalar::inline v0::bsp
