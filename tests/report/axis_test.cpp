#include "report/axis.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace scalar::report;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const double nan_value = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> labels(const Axis& axis) {
  std::vector<std::string> result;
  for (const Tick& tick : axis.ticks()) result.push_back(tick.label);
  return result;
}
using Labels = std::vector<std::string>;

}  // namespace

TEST_CASE("numbers are written as people write them", "[report]") {
  CHECK(number_text(0.87341, "", 3) == "0.873");
  CHECK(number_text(0.9, "", 4) == "0.9000");
  CHECK(number_text(0, "", 3) == "0");
  CHECK(number_text(-0.0, "%", 3) == "0\u00a0%");
  CHECK(number_text(200, "", 3) == "200");
  CHECK(number_text(123456, "", 3) == "123456");
  CHECK(number_text(12.5, "%", 3) == "12.5\u00a0%");
  CHECK(number_text(-0.31249, "", 3) == "\u22120.312");
  CHECK(number_text(1234567, "", 3) == "1.23\u00d710\u2076");
  CHECK(number_text(1e-7, "", 3) == "1.00\u00d710\u207b\u2077");
  CHECK(number_text(5e-324, "", 1) == "5\u00d710\u207b\u00b3\u00b2\u2074");
  CHECK(number_text(nan_value, "s", 3) == "n/a");
  CHECK(number_text(infinity, "s", 3) == "+\u221e");
  CHECK(number_text(-infinity, "s", 3) == "\u2212\u221e");
}

TEST_CASE("units that take prefixes get them", "[report]") {
  CHECK(number_text(0.0123, "s", 3) == "12.3\u00a0ms");
  CHECK(number_text(8.5e-5, "s", 2) == "85\u00a0\u00b5s");
  CHECK(number_text(42e-9, "s", 3) == "42.0\u00a0ns");
  CHECK(number_text(3e-11, "s", 2) == "0.030\u00a0ns");
  CHECK(number_text(1.5, "s", 3) == "1.50\u00a0s");
  CHECK(number_text(4321.5, "s", 5) == "4321.5\u00a0s");
  CHECK(number_text(0.9999, "s", 3) == "1.00\u00a0s");  // rounded up into the next prefix
  CHECK(number_text(0.0009996, "s", 3) == "1.00\u00a0ms");
  CHECK(number_text(67108864, "B", 3) == "67.1\u00a0MB");
  CHECK(number_text(12, "B", 3) == "12\u00a0B");
}

TEST_CASE("linear ticks are at nice numbers, with zero among them", "[report]") {
  CHECK(labels(Axis::linear({0.87, 0.91}, "")) == Labels{"0", "0.2", "0.4", "0.6", "0.8", "1.0"});
  CHECK(labels(Axis::linear({14.2, 0.08}, "s")) == Labels{"0", "5\u00a0s", "10\u00a0s", "15\u00a0s"});
  CHECK(labels(Axis::linear({0.0123}, "s")) == Labels{"0", "5\u00a0ms", "10\u00a0ms", "15\u00a0ms"});
  CHECK(labels(Axis::linear({-1.2, 0.7}, "")) == Labels{"\u22121.5", "\u22121.0", "\u22120.5", "0", "0.5", "1.0"});
  CHECK(labels(Axis::linear({}, "")) == labels(Axis::linear({1}, "")));
  CHECK(labels(Axis::linear({nan_value, infinity, -infinity}, "")) == labels(Axis::linear({1}, "")));
  CHECK(labels(Axis::linear({3.2e9}, "")).back() == "4\u00d710\u2079");
}

TEST_CASE("an axis holds its values for any magnitude", "[report]") {
  for (int exponent = -320; exponent <= 308; exponent += 4)
    for (const double factor : {1.0, 1.7, 9.99}) {
      const double value = factor * std::pow(10.0, exponent);
      if (!std::isfinite(value) || value == 0) continue;
      INFO("value " << value);
      for (const std::vector<double>& values :
           {std::vector<double>{value}, {-value}, {value, -value}, {value, value * 0.5}}) {
        const Axis axis = Axis::linear(values, "s");
        REQUIRE(axis.ticks().size() <= 12);
        REQUIRE_FALSE(axis.ticks().empty());
        for (const Tick& tick : axis.ticks()) REQUIRE((tick.at >= 0 && tick.at <= 1));
        for (const double shown : values) {
          REQUIRE((axis.at(shown) >= 0 && axis.at(shown) <= 1));
          REQUIRE(std::abs(axis.at(shown) - axis.at(0)) > 0.3 * (values.size() == 1));
        }
      }
      const Axis log = Axis::logarithmic({value, value * 0.5}, "s");
      REQUIRE((log.ticks().size() >= 2 && log.ticks().size() <= 12));
      REQUIRE((log.at(value) > log.at(value * 0.5) || value < 1e-320));
    }
}

TEST_CASE("logarithmic ticks are at 1, 2 and 5, or at powers of ten", "[report]") {
  CHECK(labels(Axis::logarithmic({6e-5, 3e-4}, "s")) ==
        Labels{"50\u00a0\u00b5s", "100\u00a0\u00b5s", "200\u00a0\u00b5s", "500\u00a0\u00b5s"});
  CHECK(labels(Axis::logarithmic({1e-6, 1}, "s")) == Labels{"1\u00a0\u00b5s", "10\u00a0\u00b5s", "100\u00a0\u00b5s",
                                                            "1\u00a0ms", "10\u00a0ms", "100\u00a0ms", "1\u00a0s"});
  const Axis one = Axis::logarithmic({0.01}, "s");
  CHECK(one.at(0.01) > 0);
  CHECK(one.at(0.01) < 1);
  const Axis decade = Axis::logarithmic({1, 100}, "");
  CHECK(decade.at(10) == Approx(0.5));
  CHECK(decade.at(0) == 0);  // outside: the nearest end
  CHECK(labels(Axis::logarithmic({5e-324, 1.7e308}, "")).size() <= 12);
}
