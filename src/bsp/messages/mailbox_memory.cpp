#include "scalar/bsp/detail/mailbox_memory.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {

struct MailboxMemory::Impl {
  std::uint64_t cap;
  std::string directory;
  std::atomic<std::uint64_t> in_heap{0};
  std::atomic<std::uint64_t> in_files{0};
  std::mutex mutex;
  std::map<void*, std::size_t> files;  // the mapped blocks, by address
};

namespace {

[[noreturn]] void throw_io(std::string_view what, const std::string& directory) {
  fail(Errc::io, directory, "{}: {}", what, std::system_category().message(errno));
}

constexpr std::size_t least = 64 << 10;  // smaller blocks are not worth a file

/// Large blocks are mapped from the system and unmapped, since memory that the heap keeps after a release would exceed
/// the cap.
bool is_mapped(std::size_t bytes, std::align_val_t alignment) noexcept {
  return bytes >= least && static_cast<std::size_t>(alignment) <= 4096;
}

void* take(std::size_t bytes, std::align_val_t alignment) {
  if (!is_mapped(bytes, alignment)) return ::operator new(bytes, alignment);
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return memory;
}

/// A file without a name. Where the file system does not support that, a file that is unlinked at once.
int open_nameless(const std::string& directory) {
  int file = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
  std::string path = directory + "/scalar-messages-XXXXXX";
  file = ::mkostemp(path.data(), O_CLOEXEC);
  if (file >= 0) ::unlink(path.c_str());
  return file;
}

void* map_file(const std::string& directory, std::size_t bytes) {
  const int file = open_nameless(directory);
  if (file < 0) throw_io("cannot create a file for messages", directory);
  // Reserves the room now, so that a full disk is an error here and not a signal when a message is written.
  const int error = ::posix_fallocate(file, 0, static_cast<off_t>(bytes));
  void* memory = error == 0 ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  if (error != 0) errno = error;
  const int reason = errno;
  ::close(file);
  errno = reason;
  if (memory == MAP_FAILED) throw_io(fmt::format("no room for {} bytes of messages", bytes), directory);
  return memory;
}

}  // namespace

MailboxMemory::MailboxMemory(std::uint64_t cap_bytes, std::string directory) : impl_(std::make_unique<Impl>()) {
  impl_->cap = cap_bytes;
  impl_->directory = directory.empty() ? std::filesystem::temp_directory_path().string() : std::move(directory);
}

MailboxMemory::~MailboxMemory() {
  for (const auto& [memory, bytes] : impl_->files) ::munmap(memory, bytes);
}

void* MailboxMemory::allocate(std::size_t bytes, std::align_val_t alignment, bool may_spill) {
  const std::uint64_t before = impl_->in_heap.fetch_add(bytes, std::memory_order_relaxed);
  if (!may_spill || bytes < least || before + bytes <= impl_->cap) {
    try {
      return take(bytes, alignment);
    } catch (...) {
      impl_->in_heap.fetch_sub(bytes, std::memory_order_relaxed);
      throw;
    }
  }
  impl_->in_heap.fetch_sub(bytes, std::memory_order_relaxed);
  void* memory = map_file(impl_->directory, bytes);
  const std::lock_guard lock(impl_->mutex);
  impl_->files.emplace(memory, bytes);
  impl_->in_files.fetch_add(bytes, std::memory_order_relaxed);
  return memory;
}

void MailboxMemory::release(void* memory, std::size_t bytes, std::align_val_t alignment) noexcept {
  {
    const std::lock_guard lock(impl_->mutex);
    if (const auto file = impl_->files.find(memory); file != impl_->files.end()) {
      impl_->files.erase(file);
      impl_->in_files.fetch_sub(bytes, std::memory_order_relaxed);
      ::munmap(memory, bytes);
      return;
    }
  }
  impl_->in_heap.fetch_sub(bytes, std::memory_order_relaxed);
  if (is_mapped(bytes, alignment)) {
    ::munmap(memory, bytes);
  } else {
    ::operator delete(memory, alignment);
  }
}

void MailboxMemory::settle() noexcept {
  const std::lock_guard lock(impl_->mutex);
  for (const auto& [memory, bytes] : impl_->files) ::madvise(memory, bytes, MADV_DONTNEED);
}

std::uint64_t MailboxMemory::spilled_bytes() const noexcept { return impl_->in_files.load(std::memory_order_relaxed); }

}  // namespace scalar::inline v0::bsp::detail
