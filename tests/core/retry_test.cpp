#include "scalar/core/retry.hpp"

#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace scalar;
using std::chrono::milliseconds;

namespace {

/// A clock on which every sleep is over at once, and remembered.
class SkippingClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return now_; }
  void sleep_until(TimePoint time) override {
    slept.push_back(time - now_);
    now_ = time;
  }
  std::vector<Duration> slept{};

 private:
  TimePoint now_{};
};

}  // namespace

TEST_CASE("waits grow by the factor up to the longest, with full jitter", "[retry]") {
  RetryOptions policy{.attempts = 10, .first_wait = milliseconds(100), .factor = 2, .longest_wait = milliseconds(1000)};
  double sum = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    policy.seed = seed;
    for (int attempt = 1; attempt <= 8; ++attempt) {
      const Duration ceiling = (std::min<Duration>)(milliseconds(100 * (1 << (attempt - 1))), milliseconds(1000));
      CHECK(backoff(policy, attempt) >= Duration(0));
      CHECK(backoff(policy, attempt) <= ceiling);
    }
    sum += std::chrono::duration<double, std::milli>(backoff(policy, 8)).count();
    CHECK(backoff(policy, 3) == backoff(policy, 3));
  }
  CHECK(sum / 1000 == Approx(500).margin(40));  // uniform in [0, 1000]: standard error 9
}

TEST_CASE("transient errors are tried again after the policy's waits", "[retry]") {
  SkippingClock clock;
  int calls = 0;
  const RetryOptions policy{.attempts = 5};
  const int result = with_retry(policy, clock, [&] {
    if (++calls < 3) throw Error(Errc::unavailable, "not yet");
    return 42;
  });
  CHECK(result == 42);
  CHECK(calls == 3);
  CHECK(clock.slept == std::vector<Duration>{backoff(policy, 1), backoff(policy, 2)});
}

TEST_CASE("a manual clock wakes sleepers when their time has come", "[clock]") {
  test::ManualClock clock;
  const TimePoint start = clock.now();
  std::jthread sleeper([&] { clock.sleep_until(start + milliseconds(5)); });
  clock.wait_for_sleepers(1);
  clock.advance(milliseconds(4));
  clock.wait_for_sleepers(1);  // still asleep
  clock.advance(milliseconds(1));
  sleeper.join();
  CHECK(clock.now() == start + milliseconds(5));
  clock.sleep_until(start);  // in the past: returns at once
}

TEST_CASE("other errors, and the last one, leave at once", "[retry]") {
  SkippingClock clock;
  int calls = 0;
  CHECK_THROWS_WITH(with_retry(RetryOptions{}, clock,
                               [&]() -> int {
                                 ++calls;
                                 throw Error(Errc::not_found, "gone");
                               }),
                    "gone");
  CHECK(calls == 1);
  CHECK_THROWS_AS(with_retry(RetryOptions{.attempts = 1}, clock, [&]() -> int { throw Error(Errc::io, "x"); }), Error);
  CHECK(is_transient(Errc::io));
  CHECK(!is_transient(Errc::corrupt));
}
