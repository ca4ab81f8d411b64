#pragma once
/// ClockLog: what timing decided in a run with clocks, so that the run can be repeated.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace scalar::inline v0::bsp {
namespace detail {

/// What one peer did and saw. Ticks count from 1; the first element of each vector is that of tick 1.
struct ClockTrack {
  bool has_come = false;              ///< the peer made the clock
  bool has_left = false;              ///< the peer destroyed the clock without an error, and never ticks again
  std::vector<std::uint32_t> pushed;  ///< per tick, the CRC-32C of what the peer pushed before it
  std::vector<std::uint64_t> seen;    ///< per tick, the version seen after it; one fewer if the run ended meanwhile
  bool operator==(const ClockTrack&) const = default;
};

/// What is recorded of a table.
struct RecordedTable {
  std::uint64_t rows = 0, width = 0, element_bytes = 0;
  std::uint64_t initial = 0;  ///< CRC-32C of the initial values
  bool operator==(const RecordedTable&) const = default;
};

/// Counts the clocks that use a log now. It is not copied with the log, since no clock uses the copy.
struct ClockLogUses {
  static constexpr int recording = -1;
  mutable std::atomic<int> count{0};  ///< number of replays, or `recording`

  ClockLogUses() = default;
  ClockLogUses(const ClockLogUses&) noexcept {}
  ClockLogUses& operator=(const ClockLogUses&) noexcept { return *this; }
};

/// What one process recorded of its peers.
struct ClockPart {
  std::uint64_t first = 0;  ///< rank of the first peer
  std::vector<RecordedTable> tables;
  std::vector<std::uint32_t> order;  ///< with `unbounded`: the ranks whose updates were applied, in that order
  std::vector<ClockTrack> tracks;    ///< of the peers `first`, `first` + 1, ...
  bool operator==(const ClockPart&) const = default;
};

}  // namespace detail

/// Which version of its tables each peer saw after each of its ticks. Timing decides nothing else in a program whose
/// peers share nothing but clocks, tables and what barriers carry.
///
/// `StaleClockOptions::record` fills a log, anew when the clock is made; with `StaleClockOptions::replay` the peers of
/// a run see the recorded versions again. A log holds the peers of one process, until those of others are added. It
/// grows by 12 bytes per peer and tick, and with `unbounded` by another 4 bytes per update and process.
///
/// Thread safety: const members may be called from any thread, but none while a run records into the log.
class ClockLog {
 public:
  /// The number of peers of the recorded world; 0: nothing is recorded.
  int peers() const noexcept { return peers_; }
  int staleness() const noexcept { return staleness_; }
  /// The versions that a peer saw, one per tick; empty for a peer that is not in the log or never made the clock.
  std::span<const std::uint64_t> versions(int rank) const noexcept;

  /// Adds what another process recorded of the same run. Errors: `Errc::invalid_argument` for a log with another number
  /// of peers or staleness, `Errc::already_exists` for peers that are in this log already.
  void add(const ClockLog& other);

  /// The bytes of a file: a magic with the version, a length, the content, and XXH3-128 of all these.
  std::vector<std::byte> bytes() const;
  /// The log in the bytes of a file; errors name `context`. Errors: `Errc::corrupt` for bytes that are not a log, or
  /// are cut off or damaged; `Errc::unsupported` for another version.
  static ClockLog from(std::span<const std::byte> bytes, const std::string& context = "clock log");
  /// Writes a file, which gets its name only once it is whole. Errors: `Errc::io`.
  void save(const std::string& path) const;
  /// Reads a file. Errors: `Errc::not_found`, `Errc::io` and those of `from`, naming the file.
  static ClockLog load(const std::string& path);

  bool operator==(const ClockLog& other) const noexcept {
    return peers_ == other.peers_ && staleness_ == other.staleness_ && parts_ == other.parts_;
  }

  /// Internal, from here on. A run begins to record the peers of a process. Errors: `Errc::invalid_argument` while
  /// another clock records into this log or replays it.
  detail::ClockPart& begin(int peers, int staleness, int first, int local);
  void end() noexcept;
  /// Marks this log as being replayed while the result lives. Errors: `Errc::invalid_argument` while a clock records.
  std::shared_ptr<const void> keep() const;
  /// The part with this peer; null: none.
  const detail::ClockPart* part(int rank) const noexcept;

 private:
  void check(const std::string& context) const;

  int peers_ = 0, staleness_ = 0;
  detail::ClockLogUses uses_;
  std::vector<detail::ClockPart> parts_;
};

}  // namespace scalar::inline v0::bsp
