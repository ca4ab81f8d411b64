#include "serve/pace.hpp"

#include "support/catch.hpp"

using scalar::TimePoint;
using scalar::serve::Pace;
using scalar::serve::PaceLimits;
using namespace std::chrono_literals;

TEST_CASE("a transfer must keep an average rate after its grace, and never stall") {
  const TimePoint start{1h};
  Pace pace;
  const auto is_too_slow = [&](TimePoint now, std::uint64_t bytes) { return pace.is_too_slow(now, bytes, now); };
  pace.start(start, {.grace = 30s, .stall = 30s, .bytes_per_second = 1000});
  CHECK_FALSE(is_too_slow(start + 29s, 0));
  CHECK(is_too_slow(start + 30s, 0));

  pace.start(start, {.grace = 30s, .stall = 30s, .bytes_per_second = 1000});
  for (int i = 1; i <= 1000; ++i)  // 20 KB/s, hours long
    REQUIRE_FALSE(is_too_slow(start + i * 20s, static_cast<std::uint64_t>(i) * 400'000));
  CHECK_FALSE(is_too_slow(start + 1000 * 20s + 29s, 400'000'000));
  CHECK(is_too_slow(start + 1000 * 20s + 30s, 400'000'000));  // ahead of its rate, but it stalls

  pace.start(start, {.grace = 30s, .stall = 30s, .bytes_per_second = 1000});
  std::uint64_t bytes = 0;
  int seconds = 0;
  while (!is_too_slow(start + std::chrono::seconds(seconds), bytes) && seconds < 1000) ++seconds, bytes += 500;
  CHECK(seconds == 60);  // half the rate: 30 + 500 t / 1000 = t

  pace.start(start, {.grace = 5s, .stall = 30s, .bytes_per_second = 0});  // counts as 1
  CHECK(is_too_slow(start + 10s, 5));
}

TEST_CASE("progress counts from when it was seen, however long ago the clock was read") {
  const TimePoint start{1h};
  Pace pace;
  pace.start(start, {.grace = 30s, .stall = 30s, .bytes_per_second = 1});
  CHECK_FALSE(pace.is_too_slow(start + 1s, 1'000'000, start + 50s));  // the thread lost the processor for 49 s
  CHECK_FALSE(pace.is_too_slow(start + 79s, 1'000'000, start + 79s));
  CHECK(pace.is_too_slow(start + 80s, 1'000'000, start + 80s));
}
