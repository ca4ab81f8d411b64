#include "scalar/data/uri.hpp"

#include <filesystem>

#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using scalar::Error;
using scalar::data::Uri;

TEST_CASE("uris and plain paths") {
  const auto check = [](const char* text, const char* scheme, const char* authority, const char* path) {
    INFO(text);
    const Uri uri(text);
    CHECK(uri.scheme() == scheme);
    CHECK(uri.authority() == authority);
    CHECK(uri.path() == path);
    CHECK(Uri(uri.string()) == uri);
  };
  check("adult.csv", "file", "", "adult.csv");
  check("/tmp/a b%20c.csv", "file", "", "/tmp/a b%20c.csv");  // a plain path has no escapes
  check("file:///tmp/a%20b.csv", "file", "", "/tmp/a b.csv");
  check("file://localhost/a", "file", "", "/a");
  check("file://host/a", "file", "host", "/a");
  check("file:relative", "file", "", "relative");
  check("FILE:s3%3Ax%25", "file", "", "s3:x%");
  check("./s3:x", "file", "", "./s3:x");
  check("c:/x", "file", "", "c:/x");
  check("12:30.csv", "file", "", "12:30.csv");
  check("mem:a", "mem", "", "a");
  check("mem:", "mem", "", "");
  check("mem:////a", "mem", "", "//a");
  check("s3://bucket/key%20x?y#z", "s3", "bucket", "/key%20x?y#z");
  check("//x/y", "file", "", "//x/y");
  CHECK(Uri("").empty());
  CHECK(Uri("").string().empty());
  CHECK_THROWS_AS(Uri("file:a%2"), Error);
  CHECK_THROWS_AS(Uri("file:a%zz"), Error);
  CHECK_THROWS_AS(Uri("file:a%00"), Error);
}

TEST_CASE("a filesystem path is a path whatever it contains") {
  const Uri uri(std::filesystem::path("model:v2/a%20b"));
  CHECK(uri.scheme() == "file");
  CHECK(uri.path() == "model:v2/a%20b");
  CHECK(Uri(std::filesystem::path()).empty());
}

TEST_CASE("names below") {
  CHECK((Uri("/tmp") / "a").string() == "/tmp/a");
  CHECK((Uri("/tmp/") / "a/b").string() == "/tmp/a/b");
  CHECK((Uri("mem:") / "a").string() == "mem:a");
  CHECK((Uri("s3://bucket") / "a").string() == "s3://bucket/a");
  CHECK((Uri() / "a").string() == "a");
}
