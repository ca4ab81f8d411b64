#include "scalar/bsp/cost/machine.hpp"

#include <string>

#include "scalar/bsp/engine.hpp"
#include "scalar/core/described.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace scalar;
using bsp::Machine;
using test::message_of;

TEST_CASE("a machine that was measured can be kept as JSON") {
  const Machine machine = bsp::probe(bsp::Engine({.peers = 2, .workers = 1}));
  const Machine again = parse_json<Machine>(to_json(machine));
  CHECK(again.p == 2);
  CHECK(again.r == machine.r);
  CHECK(again.l == machine.l);
  REQUIRE(again.g.size() == machine.g.size());
  for (const std::uint64_t bytes : {1ull, 5000ull, 1ull << 40}) CHECK(again.exchange(bytes) == machine.exchange(bytes));
}

TEST_CASE("a machine's JSON has a form that stays, and what is impossible is refused") {
  const std::string text = R"({"g":[{"bytes":1000,"nanoseconds":50}],"l":100,"p":4,"r":0.5})";
  CHECK(to_json(parse_json<Machine>(text)) == text);
  CHECK(parse_json<Machine>(R"({"p":2})").g.empty());
  CHECK(message_of(Errc::out_of_range, [] { parse_json<Machine>(R"({"l":-1})"); }).find("machine.l: is -1") !=
        std::string::npos);
  CHECK(message_of(Errc::out_of_range, [] {
          parse_json<Machine>(R"({"g":[{"bytes":1,"nanoseconds":-3}]})");
        }).find("gap.nanoseconds: is -3") != std::string::npos);
  message_of(Errc::parse, [] { parse_json<Machine>(R"({"g":[{"bytes":)"); });
}
