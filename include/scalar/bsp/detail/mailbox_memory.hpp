#pragma once
/// MailboxMemory: memory for messages when it is bounded. Internal to the room.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>

namespace scalar::inline v0::bsp::detail {

/// Gives blocks of messages memory, and beyond a cap memory in mapped files.
///
/// Thread safety: all functions may be called from any thread.
class MailboxMemory {
 public:
  /// Blocks beyond `cap_bytes` lie in unlinked files of `directory`; empty: the system's temporary directory.
  MailboxMemory(std::uint64_t cap_bytes, std::string directory);
  ~MailboxMemory();
  MailboxMemory(const MailboxMemory&) = delete;
  MailboxMemory& operator=(const MailboxMemory&) = delete;

  /// Errors: `Errc::io` when a file cannot be made, or its disk is full.
  void* allocate(std::size_t bytes, std::align_val_t alignment, bool may_spill);
  void release(void* memory, std::size_t bytes, std::align_val_t alignment) noexcept;
  /// Releases the memory of file pages that were written or read; they are read from the file when they are needed.
  void settle() noexcept;
  std::uint64_t spilled_bytes() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalar::inline v0::bsp::detail
