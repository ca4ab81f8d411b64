#pragma once
/// ModelInfo: where a model comes from, how it was fitted, and how good it is.
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace scalar::inline v0 {

/// The rounds of a fit, in their order; empty if the fit had neither validation rows nor a progress function.
struct FitHistory {
  std::string round{};               ///< what a round is: "iteration", "epoch" or "tree"
  std::vector<double> objective{};   ///< `[rounds]`: what is minimized; empty if the backend does not tell it
  std::vector<double> validation{};  ///< `[rounds]`: the validation metric; empty without validation rows
  /// The round whose model this is, from 1: with validation rows the best one, else the last.
  std::int64_t best_round = 0;

  bool empty() const noexcept { return best_round == 0; }
  friend bool operator==(const FitHistory&, const FitHistory&) = default;
};

/// Where a model comes from and how good it was found to be.
struct ModelInfo {
  std::string backend{};                     ///< who learned it
  std::int64_t rows = 0;                     ///< training rows
  std::chrono::duration<double> fit_time{};  ///< wall time of the fit
  std::string version{};                     ///< of Scalar, when it was made
  std::map<std::string, double> metrics{};   ///< what was measured, by name
  std::vector<std::string> notes{};  ///< what seemed odd in training, one sentence each; logged as warnings then
  FitHistory history{};              ///< of a fit that processes share, in process 0 only

  friend bool operator==(const ModelInfo&, const ModelInfo&) = default;
};

}  // namespace scalar::inline v0
