#include "bsp/tcp/suspicion.hpp"

#include <cmath>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using scalar::bsp::sockets::Suspicion;

TEST_CASE("phi is minus the decimal logarithm of the probability of an even later heartbeat") {
  const Suspicion::TimePoint start{};
  Suspicion suspicion(100ms, 0ms, start);
  auto now = start;
  for (int i = 0; i < 300; ++i) suspicion.heard(now += (i % 2 == 0 ? 20ms : 180ms));
  // Times of 20 and 180 ms: mean 100, deviation 80. One deviation late: 1 - 0.841345 of the normal distribution.
  CHECK(suspicion.phi(now + 100ms) == Approx(-std::log10(0.5)));
  CHECK(suspicion.phi(now + 180ms) == Approx(-std::log10(1 - 0.8413447460685429)).epsilon(1e-6));
  CHECK(suspicion.phi(now + 260ms) == Approx(-std::log10(1 - 0.9772498680518208)).epsilon(1e-6));
  CHECK(suspicion.phi(now + 1h) == 300);
  suspicion.excuse(1h);
  CHECK(suspicion.phi(now + 1h) < 1);
}

TEST_CASE("whatever it has seen, it gives a silent process up in less than 3 s by default") {
  for (const auto between : {1ms, 100ms, 400ms, 1400ms}) {
    Suspicion suspicion(100ms, 1500ms, {});
    Suspicion::TimePoint now{};
    for (int i = 0; i < 200; ++i) suspicion.heard(now += (i % 3 == 0 ? between : 100ms));
    CHECK(suspicion.phi(now + 1500ms) < 8);
    CHECK(suspicion.phi(now + 2700ms) > 8);
  }
}
