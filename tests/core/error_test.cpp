#include "scalar/core/error.hpp"

#include <set>
#include <string>

#include "support/catch.hpp"

using namespace scalar;

TEST_CASE("an error tells its place, its message and its code", "[error]") {
  const Error error(Errc::parse, "expected a number, got \"x\"", "adult.csv:12:5");
  CHECK(std::string(error.what()) == "adult.csv:12:5: expected a number, got \"x\"");
  CHECK(error.context() == "adult.csv:12:5");
  CHECK(error.message() == "expected a number, got \"x\"");
  CHECK(error.code() == Errc::parse);
}

TEST_CASE("an error without context is its message", "[error]") {
  const Error error(Errc::io, "no space");
  CHECK(std::string(error.what()) == "no space");
  CHECK(error.context().empty());
  CHECK(error.message() == "no space");
}

TEST_CASE("a NUL does not end the text of an error", "[error]") {
  const Error error(Errc::parse, std::string("got \"x\0y\", expected a number", 28), std::string("a\0b", 3));
  CHECK(std::string(error.what()) == "a\\x00b: got \"x\\x00y\", expected a number");
  CHECK(error.context() == "a\\x00b");
  CHECK(error.message() == "got \"x\\x00y\", expected a number");
  CHECK(std::string(error.within("outer").what()) == "outer: " + std::string(error.what()));
}

TEST_CASE("within puts a place around an error", "[error]") {
  CHECK(std::string(Error(Errc::io, "gone").within("model").what()) == "model: gone");
  const Error twice = Error(Errc::io, "gone", "inner").within("outer");
  CHECK(twice.context() == "outer: inner");
  CHECK(twice.message() == "gone");
}

TEST_CASE("codes have frozen numbers, distinct names and an HTTP status", "[error]") {
  CHECK(static_cast<int>(Errc::ok) == 0);
  CHECK(static_cast<int>(Errc::not_found) == 2);
  CHECK(static_cast<int>(Errc::aborted) == 14);
  CHECK(static_cast<int>(Errc::empty) == 21);
  std::set<std::string_view> names;
  for (int code = 0; code <= 21; ++code) {
    const auto errc = static_cast<Errc>(code);
    CHECK(name(errc) != "unknown");
    CHECK(names.insert(name(errc)).second);
    CHECK(http_status(errc) >= 200);
    CHECK(http_status(errc) < 600);
  }
  CHECK(http_status(Errc::ok) == 200);
  CHECK(http_status(Errc::not_found) == 404);
  CHECK(http_status(Errc::too_large) == 413);
  CHECK(http_status(Errc::deadline_exceeded) == 504);
  CHECK(name(static_cast<Errc>(4711)) == "unknown");
  CHECK(http_status(static_cast<Errc>(-1)) == 500);
}
