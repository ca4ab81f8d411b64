#pragma once
/// Models that XGBoost saved, as canonical forests; the library is not needed.
#include <string_view>

#include "scalar/spec/forest.hpp"

namespace scalar::inline v0::backend {

/// Reads a model saved by XGBoost as JSON (`Booster.save_model("model.json")`, versions 1.0 to 3.x).
///
/// The margins of the forest are bit-identical to `output_margin` of the version that saved it, with all trees (a
/// `best_iteration` attribute is not looked at) and NaN as the missing value.
/// Errors: `Errc::parse` for text that is not JSON; `Errc::corrupt` naming tree and node for a model that does not make
/// sense; `Errc::unsupported` with the reason: boosters other than gbtree, categorical splits, vector leaves, and
/// objectives whose prediction is not the margin, a logistic or a softmax of it.
/// Complexity: one pass over the text, of which a padded copy is made.
Forest import_xgboost(std::string_view model_json);

}  // namespace scalar::inline v0::backend
