#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/fail.hpp"
#include "data/stores.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0::data {
namespace {

constexpr std::string_view temporary_mark = ".scalar-writing-";

[[noreturn]] void throw_errno(const Uri& uri, std::string_view what) {
  const int number = errno;
  const Errc code = number == ENOENT || number == ENOTDIR        ? Errc::not_found
                    : number == EACCES || number == EPERM        ? Errc::permission_denied
                    : number == ENOSPC || number == EDQUOT       ? Errc::resource_exhausted
                    : number == EISDIR || number == ENAMETOOLONG ? Errc::invalid_argument
                                                                 : Errc::io;
  fail(code, uri.string(), "{}: {}", what, std::generic_category().message(number));
}

const std::string& path_of(const Uri& uri) {
  if (!uri.authority().empty()) fail(Errc::unsupported, uri.string(), "files of another host, \"{}\"", uri.authority());
  if (uri.path().empty() || uri.path().ends_with('/'))
    fail(Errc::invalid_argument, uri.string(), "a path that is empty or ends with '/' names no object");
  if (uri.path().find('\0') != std::string::npos)
    fail(Errc::invalid_argument, uri.path().c_str(), "a path with a NUL byte names no object");
  return uri.path();
}

struct stat stat_of(const Uri& uri, int file) {
  struct stat info {};
  if ((file >= 0 ? ::fstat(file, &info) : ::stat(path_of(uri).c_str(), &info)) != 0)
    throw_errno(uri, "cannot look at the file");
  if (S_ISDIR(info.st_mode)) fail(Errc::invalid_argument, uri.string(), "is a directory, expected a file");
  return info;
}

ObjectInfo info_of(const Uri& uri, const struct stat& info) {
  const auto since = std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec);
  return {
      uri, static_cast<std::uint64_t>(info.st_size),
      std::chrono::system_clock::time_point(std::chrono::duration_cast<std::chrono::system_clock::duration>(since))};
}

class FileInput final : public Input {
 public:
  explicit FileInput(const Uri& uri) : uri_(uri), file_(::open(path_of(uri).c_str(), O_RDONLY | O_CLOEXEC)) {
    if (file_ < 0) throw_errno(uri, "cannot open");
    try {
      size_ = static_cast<std::uint64_t>(stat_of(uri, file_).st_size);
    } catch (...) {
      ::close(file_);
      throw;
    }
  }
  FileInput(const FileInput&) = delete;
  ~FileInput() override { ::close(file_); }

  std::size_t read(std::span<std::byte> out) override {
    for (;;) {
      const ssize_t got = ::read(file_, out.data(), out.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) throw_errno(uri_, "cannot read");
    }
  }
  std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    std::size_t done = 0;
    if (offset > static_cast<std::uint64_t>(INT64_MAX)) return 0;
    while (done < out.size()) {
      const ssize_t got = ::pread(file_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw_errno(uri_, "cannot read");
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }
  std::uint64_t size_bytes() const override { return size_; }

 private:
  Uri uri_;
  int file_;
  std::uint64_t size_ = 0;
};

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

/// A file written beside its place and renamed into it.
class FileOutput final : public Output {
 public:
  explicit FileOutput(const Uri& uri) : uri_(uri), path_(path_of(uri)) {
    struct stat info {};
    if (::stat(path_.c_str(), &info) == 0) stat_of(uri, -1);  // refuses a directory
    try {
      make_folders();
      const HashKey random = HashKey::random();
      temporary_ = folder_of(path_) + "/" + std::string(temporary_mark) + Hash128{random.first, random.second}.hex();
      file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (file_ < 0) throw_errno(uri_, "cannot create a file in its folder");
    } catch (...) {
      discard();
      throw;
    }
  }
  FileOutput(const FileOutput&) = delete;
  ~FileOutput() override { discard(); }

  void write(std::span<const std::byte> bytes) override {
    require_open();
    while (!bytes.empty()) {
      const ssize_t put = ::write(file_, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) throw_errno(uri_, "cannot write");
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
  }

  void commit() override {
    require_open();
    if (::fsync(file_) != 0) throw_errno(uri_, "cannot bring to disk");
    const int closed = ::close(file_);
    file_ = -1;
    if (closed != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0)
      throw_errno(uri_, "cannot put the file in its place");
    temporary_.clear();
    folders_.clear();
    // The file's name is on disk once its folder is synced. File systems that cannot sync folders are accepted.
    const int folder = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return;
    ::fsync(folder);
    ::close(folder);
  }

 private:
  void require_open() const {
    if (file_ < 0) fail(Errc::invalid_argument, uri_.string(), "was written to after its end");
  }
  void make_folders() {
    const std::string folder = folder_of(path_);
    for (std::size_t i = 1; i <= folder.size(); ++i) {
      if (i < folder.size() && folder[i] != '/') continue;
      const std::string part = folder.substr(0, i);
      if (::mkdir(part.c_str(), 0777) == 0)
        folders_.push_back(part);
      else if (errno != EEXIST)
        throw_errno(uri_, "cannot make the folder " + part);
    }
  }
  void discard() noexcept {
    if (file_ >= 0) ::close(file_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
    for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) ::rmdir(folder->c_str());
  }

  Uri uri_;
  std::string path_, temporary_;
  std::vector<std::string> folders_;  // the folders that were made for this file
  int file_ = -1;
};

/// Adds the files below `folder`; does not follow symbolic links to folders, so there are no cycles.
void walk(const Uri& uri, const std::string& folder, std::vector<ObjectInfo>& found) {
  DIR* entries = ::opendir(folder.c_str());
  if (entries == nullptr) {
    if (errno == ENOENT || errno == ENOTDIR) return;
    throw_errno(uri, "cannot list the folder " + folder);
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> guard(entries, ::closedir);
  const std::string prefix = folder.ends_with('/') ? folder : folder + "/";
  while (const dirent* entry = ::readdir(entries)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || name.starts_with(temporary_mark)) continue;
    const std::string path = prefix + std::string(name);
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) continue;  // removed meanwhile
    if (S_ISDIR(info.st_mode)) {
      walk(uri, path, found);
      continue;
    }
    if (S_ISLNK(info.st_mode) && (::stat(path.c_str(), &info) != 0 || S_ISDIR(info.st_mode))) continue;
    if (S_ISREG(info.st_mode)) found.push_back(info_of(Uri("file:").with_path(path), info));
  }
}

class FileStore {
 public:
  std::unique_ptr<Input> open(const Uri& uri) { return std::make_unique<FileInput>(uri); }
  std::unique_ptr<Output> create(const Uri& uri) { return std::make_unique<FileOutput>(uri); }
  ObjectInfo stat(const Uri& uri) { return info_of(uri, stat_of(uri, -1)); }
  std::vector<ObjectInfo> list(const Uri& uri) {
    if (!uri.authority().empty()) path_of(uri);  // throws: this store has files of this host only
    std::vector<ObjectInfo> found;
    walk(uri, uri.path().empty() ? "." : uri.path(), found);
    std::sort(found.begin(), found.end(),
              [](const ObjectInfo& a, const ObjectInfo& b) { return a.uri.path() < b.uri.path(); });
    return found;
  }
  void remove(const Uri& uri) {
    stat_of(uri, -1);  // refuses a directory
    if (::unlink(path_of(uri).c_str()) != 0) throw_errno(uri, "cannot remove");
  }
};

}  // namespace

AnyStore file_store() { return AnyStore(std::make_shared<FileStore>()); }

}  // namespace scalar::inline v0::data
