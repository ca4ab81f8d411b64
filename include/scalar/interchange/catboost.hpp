#pragma once
/// Reads models of CatBoost; CatBoost's library is not needed.
#include <string_view>

#include "scalar/interchange/imported_model.hpp"

namespace scalar::inline v0::interchange {

/// Reads a model saved by CatBoost 1.x as JSON (`save_model("model.json", format="json", pool=pool)`), as a Forest in
/// double.
///
/// The margins agree with `RawFormulaVal` to 1e-6, for features that are float32 numbers; a `scale` multiplies the
/// leaves and the bias is the forest's base. Inputs have the names of the file's features, in the order of its columns.
/// Categories are texts; CatBoost keeps their hashes, so the file must have the texts, too, which it has if it was
/// saved with its `pool`. Classes are named as in the file.
/// Errors: `Errc::parse` for text that is not JSON; `Errc::corrupt`, naming the tree, for a model that does not make
/// sense; `Errc::unsupported`, with the reason, for trees that are not symmetric, splits by statistics of the target
/// (CTRs: categories with more values than `one_hot_max_size`), features of texts and embeddings, categories whose
/// texts are not there, and losses whose prediction is not the margin or its logistic or softmax.
ImportedModel read_catboost(std::string_view model_json);

}  // namespace scalar::inline v0::interchange
