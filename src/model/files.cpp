#include "model/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/fail.hpp"

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE (1 << 1)
#endif

namespace scalar::inline v0::model::detail {
namespace {

[[noreturn]] void fail_by_errno(std::string_view what, const std::string& path) {
  fail(errno == ENOENT ? Errc::not_found : Errc::io, path, "{}: {}", what, std::generic_category().message(errno));
}

/// True when `path` no longer leads to the open directory `folder`.
bool is_replaced(const File& folder, const std::string& path) {
  struct stat opened {
  }, there{};
  if (::fstat(folder.number(), &opened) != 0) fail_by_errno("cannot stat", path);
  return ::stat(path.c_str(), &there) != 0 || opened.st_dev != there.st_dev || opened.st_ino != there.st_ino;
}

std::string parent(const std::string& path) {
  const std::string above = std::filesystem::path(path).parent_path().string();
  return above.empty() ? "." : above;
}

}  // namespace

File::File(int folder, const std::string& name, int flags, std::string path)
    : path_(std::move(path)), number_(::openat(folder, name.c_str(), flags | O_CLOEXEC, 0666)) {
  if (number_ < 0) fail_by_errno("cannot open", path_);
}
File::File(const std::string& path, int flags) : File(AT_FDCWD, path, flags, path) {}
File::File(File&& other) noexcept : path_(std::move(other.path_)), number_(std::exchange(other.number_, -1)) {}
File::~File() {
  if (number_ >= 0) ::close(number_);
}

std::vector<std::byte> File::read() const {
  struct stat info {};
  if (::fstat(number_, &info) != 0) fail_by_errno("cannot stat", path_);
  if (!S_ISREG(info.st_mode)) fail(Errc::io, path_, "is not a file");
  std::vector<std::byte> bytes(static_cast<std::size_t>(info.st_size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(number_, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_by_errno("cannot read", path_);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

void File::write(std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t put = ::write(number_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_by_errno("cannot write", path_);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  sync();
}

void File::sync() const {
  if (::fsync(number_) != 0) fail_by_errno("cannot sync", path_);
}

void read_directory(const std::string& path, FunctionRef<void(const File& folder)> read) {
  for (;;) {
    const File folder(path, O_RDONLY | O_DIRECTORY);
    try {
      return read(folder);
    } catch (const Error& error) {
      // A directory that was replaced is emptied: the one that took its place has what is missing.
      if (error.code() != Errc::not_found || !is_replaced(folder, path)) throw;
    }
  }
}

NewDirectory::NewDirectory(std::string path) : path_(std::move(path)) {
  while (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
  aside_ = path_ + ".XXXXXX";
  if (::mkdtemp(aside_.data()) == nullptr) fail_by_errno("cannot make a directory beside it", path_);
  if (::chmod(aside_.c_str(), 0755) != 0) fail_by_errno("cannot set the mode", aside_);
}

NewDirectory::~NewDirectory() {
  std::error_code ignored;
  if (!published_) std::filesystem::remove_all(aside_, ignored);
}

void NewDirectory::write(const std::string& name, std::span<const std::byte> bytes) const {
  File(aside_ + "/" + name, O_WRONLY | O_CREAT | O_EXCL).write(bytes);
}

void NewDirectory::publish() {
  File(aside_, O_RDONLY | O_DIRECTORY).sync();
  if (::rename(aside_.c_str(), path_.c_str()) != 0) {
    if (errno != ENOTEMPTY && errno != EEXIST) fail_by_errno("cannot rename " + aside_ + " to it", path_);
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      if (const std::string name = entry.path().filename(); !std::filesystem::exists(aside_ + "/" + name))
        fail(Errc::already_exists, path_, "holds \"{}\", so it is not a model that could be replaced", name);
    // A directory that holds something is exchanged, so that a reader never finds nothing there.
    if (::renameat2(AT_FDCWD, aside_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) != 0)
      fail_by_errno("cannot exchange it with " + aside_, path_);
    std::error_code ignored;
    std::filesystem::remove_all(aside_, ignored);
  }
  published_ = true;
  File(parent(path_), O_RDONLY | O_DIRECTORY).sync();
}

}  // namespace scalar::inline v0::model::detail
