#pragma once
/// Reads models that XGBoost saved; XGBoost's library is not needed.
#include <string_view>

#include "scalar/interchange/imported_model.hpp"

namespace scalar::inline v0::interchange {

/// Reads a model saved by XGBoost as JSON (`Booster.save_model("model.json")`, versions 1.0 to 3.x).
///
/// The margins of the forest are bit-identical to `output_margin` of the version that saved it, with all trees (a
/// `best_iteration` attribute is ignored) and NaN as the missing value.
/// Errors: `Errc::parse` for text that is not JSON; `Errc::corrupt`, naming the tree and the node, for a model that
/// does not make sense; `Errc::unsupported`, with the reason, for boosters other than gbtree, categorical splits,
/// vector leaves, and objectives whose prediction is not the margin or its logistic or softmax.
/// Complexity: one pass over a padded copy of the text.
ImportedModel read_xgboost(std::string_view model_json);

}  // namespace scalar::inline v0::interchange
