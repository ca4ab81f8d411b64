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
  CHECK(again.peers == 2);
  CHECK(again.rate == machine.rate);
  CHECK(again.latency == machine.latency);
  REQUIRE(again.gaps.size() == machine.gaps.size());
  for (const std::uint64_t bytes : {1ull, 5000ull, 1ull << 40}) CHECK(again.exchange(bytes) == machine.exchange(bytes));
}

TEST_CASE("a machine's JSON has a form that stays, and what is impossible is refused") {
  const std::string text = R"({"gaps":[{"bytes":1000,"nanoseconds":50}],"latency":100,"peers":4,"rate":0.5})";
  CHECK(to_json(parse_json<Machine>(text)) == text);
  CHECK(parse_json<Machine>(R"({"peers":2})").gaps.empty());
  CHECK(message_of(Errc::out_of_range, [] {
          parse_json<Machine>(R"({"latency":-1})");
        }).find("machine.latency: is -1") != std::string::npos);
  CHECK(message_of(Errc::out_of_range, [] {
          parse_json<Machine>(R"({"gaps":[{"bytes":1,"nanoseconds":-3}]})");
        }).find("gap.nanoseconds: is -3") != std::string::npos);
  message_of(Errc::parse, [] { parse_json<Machine>(R"({"gaps":[{"bytes":)"); });
}
