#pragma once
/// ModelInfo: where a model comes from, and how good it is.
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace scalar::inline v0 {

/// Where a model comes from and how good it was found to be.
struct ModelInfo {
  std::string backend{};                     ///< who learned it
  std::int64_t rows = 0;                     ///< training rows
  std::chrono::duration<double> fit_time{};  ///< wall time of the fit
  std::string version{};                     ///< of Scalar, when it was made
  std::map<std::string, double> metrics{};   ///< what was measured, by name
  std::vector<std::string> notes{};  ///< what seemed odd in training, one sentence each; logged as warnings then

  friend bool operator==(const ModelInfo&, const ModelInfo&) = default;
};

}  // namespace scalar::inline v0
