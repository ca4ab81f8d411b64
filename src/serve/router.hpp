#pragma once
/// Finds the route and the model that a request target names.
#include <cstdint>
#include <string>
#include <string_view>

namespace scalar::inline v0::serve {

enum class Route : std::uint8_t {
  none,
  malformed,  // bad percent encoding
  server,
  live,
  ready,
  models,
  model,
  model_ready,
  infer,
  metrics,
};

/// Finds the route of `target`; the query is ignored. `name` and `version` receive the decoded parts of the path.
Route route(std::string_view target, std::string& name, std::string& version);

}  // namespace scalar::inline v0::serve
