#pragma once
/// Whole files and directories, as the storage of models needs them.
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace scalar::inline v0::model {

/// The bytes of a file. Errors: `Errc::not_found`, `Errc::io`, naming the path.
std::vector<std::byte> read_file(const std::string& path);

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

}  // namespace scalar::inline v0::model
