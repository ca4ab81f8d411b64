#include "scalar/core/journal.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "scalar/core/error.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using test::TemporaryDirectory;

namespace {

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}
void overwrite(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

}  // namespace

TEST_CASE("records come back in order", "[journal]") {
  const TemporaryDirectory directory;
  const std::string path = directory / "a.journal";
  const std::vector<std::string> records{"one", "", std::string(100'000, 'x'), std::string("\0\1", 2)};
  {
    Journal journal(path, {.sync = false});
    CHECK(journal.records().empty());
    for (const auto& record : records) journal.append(record);
  }
  CHECK(Journal(path).records() == records);
}

TEST_CASE("a journal cut anywhere gives its whole records and goes on", "[journal]") {
  const TemporaryDirectory directory;
  const std::string path = directory / "a.journal";
  std::vector<std::size_t> ends;
  {
    Journal journal(path, {.sync = false});
    ends.push_back(contents(path).size());
    for (const char* record : {"first", "second record", "3"}) {
      journal.append(record);
      ends.push_back(contents(path).size());
    }
  }
  const std::string whole = contents(path);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    overwrite(path, whole.substr(0, length));
    std::size_t expected = 0;
    while (expected + 1 < ends.size() && ends[expected + 1] <= length) ++expected;
    {
      Journal journal(path, {.sync = false});
      CHECK(journal.records().size() == expected);
      CHECK(journal.dropped_bytes() == (length < ends[0] ? 0 : length - ends[expected]));
      journal.append("again");
    }
    CHECK(Journal(path).records().size() == expected + 1);
    CHECK(Journal(path).records().back() == "again");
  }
}

TEST_CASE("a changed byte before the last record is an error that names the place", "[journal]") {
  const TemporaryDirectory directory;
  const std::string path = directory / "a.journal";
  {
    Journal journal(path, {.sync = false});
    for (const char* record : {"first", "second", "third"}) journal.append(record);
  }
  const std::string whole = contents(path);
  const std::size_t last = whole.size() - 16 - 5;
  for (std::size_t at = 0; at < last; ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    overwrite(path, changed);
    try {
      Journal journal(path);
      FAIL("byte " << at << " was changed, and nobody noticed");
    } catch (const Error& error) {
      CHECK(error.code() == (at == 7 ? Errc::unsupported : Errc::corrupt));  // byte 7 is the version
      CHECK(error.context() == path);
    }
  }
}

TEST_CASE("zeros at the end are a torn tail, as file systems leave them", "[journal]") {
  const TemporaryDirectory directory;
  const std::string path = directory / "a.journal";
  Journal(path, {.sync = false}).append("kept");
  overwrite(path, contents(path) + std::string(4096, '\0'));
  Journal journal(path);
  CHECK(journal.records() == std::vector<std::string>{"kept"});
  CHECK(journal.dropped_bytes() == 4096);
}

TEST_CASE("after a write that failed and left bytes behind, a journal takes no more records", "[journal]") {
  // A file in memory that may be sealed: then the system lets it neither grow nor shrink.
  const int file = ::memfd_create("journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  REQUIRE(file >= 0);
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  {
    Journal journal(path);
    journal.append("kept");
    REQUIRE(::ftruncate(file, 4096) == 0);  // room for the first part of a record
    REQUIRE(::fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) == 0);
    CHECK(test::message_of(Errc::io, [&] { journal.append(std::string(8192, 'x')); }) ==
          path + ": cannot write: Operation not permitted");
    const std::string after = contents(path);
    REQUIRE(after.size() == 4096);
    REQUIRE(after.back() == 'x');  // the write was cut off, and its bytes are still there
    CHECK_THAT(test::message_of(Errc::io, [&] { journal.append("next"); }),
               Catch::Matchers::Contains("an earlier append failed"));
    CHECK(contents(path) == after);
  }
  ::close(file);
}

TEST_CASE("a write that failed is taken back", "[journal]") {
  const int file = ::memfd_create("journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  REQUIRE(file >= 0);
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  {
    Journal journal(path);
    REQUIRE(::ftruncate(file, 4096) == 0);
    REQUIRE(::fcntl(file, F_ADD_SEALS, F_SEAL_GROW) == 0);
    CHECK(test::code_of([&] { journal.append(std::string(8192, 'x')); }) == Errc::io);
    CHECK(contents(path) == "scljrnl1");
  }
  ::close(file);
}

TEST_CASE("a journal is open once, in a directory that exists, and is no other file", "[journal]") {
  const TemporaryDirectory directory;
  const std::string path = directory / "a.journal";
  Journal first(path);
  CHECK_THROWS_WITH(Journal(path), Catch::Matchers::Contains("another process or handle"));
  CHECK_THROWS_WITH(Journal(directory / "none/a.journal"), Catch::Matchers::Contains("cannot open"));
  overwrite(directory / "other", "this is text");
  CHECK_THROWS_WITH(Journal(directory / "other"), Catch::Matchers::Contains("this is no journal"));
  Journal small(directory / "b.journal", {.sync = false, .max_record_bytes = 3});
  CHECK_THROWS_WITH(small.append("four"), Catch::Matchers::Contains("beyond the limit"));
}
