#include "bsp/recovery/disk_faults.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

namespace {

namespace fs = std::filesystem;
using test::DiskFault;

DiskFault fault;
std::atomic<int> calls{0};

/// The files beside `path` with the same sequence number: `<name>.<sequence>.<epoch>.<first>.checkpoint`.
int files_of_checkpoint(const fs::path& path) {
  const std::string name = path.filename();
  const std::string begin = name.substr(0, name.find('.', name.find('.') + 1) + 1);
  int found = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(path.parent_path()))
    found += entry.path().filename().string().starts_with(begin) && entry.path().extension() == ".checkpoint";
  return found;
}

[[noreturn]] void die(const char* path) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (fault.files != 0 && files_of_checkpoint(path) != fault.files) {
    if (std::chrono::steady_clock::now() > until) std::_Exit(4);
    std::this_thread::yield();
  }
  ::raise(SIGKILL);
  std::_Exit(5);
}

template <class Call>
int faulty(bool is_rename, const char* path, Call call) {
  const bool now = fault.at_rename == is_rename && fault.kind != DiskFault::Kind::none && ++calls == fault.call;
  if (now && fault.kind == DiskFault::Kind::is_full) return errno = ENOSPC, -1;
  if (now && fault.kind == DiskFault::Kind::dies_before) die(path);
  const int result = call();
  if (now) die(path);
  return result;
}

}  // namespace

void test::set_disk_fault(const DiskFault& told) { fault = told; }

// The executable's own come before libc's.
extern "C" int rename(const char* from, const char* to) noexcept {
  return faulty(true, to, [&] { return ::renameat(AT_FDCWD, from, AT_FDCWD, to); });
}
extern "C" int fsync(int file) {
  return faulty(false, "", [&] { return static_cast<int>(::syscall(SYS_fsync, file)); });
}
