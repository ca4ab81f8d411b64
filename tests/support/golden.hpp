#pragma once
/// Golden files: stored forms as Scalar writes them, kept beside the tests that read them (docs/versioning.md).
///
/// The program of such a test writes its files again when it is called with "[.write]": do that only together with a
/// new version of the form.
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "support/catch.hpp"
#include "support/paths.hpp"

namespace test {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) FAIL("cannot read " << path);
  return text.str();
}

inline void write_file(const std::filesystem::path& path, const std::string& bytes) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// Both directories hold the same files with the same bytes.
inline void check_same_files(const std::filesystem::path& seen, const std::filesystem::path& expected) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(expected)) {
    INFO(entry.path());
    CHECK(read_file(seen / entry.path().filename()) == read_file(entry.path()));
    ++files;
  }
  CHECK(files > 0);
  for (const auto& entry : std::filesystem::directory_iterator(seen)) {
    INFO(entry.path());
    CHECK(std::filesystem::exists(expected / entry.path().filename()));
  }
}

}  // namespace test
