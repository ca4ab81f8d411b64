#pragma once
/// Writes and reads the files of a checkpoint: each process writes one file for its peers.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "scalar/bsp/detail/persisted.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0::bsp::detail {

/// The head of a file. After it come the size of the state that is common to all peers and the sizes of the parts, then
/// these bytes themselves, and a hash of all that. Other versions may change everything but the magic, the place of the
/// version, and the hash at the end: by these, a file of a later version is told from a damaged one.
struct CheckpointHead {
  static constexpr std::uint64_t right_magic = 0x3154'504b'4353'0a0d;  // "\r\nSCKPT1"
  static constexpr std::uint32_t right_version = 2;

  std::uint64_t magic = right_magic;
  std::uint32_t version = right_version;
  std::uint32_t in_shards = 0;         ///< 1: each part is a shard's state; 0: each part is a peer's
  std::uint64_t parts = 0;             ///< parts of the whole run
  std::uint64_t first = 0, count = 0;  ///< this file has the parts `[first, first + count)`
  std::uint64_t sequence = 0, epoch = 0;
};

/// Writes a file that gets its name only once it is whole.
class CheckpointWriter {
 public:
  /// Errors, of every member: `Errc::io`.
  explicit CheckpointWriter(std::string path);
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  void write(std::span<const std::byte> bytes);
  void finish();

 private:
  void put(std::span<const std::byte> bytes);

  std::string path_, temporary_;  // `temporary_` is empty once the file has its final name
  int file_ = -1;
  Hasher hasher_;
};

/// Reads a file once, from front to back. What it has read is known to be undamaged only after `check_end`.
class CheckpointReader {
 public:
  /// Errors, of every member: `Errc::corrupt` and `Errc::io`; here also `Errc::unsupported` for a file of another
  /// version: 1, or any other if its hash is right.
  explicit CheckpointReader(const std::string& path);
  ~CheckpointReader();
  CheckpointReader(const CheckpointReader&) = delete;
  CheckpointReader& operator=(const CheckpointReader&) = delete;

  const CheckpointHead& head() const noexcept { return head_; }
  void read_common(std::vector<std::byte>& out);
  /// Appends the next part to `out`, or skips it when `out` is null.
  void read_part(Pieces* out);
  void check_end();

 private:
  void read(std::span<std::byte> bytes);
  void get(std::span<std::byte> bytes);
  std::size_t next_size();
  /// Reads the next `size` bytes, and keeps none of them.
  void pass(std::uint64_t size);
  /// Reads the hash, and returns whether it is that of all that was read before it.
  bool is_hash_right();
  [[noreturn]] void refuse_version();
  [[noreturn]] void corrupt(const std::string& what) const;

  std::string path_;
  int file_ = -1;
  std::uint64_t left_ = 0;
  Hasher hasher_;
  CheckpointHead head_;
  std::vector<std::uint64_t> sizes_;
  std::size_t next_ = 0;  // index of the next part's size
};

/// Throws `Errc::io` with `what` and the system's message for `errno`.
[[noreturn]] void throw_io(const std::string& what, const std::string& path);

}  // namespace scalar::inline v0::bsp::detail
