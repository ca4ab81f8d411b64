#include "scalar/core/retry.hpp"

#include <algorithm>
#include <cmath>

#include "scalar/core/random.hpp"

namespace scalar::inline v0 {

Duration backoff(const RetryOptions& policy, int attempt) {
  const auto longest = static_cast<double>(Duration(policy.longest_wait).count());
  const auto first = static_cast<double>(Duration(policy.first_wait).count());
  const double ceiling = (std::min)(longest, first * std::pow(policy.factor, attempt - 1));
  Philox random(policy.seed, static_cast<std::uint64_t>(attempt));
  return Duration(static_cast<Duration::rep>(ceiling * random.uniform()));
}

}  // namespace scalar::inline v0
