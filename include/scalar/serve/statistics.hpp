#pragma once
/// The counts of a server, for the program that runs it.
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "scalar/cache/cache.hpp"

namespace scalar::inline v0::serve {

/// One model that is served. The counts are of all versions under its name, since the server was created.
struct ModelStatistics {
  std::string name{};
  std::vector<std::string> versions{};  ///< in the order of `add`: requests without a version get the last one
  std::uint64_t requests = 0;           ///< infer requests that were answered
  std::uint64_t refused = 0;            ///< of these, those answered with a status other than 200
  std::uint64_t rows = 0;               ///< rows predicted, or found in a cache
  std::chrono::nanoseconds time{0};     ///< total over all requests, each from its last byte to its answer
  cache::CacheStats cache{};            ///< `entries` and `bytes` are those of the versions served now
};

}  // namespace scalar::inline v0::serve
