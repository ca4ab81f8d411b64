#include "scalar/core/described.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace scalar;

namespace {

enum class Color { red, green };

struct Inner {
  double weight = 1;
  using Self = Inner;
  static constexpr std::string_view name = "inner";
  static constexpr auto fields() { return std::tuple{field<&Self::weight>.in(0, 2)}; }
};

struct Outer {
  int count = 3;
  Color color = Color::green;
  std::vector<int> sizes{1, 2};
  bool flag = false;
  std::string text = "t";
  Inner inner{};
  using Self = Outer;
  static constexpr std::string_view name = "outer";
  static constexpr auto fields() {
    return std::tuple{field<&Self::count>.in(1, 10),
                      field<&Self::color>,
                      field<&Self::sizes>.in(1, 9),
                      field<&Self::flag>,
                      field<&Self::text>,
                      field<&Self::inner>};
  }
};

}  // namespace

TEST_CASE("a described struct is canonical JSON and comes back", "[described]") {
  const std::string text = to_json(Outer{});
  CHECK(text == R"({"color":"green","count":3,"flag":false,"inner":{"weight":1},"sizes":[1,2],"text":"t"})");
  CHECK(to_json(parse_json<Outer>(text)) == text);
}

TEST_CASE("absent fields keep their defaults, unknown ones are refused", "[described]") {
  const auto outer = parse_json<Outer>(R"({"count":4,"sizes":[]})");
  CHECK(outer.count == 4);
  CHECK(outer.sizes.empty());
  CHECK(outer.text == "t");
  CHECK_THROWS_WITH(parse_json<Outer>(R"({"cuont":4})"), R"(outer: has no field "cuont")");
}

TEST_CASE("wrong values name struct, field, value and range", "[described]") {
  CHECK_THROWS_WITH(parse_json<Outer>(R"({"count":11})"), "outer.count: is 11, expected 1 to 10");
  CHECK_THROWS_WITH(parse_json<Outer>(R"({"inner":{"weight":3}})"), "inner.weight: is 3, expected 0 to 2");
  CHECK_THROWS_WITH(parse_json<Outer>(R"({"sizes":[1,0]})"), "outer.sizes: is 0, expected 1 to 9");
  CHECK_THROWS_WITH(parse_json<Outer>(R"({"count":99999999999})"),
                    "outer.count: 99999999999 does not fit the field's integer type");
  CHECK_THROWS_WITH(parse_json<Outer>(R"({"color":"blue"})"), R"(outer.color: "blue" is none of "red", "green")");
  CHECK_THROWS_WITH(parse_json<Outer>(R"({"count":"x"})"), "outer.count: expected an integer of 64 bits, got a string");
  CHECK_THROWS_WITH(parse_json<Outer>(R"({"inner":{"weight":null}})"),
                    "outer.inner: inner.weight: expected a number, got null");
  CHECK_THROWS_AS(parse_json<Outer>("[]"), Error);
  CHECK_THROWS_AS(validate(Outer{.count = 0}), Error);
}
