#include "scalar/core/json.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "scalar/core/error.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"

using namespace scalar;

namespace {

std::string message_of(std::string_view text, int depth = 100) {
  try {
    json::parse(text, "x.json", depth);
  } catch (const Error& error) {
    CHECK(error.code() == Errc::parse);
    CHECK(error.context() == "x.json");
    return std::string(error.message());
  }
  return "parsed";
}

}  // namespace

TEST_CASE("canonical text: sorted keys, no spaces, shortest numbers", "[json]") {
  const json::Value value = json::parse(R"( {"b": [1, 2.50, -0.1e1, true, null], "a": "x"} )");
  CHECK(value.dump() == R"({"a":"x","b":[1,2.5,-1,true,null]})");
}

TEST_CASE("doubles survive text, bit by bit", "[json]") {
  Philox random(1);
  const auto survives = [](double number) {
    std::string text;
    json::append_number(text, number);
    return std::bit_cast<std::uint64_t>(json::parse(text).as_double()) == std::bit_cast<std::uint64_t>(number);
  };
  for (const double number : {0.0, -0.0, 0.1, 1e308, 5e-324, 1e20, 123456789012345680000.0, 0x1p63, -0x1p63, 1e19,
                              std::numeric_limits<double>::max(), std::numeric_limits<double>::min()})
    CHECK(survives(number));
  int lost = 0;
  for (int i = 0; i < 100'000; ++i) {
    const auto bits = std::uint64_t{random()} << 32 | random();
    const auto number = std::bit_cast<double>(bits);
    if (std::isfinite(number)) lost += !survives(number);
  }
  CHECK(lost == 0);
}

TEST_CASE("a dumped value parses to a value that dumps the same", "[json]") {
  for (const char* text :
       {"-0.0", "18446744073709551615", "-9223372036854775808", "1e300", "[]", "{}", "\"\\u0000\""}) {
    const std::string once = json::parse(text).dump();
    CHECK(json::parse(once).dump() == once);
  }
}

TEST_CASE("what is not finite becomes null", "[json]") {
  std::string text;
  json::append_number(text, std::numeric_limits<double>::quiet_NaN());
  json::append_number(text, -std::numeric_limits<float>::infinity());
  CHECK(text == "nullnull");
}

TEST_CASE("strings are escaped, and bytes that are no UTF-8 replaced", "[json]") {
  std::string text;
  json::append_string(text, "a\"\\\n\t\r\x01 \xc3\xa4 \xf0\x9f\x98\x80");
  CHECK(text == "\"a\\\"\\\\\\n\\t\\r\\u0001 \xc3\xa4 \xf0\x9f\x98\x80\"");
  // RFC 3629: overlong forms, surrogates, beyond U+10FFFF, cut sequences, stray continuations.
  for (const char* bad : {"\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\xff"}) {
    std::string out;
    json::append_string(out, bad);
    CHECK(out.find("\xef\xbf\xbd") == 1);
    CHECK_NOTHROW(json::parse(out));
  }
}

TEST_CASE("integers of 64 bits stay exact", "[json]") {
  CHECK(json::parse("9007199254740993").as_int() == 9007199254740993);
  CHECK(json::parse("18446744073709551615").as_uint() == 18446744073709551615u);
  CHECK(json::parse("-9223372036854775808").as_int() == std::numeric_limits<std::int64_t>::min());
  CHECK(json::parse("3.0").as_int() == 3);
  CHECK_THROWS_AS(json::parse("3.5").as_int(), Error);
  CHECK_THROWS_AS(json::parse("18446744073709551615").as_int(), Error);
  CHECK_THROWS_AS(json::parse("-1").as_uint(), Error);
}

TEST_CASE("what is no JSON is refused with a reason", "[json]") {
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\":1,}", "nul", "01", "1.", "\"\\x\"", "\"a", "{a:1}", "1 2",
                           "NaN", "\"\xff\"", "[1 2]", "\"\n\""})
    CHECK(message_of(text).find("does not parse") != std::string::npos);
  CHECK(message_of(R"({"a":1,"a":2})") == R"(JSON has the key "a" twice)");
}

TEST_CASE("depth is bounded", "[json]") {
  const auto nested = [](int levels) {
    return std::string(static_cast<std::size_t>(levels), '[') + std::string(static_cast<std::size_t>(levels), ']');
  };
  CHECK(message_of(nested(100)) == "parsed");
  CHECK(message_of(nested(101)) == "JSON is nested deeper than 100 levels");
  CHECK(message_of(nested(100'000)) == "JSON is nested deeper than 100 levels");
  CHECK(message_of(nested(4), 3) == "JSON is nested deeper than 3 levels");
}

TEST_CASE("accessors say what they found", "[json]") {
  const json::Value value = json::parse(R"({"a":[1]})");
  CHECK(value.at("a").as_array().size() == 1);
  CHECK(value.find("b") == nullptr);
  CHECK(json::Value(3).find("b") == nullptr);
  CHECK_THROWS_WITH(value.at("b"), R"(JSON object has no key "b")");
  CHECK_THROWS_WITH(value.at("a").as_string(), "expected a string, got an array");
  CHECK_THROWS_WITH(value.as_double(), "expected a number, got an object");
  CHECK_THROWS_WITH(json::Value("x").as_bool(), "expected a bool, got a string");
}
