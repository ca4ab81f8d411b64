#include "scalar/core/journal.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include "scalar/core/error.hpp"
#include "support/errors.hpp"
#include "support/golden.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using Catch::Matchers::Contains;

namespace {

const std::vector<std::string> records{"one", "", std::string("\0\xff\n", 3), std::string(40, 'x')};

std::string golden() { return test::source_file("tests/core/golden/two_opens.journal"); }

/// By two handles, as a journal that goes on.
void write(const std::string& path) {
  for (const std::size_t begin : {std::size_t{0}, std::size_t{2}}) {
    Journal journal(path);
    for (std::size_t i = begin; i < begin + 2; ++i) journal.append(records[i]);
  }
}

}  // namespace

TEST_CASE("writes the golden journal", "[.write]") {
  std::filesystem::remove(golden());
  write(golden());
}

TEST_CASE("the golden journal is read, and written alike today") {
  const test::TemporaryDirectory directory;
  test::write_file(directory / "golden", test::read_file(golden()));
  Journal journal(directory / "golden");
  CHECK(journal.records() == records);
  CHECK(journal.dropped_bytes() == 0);
  write(directory / "today");
  CHECK(test::read_file(directory / "today") == test::read_file(golden()));
}

TEST_CASE("a journal of another version is refused, with both versions") {
  const test::TemporaryDirectory directory;
  std::string bytes = test::read_file(golden());
  REQUIRE(bytes.substr(0, 8) == "scljrnl1");
  bytes[7] = '2';
  test::write_file(directory / "other", bytes);
  const std::string message = test::message_of(Errc::unsupported, [&] { Journal{directory / "other"}; });
  CHECK_THAT(message, Contains(directory / "other") && Contains("version is \"2\"") && Contains("version \"1\""));
  CHECK(test::read_file(directory / "other") == bytes);  // and left as it was
}
