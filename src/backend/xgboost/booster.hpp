#pragma once
/// What fits with XGBoost's boosters share, trees and linear ones alike.
#include <string>
#include <utility>
#include <vector>

#include "backend/xgboost/library.hpp"
#include "core/fail.hpp"
#include "scalar/backend/check_fit_options.hpp"
#include "scalar/backend/xgboost/xgboost.hpp"
#include "scalar/data/dataset.hpp"
#include "scalar/interchange/imported_model.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0::backend::xgboost {

using Parameters = std::vector<std::pair<const char*, std::string>>;

/// No reason for one peer, and why XGBoost does not learn with more.
Support not_shared(int peers);

/// Refuses what no fit with XGBoost can do: what every fit calls first. Errors: those of `validate` and
/// `check_fit_options`; `Errc::unsupported`, with the reason, for what XGBoost does not learn.
template <class S>
void check_fit(const XGBoost& xgboost, const S& spec, const Dataset& data, const FitOptions& options,
               const FitAbilities& able) {
  validate(spec);
  check_fit_options("xgboost", S::name, data, options, able);
  if (const Support support = xgboost.supports(spec, options.peers); !support)
    fail(Errc::unsupported, "xgboost", "{}", support.reasons.front());
  if (options.transport != nullptr) fail(Errc::unsupported, "xgboost", "a fit is not shared with other processes");
}

/// A number as XGBoost reads it.
std::string text(double number);

/// XGBoost's names for a loss, and the base score that adds nothing to a margin.
Parameters objective_parameters(Loss loss, const Dataset& data);

/// Errors: `Errc::failed`, naming the parameter.
void set_parameters(const Library& library, Handle booster, const Parameters& parameters);

/// The training loss after `round`, as XGBoost reports it, with six digits; of the squared loss, half the mean square.
double training_loss(const Library& library, Handle booster, Handle matrix, int round, Loss loss);

/// What the booster has learned.
interchange::ImportedModel learned_model(const Library& library, Handle booster);

}  // namespace scalar::inline v0::backend::xgboost
