#include "bsp/tcp/parts.hpp"

#include "support/catch.hpp"

using namespace scalar::bsp::sockets;
using std::chrono::milliseconds;

namespace {

std::vector<int> gone(const std::vector<int>& processes, const std::vector<Break>& breaks) {
  return dropped(processes, breaks);
}

/// In hundredths of the unit.
long pause(int left, int before, int lowest) {
  return claim_pause({.left = left, .before = before, .lowest = lowest}, milliseconds(100)).count();
}

}  // namespace

TEST_CASE("a broken link costs the higher of its ends, and as few processes as possible go") {
  CHECK(gone({0, 1, 2, 3}, {}).empty());
  CHECK(gone({0, 1, 2, 3}, {{1, 2}}) == std::vector<int>{2});
  CHECK(gone({0, 1, 2, 3}, {{2, 1}, {1, 2}, {2, 1}}) == std::vector<int>{2});  // as both ends tell it
  CHECK(gone({0, 1, 2, 3}, {{1, 2}, {1, 3}}) == std::vector<int>{1});
  CHECK(gone({0, 1, 2, 3, 4}, {{1, 3}, {2, 4}}) == std::vector<int>{3, 4});
  CHECK(gone({2, 5, 7}, {{2, 7}}) == std::vector<int>{7});
  CHECK(gone({2, 5, 7}, {{2, 5}, {2, 7}}) == std::vector<int>{5, 7});  // who leads stays
  CHECK(gone({0, 2}, {{0, 1}, {1, 2}, {3, 2}, {2, 2}}).empty());       // of those that are not here
  CHECK(gone({4}, {{4, 4}}).empty());
}

TEST_CASE("a majority, or the half with process 0, does not wait before it claims") {
  CHECK(pause(4, 4, 0) == 0);
  CHECK(pause(3, 4, 1) == 0);
  CHECK(pause(2, 4, 0) == 0);
  CHECK(pause(1, 1, 0) == 0);
  CHECK(pause(5, 4, 2) == 0);  // newcomers
}

TEST_CASE("any other part waits longer the more it is outnumbered, and longer than the part with the lower process") {
  CHECK(pause(2, 4, 1) == 100);
  CHECK(pause(1, 4, 0) == 200);
  CHECK(pause(1, 4, 3) == 350);
  CHECK(pause(2, 5, 0) == 100);
  CHECK(pause(2, 5, 1) < pause(2, 5, 3));
  CHECK(pause(1, 1000, 0) == 800);
  for (int before = 2; before < 20; ++before)
    for (int left = 1; 2 * left <= before; ++left)
      for (int lowest = 0; lowest <= before - left; ++lowest)
        CHECK((pause(left, before, lowest) >= 100 || (2 * left == before && lowest == 0)));
}
