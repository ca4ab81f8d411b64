#pragma once
/// Whole files and directories, as the storage of models needs them.
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "scalar/core/function_ref.hpp"

namespace scalar::inline v0::model::detail {

/// An open file.
class File {
 public:
  /// Opens `name` in the directory `folder` (or AT_FDCWD); `path` names it in errors. Errors: `Errc::not_found`,
  /// `Errc::io`.
  File(int folder, const std::string& name, int flags, std::string path);
  /// Opens `path`. Errors: `Errc::not_found`, `Errc::io`.
  File(const std::string& path, int flags);
  File(File&& other) noexcept;
  File(const File&) = delete;
  ~File();

  int number() const noexcept { return number_; }
  const std::string& path() const noexcept { return path_; }
  /// All bytes. Errors: `Errc::io`.
  std::vector<std::byte> read() const;
  /// Writes `bytes` and makes them durable. Errors: `Errc::io`.
  void write(std::span<const std::byte> bytes) const;
  void sync() const;

 private:
  std::string path_;
  int number_;
};

/// Calls `read(folder)` with the open directory at `path`, again when another one took its place meanwhile: what is
/// read through `folder` are files of one directory. Errors: `Errc::not_found`, `Errc::io`, naming the file; those of
/// `read`.
void read_directory(const std::string& path, FunctionRef<void(const File& folder)> read);

/// A directory that is filled aside and put in its place at once; what was not published is removed again.
class NewDirectory {
 public:
  /// Errors: `Errc::io`.
  explicit NewDirectory(std::string path);
  NewDirectory(const NewDirectory&) = delete;
  ~NewDirectory();

  /// Writes one file and makes it durable.
  void write(const std::string& name, std::span<const std::byte> bytes) const;
  /// Renames the directory to its place; one that is there is replaced, and readers see the old or the new one whole.
  /// Errors: `Errc::already_exists` where the place holds files that the new directory does not have; `Errc::io`.
  void publish();

 private:
  std::string path_, aside_;
  bool published_ = false;
};

}  // namespace scalar::inline v0::model::detail
