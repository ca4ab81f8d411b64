#include "interchange/ubjson.hpp"

#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;
using namespace std::string_literals;
using interchange::json_of_ubjson;

namespace {

void require_error(const std::string& bytes, const std::string& message) {
  try {
    (void)json_of_ubjson(bytes, "place");
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(error.code() == Errc::parse);
    CHECK_THAT(error.what(), Catch::StartsWith("place: byte "));
    CHECK_THAT(error.what(), Catch::Contains(message));
    return;
  }
  FAIL("was read, expected: " << message);
}

}  // namespace

// The examples of ubjson.org, and what XGBoost writes.
TEST_CASE("values of UBJSON become the same values of JSON") {
  CHECK(json_of_ubjson("Z", "") == "null");
  CHECK(json_of_ubjson("[TF]", "") == "[true,false]");
  CHECK(json_of_ubjson("[i\x80U\xffI\x80\x00l\x7f\xff\xff\xffL\x80\x00\x00\x00\x00\x00\x00\x00]"s, "") ==
        "[-128,255,-32768,2147483647,-9223372036854775808]");
  CHECK(json_of_ubjson("[d\x3f\x00\x00\x00"
                       "D\xbf\xf8\x00\x00\x00\x00\x00\x00]"s,
                       "") == "[0.5,-1.5]");
  // 1 unit above 1, the smallest float, and what JSON has no word for, in XGBoost's words.
  CHECK(json_of_ubjson("[$d#i\x05\x3f\x80\x00\x01\x00\x00\x00\x01\x7f\x80\x00\x00\xff\x80\x00\x00\x7f\xc0\x00\x00"s,
                       "") == "[1.0000001,1e-45,Infinity,-Infinity,NaN]");
  CHECK(json_of_ubjson("{i\x04name"
                       "Si\x03"
                       "a\"b"
                       "L\x00\x00\x00\x00\x00\x00\x00\x01xCc}"s,
                       "") == R"({"name":"a\"b","x":"c"})");
  CHECK(json_of_ubjson("[$U#I\x00\x03\x01\x02\xff"s, "") == "[1,2,255]");
  CHECK(json_of_ubjson("[#i\x02ZZ"s, "") == "[null,null]");
  CHECK(json_of_ubjson("{$i#i\x02i\x01"
                       "a\x01i\x01"
                       "b\x02"s,
                       "") == R"({"a":1,"b":2})");
  CHECK(json_of_ubjson("[NNi\x01N]"s, "") == "[1]");
  CHECK(json_of_ubjson("[[]{}]", "") == "[[],{}]");
}

TEST_CASE("bytes that are no UBJSON are an error with their offset") {
  require_error("", "expected 1 more bytes, got 0");
  require_error("x", "\"x\" is not a type");
  require_error("H", "\"H\" is not a type");
  require_error("ZZ", "1 bytes follow the end");
  require_error("[i\x01", "expected 1 more bytes");
  require_error(
      "Si\x05"
      "abc",
      "expected 5 more bytes, got 3");
  require_error(
      "Si\xff"
      "abc",
      "a length is -1");
  require_error("SZ", "expected the type of an integer, got \"Z\"");
  require_error("[$i", "a type and no count");
  require_error("[$Z#L\x7f\xff\xff\xff\xff\xff\xff\xff"s, "a container of type \"Z\"");
  require_error("[$d#L\x7f\xff\xff\xff\xff\xff\xff\xff"s, "a container of 9223372036854775807 elements");
  require_error("[#L\x7f\xff\xff\xff\xff\xff\xff\xff"s, "a container of 9223372036854775807 elements");
  require_error("[$d#i\x02\x00\x00\x00\x00"s, "a container of 2 elements, and 4 bytes follow");
  require_error(std::string(200, '['), "more than 100 levels deep");
}

TEST_CASE("UBJSON is told from JSON by its first bytes") {
  CHECK(interchange::is_ubjson("{L"));
  CHECK(interchange::is_ubjson("{i\x01"));
  CHECK(interchange::is_ubjson("{$d#"));
  CHECK_FALSE(interchange::is_ubjson("{\"learner\""));
  CHECK_FALSE(interchange::is_ubjson("{ \"learner\""));
  CHECK_FALSE(interchange::is_ubjson("{}"));
  CHECK_FALSE(interchange::is_ubjson(""));
}
