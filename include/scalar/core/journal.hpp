#pragma once
/// An append-only file of checksummed records: what was written whole is read back, a torn tail is not.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scalar::inline v0 {

struct JournalOptions {
  bool sync = true;  ///< fsync after each record
  std::uint64_t max_record_bytes = std::uint64_t{1} << 40;
};

/// A journal: an 8-byte magic and version, then records of `u64 length, u32 crc32c(length), u32 crc32c(payload),
/// payload`, little-endian.
///
/// Opening reads what is there. A record cut off at the end of the file (a crash while writing) is dropped and its
/// bytes are overwritten by the next append; a wrong checksum before the end is `Errc::corrupt` with the offset. Thread
/// safety: one thread at a time; one process at a time (the file is locked, else `Errc::unavailable`).
class Journal {
 public:
  /// Opens or creates. Errors: `Errc::io`, `Errc::corrupt`, `Errc::unavailable`.
  explicit Journal(std::string path, const JournalOptions& options = {});
  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) noexcept;
  ~Journal();

  /// The records that were there when the journal was opened, oldest first.
  const std::vector<std::string>& records() const noexcept;
  /// Bytes of a torn tail that opening dropped.
  std::uint64_t dropped_bytes() const noexcept;
  /// Appends one record; it is on disk when this returns (with `sync`). Errors: `Errc::io`; the file then ends where it
  /// did before.
  void append(std::string_view record);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalar::inline v0
