#pragma once
/// One file of a checkpoint: what one process has written for its peers.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "scalar/bsp/detail/persisted.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0::bsp::detail {

/// What a file begins with. Then follow the sizes of what is common to all peers and of the parts, those bytes, and a
/// hash of it all.
struct CheckpointHead {
  static constexpr std::uint64_t right_magic = 0x3154'504b'4353'0a0d;  // "\r\nSCKPT1"
  static constexpr std::uint32_t right_version = 2;

  std::uint64_t magic = right_magic;
  std::uint32_t version = right_version;
  std::uint32_t in_shards = 0;         ///< 1: the parts are those of shards; 0: those of peers
  std::uint64_t parts = 0;             ///< of the run
  std::uint64_t first = 0, count = 0;  ///< the parts in this file
  std::uint64_t sequence = 0, epoch = 0;
};

/// A file that is there under its name only once it is whole.
class CheckpointWriter {
 public:
  /// Errors: those of all members are `Errc::io`.
  explicit CheckpointWriter(std::string path);
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  void write(std::span<const std::byte> bytes);
  void finish();

 private:
  void put(std::span<const std::byte> bytes);

  std::string path_, temporary_;  // the second is empty once it has its name
  int file_ = -1;
  Hasher hasher_;
};

/// Reads a file front to back, once; only after `check_end` is what was read known to be what was written.
class CheckpointReader {
 public:
  /// Errors: those of all members are `Errc::corrupt` and `Errc::io`.
  explicit CheckpointReader(const std::string& path);
  ~CheckpointReader();
  CheckpointReader(const CheckpointReader&) = delete;
  CheckpointReader& operator=(const CheckpointReader&) = delete;

  const CheckpointHead& head() const noexcept { return head_; }
  void read_common(std::vector<std::byte>& out);
  /// The next part becomes the last of `out`; null: it is only passed.
  void read_part(Pieces* out);
  void check_end();

 private:
  void read(std::span<std::byte> bytes);
  void get(std::span<std::byte> bytes);
  std::size_t next_size();
  [[noreturn]] void corrupt(const std::string& what) const;

  std::string path_;
  int file_ = -1;
  std::uint64_t left_ = 0;
  Hasher hasher_;
  CheckpointHead head_;
  std::vector<std::uint64_t> sizes_;
  std::size_t next_ = 0;  // of the sizes
};

/// Throws what the operating system says in `errno`.
[[noreturn]] void throw_io(const std::string& what, const std::string& path);

}  // namespace scalar::inline v0::bsp::detail
