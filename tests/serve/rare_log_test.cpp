#include "serve/rare_log.hpp"

#include "support/catch.hpp"

using namespace std::chrono_literals;

TEST_CASE("what happens often is said once a minute, with how often it happened") {
  scalar::serve::RareLog log;
  const scalar::TimePoint start{0s};
  CHECK(log.count(start) == 1);
  CHECK(log.count(start) == 0);
  CHECK(log.count(start + 59s) == 0);
  CHECK(log.count(start + 60s) == 3);
  CHECK(log.count(start + 61s) == 0);
}
