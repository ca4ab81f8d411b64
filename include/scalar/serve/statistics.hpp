#pragma once
/// What a server counts, for the program that runs it.
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "scalar/cache/cache.hpp"

namespace scalar::inline v0::serve {

/// One model that is served, and what was counted under its name since the server was made, across all versions.
struct ModelStatistics {
  std::string name{};
  std::vector<std::string> versions{};  ///< in the order they were added: the last answers requests without a version
  std::uint64_t requests = 0;           ///< infer requests that were answered
  std::uint64_t refused = 0;            ///< of these, with another status than 200
  std::uint64_t rows = 0;               ///< rows predicted, or found in a cache
  std::chrono::nanoseconds time{0};     ///< of all requests together, each from its last byte to its answer
  cache::CacheStats cache{};            ///< `entries` and `bytes` of the versions that are served now
};

}  // namespace scalar::inline v0::serve
