#pragma once
/// Retries with full-jitter exponential backoff.
#include <chrono>
#include <cstdint>

#include "scalar/core/clock.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0 {

/// How often to try, and how long to wait between attempts. The wait before attempt `n + 1` is uniform in
/// `[0, min(longest_wait, first_wait * factor^(n - 1))]` ("full jitter", AWS Architecture Blog, 2015).
struct RetryOptions {
  int attempts = 3;  ///< including the first
  std::chrono::milliseconds first_wait{100};
  double factor = 2.0;
  std::chrono::milliseconds longest_wait{20'000};
  std::uint64_t seed = 0;  ///< seed of the jitter; equal seeds give equal waits
};

/// The wait after failed attempt number `attempt`, counted from 1.
Duration backoff(const RetryOptions& policy, int attempt);

/// True for errors that another attempt may avoid: unavailable, io, deadline_exceeded, resource_exhausted.
constexpr bool is_transient(Errc code) noexcept {
  return code == Errc::unavailable || code == Errc::io || code == Errc::deadline_exceeded ||
         code == Errc::resource_exhausted;
}

/// Calls `attempt()` until it returns, waiting on `clock` between attempts. Rethrows the last error, or the first one
/// for which `may_retry(error)` is false.
template <class Attempt, class MayRetry>
auto with_retry(const RetryOptions& policy, Clock& clock, Attempt&& attempt, MayRetry&& may_retry) {
  for (int count = 1;; ++count) {
    try {
      return attempt();
    } catch (const Error& error) {
      if (count >= policy.attempts || !may_retry(error)) throw;
    }
    clock.sleep_until(clock.now() + backoff(policy, count));
  }
}
/// As the other `with_retry`; it retries errors whose code `is_transient`.
template <class Attempt>
auto with_retry(const RetryOptions& policy, Clock& clock, Attempt&& attempt) {
  return with_retry(policy, clock, attempt, [](const Error& error) { return is_transient(error.code()); });
}

}  // namespace scalar::inline v0
