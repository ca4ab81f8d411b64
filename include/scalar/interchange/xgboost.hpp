#pragma once
/// Reads and writes models of XGBoost; XGBoost's library is not needed.
#include <span>
#include <string>
#include <string_view>

#include "scalar/interchange/imported_model.hpp"

namespace scalar::inline v0::interchange {

/// Reads a model saved by XGBoost 1.0 to 3.x as JSON or UBJSON (`Booster.save_model("model.json")`, `"model.ubj"`).
///
/// Trees (`gbtree`, `dart`) become a Forest whose margins are bit-identical to `output_margin` of the version that
/// saved it, predicted from a DMatrix, with all trees (a `best_iteration` attribute is ignored) and NaN as the missing
/// value. A linear booster becomes LinearParameters, whose sums are taken in double. Inputs have the names of the
/// file's features. A feature of categories is a text if the file names its categories (since 3.1, if they were texts),
/// else the number of the category, and a note says so. The classes are "0", "1", ...
/// Errors: `Errc::parse` for a file that is neither JSON nor UBJSON; `Errc::corrupt`, naming the tree and the node, for
/// a model that does not make sense; `Errc::unsupported`, with the reason, for other boosters, and for objectives whose
/// prediction is not the margin or its logistic or softmax; `Errc::too_large` for a short file that claims very many
/// features, or categories with very large numbers.
/// Complexity: one pass over a padded copy of the text; UBJSON is turned into a text first.
ImportedModel read_xgboost(std::string_view model_file);

/// The forest as a JSON model that XGBoost 1.7 to 3.x loads, so that its tools (importance, plots, SHAP) work on it.
///
/// `feature_names` are those of the features, or none. XGBoost predicts the same margins, bit for bit if `forest.base`
/// is 0. Otherwise, its own margin is the float32 sum of the leaves and the base: our margin, rounded. A `start` that
/// no base score expresses, and the base, become trees of one leaf each. Categories are numbers.
/// Errors: `Errc::unsupported`, with the reason, for a forest whose width is not float32, for nodes that treat zero as
/// missing, and for categories from 2^24 on; `Errc::shape_mismatch` for names that are not one per feature;
/// `Errc::too_large` if the trees of the outputs are so uneven that the model would be several times as large as the
/// forest; those of `check(forest)`.
std::string write_xgboost(const Forest& forest, std::span<const std::string> feature_names = {});

}  // namespace scalar::inline v0::interchange
