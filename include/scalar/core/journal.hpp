#pragma once
/// An append-only file of checksummed records.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scalar::inline v0 {

struct JournalOptions {
  bool sync = true;  ///< calls fdatasync after each record
  std::uint64_t max_record_bytes = std::uint64_t{1} << 40;
};

/// An append-only journal. The file holds an 8-byte magic and version, then records of
/// `u64 length, u32 crc32c(length), u32 crc32c(payload), payload`, little-endian.
///
/// Opening a journal reads its records. A record that is cut off at the end of the file (by a crash while writing) is
/// dropped from the file; a wrong checksum before the end is `Errc::corrupt` with the offset. Thread safety: one thread
/// at a time; one process at a time (the file is locked; opening a locked one is `Errc::unavailable`).
class Journal {
 public:
  /// Opens the journal, or creates it. Errors: `Errc::io`, `Errc::corrupt`, `Errc::unavailable`; `Errc::unsupported`
  /// for a journal of another version of the form, naming it.
  explicit Journal(std::string path, const JournalOptions& options = {});
  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) noexcept;
  ~Journal();

  /// The records that were there when the journal was opened, oldest first.
  const std::vector<std::string>& records() const noexcept;
  /// How many bytes of a record that was cut off were dropped by opening the journal.
  std::uint64_t dropped_bytes() const noexcept;
  /// Appends one record; with `sync`, it is on disk when this returns. Errors: `Errc::too_large` for a record above
  /// `max_record_bytes`; `Errc::io`, after which the file ends where it did before. If the system refuses even to cut
  /// the file there, every later append is `Errc::io`: what was written whole is found when the journal is opened anew.
  void append(std::string_view record);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalar::inline v0
