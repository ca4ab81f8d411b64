#pragma once
/// Rounds: reports the rounds of a fit, finds the best one, and decides when the fit ends.
#include <cstdint>

#include "scalar/backend/backend.hpp"

namespace scalar::inline v0::backend {

/// Follows a fit from round to round. What it decides depends on nothing but the reported rounds and the options, so
/// peers that see the same validation values decide the same.
///
/// ```
/// Rounds rounds(options);
/// for (int round = 1; round <= most && goes_on; ++round) {
///   learn_a_round();
///   goes_on = rounds.report({"epoch", round, most, objective, validation.value(margins)});
///   if (rounds.is_best()) keep_weights();
/// }
/// ```
class Rounds {
 public:
  /// `options` must outlive this. `reports`: whether rounds are passed on to `options.progress`.
  explicit Rounds(const FitOptions& options, bool reports = true);

  /// Takes note of a round that has ended and passes it on. False: patience is spent, and the fit ends.
  bool report(FitProgress round);

  /// `FitProgress::done` of the best round, the last one that had a gain; of the last one without validation rows. 0
  /// before the first.
  std::int64_t best() const noexcept { return best_; }
  /// True if the round reported last is the best one.
  bool is_best() const noexcept { return is_best_; }
  /// True once patience is spent.
  bool is_over() const noexcept { return is_over_; }

 private:
  bool has_gain(double value) const;

  const FitOptions& options_;
  bool reports_, is_best_ = false, is_over_ = false;
  std::int64_t best_ = 0;
  int idle_ = 0;  // rounds since the best one
  double value_;  // of the best round
};

}  // namespace scalar::inline v0::backend
