#include "scalar/backend/rounds.hpp"

#include <cmath>
#include <limits>

namespace scalar::inline v0::backend {

Rounds::Rounds(const FitOptions& options, bool reports)
    : options_(options), reports_(reports), value_(std::numeric_limits<double>::quiet_NaN()) {}

bool Rounds::has_gain(double value) const {
  if (std::isnan(value)) return false;
  if (std::isnan(value_)) return true;
  const double gain = options_.validation.metric == ValidationMetric::roc_auc ? value - value_ : value_ - value;
  return gain > options_.validation.least_gain;
}

bool Rounds::report(FitProgress round) {
  const bool compares = !options_.validation.data.empty();
  // The first round is the best so far whatever its value, so that there is a model to return.
  is_best_ = !compares || best_ == 0 || has_gain(round.validation);
  if (is_best_) {
    best_ = round.done;
    value_ = round.validation;
    idle_ = 0;
  } else {
    ++idle_;
  }
  is_over_ = compares && options_.validation.patience > 0 && idle_ >= options_.validation.patience;
  round.is_round = true;
  if (reports_ && options_.progress) options_.progress(round);
  return !is_over_;
}

}  // namespace scalar::inline v0::backend
