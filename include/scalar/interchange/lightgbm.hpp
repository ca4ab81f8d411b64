#pragma once
/// Reads models of LightGBM; LightGBM's library is not needed.
#include <string_view>

#include "scalar/interchange/imported_model.hpp"

namespace scalar::inline v0::interchange {

/// Reads a text model saved by LightGBM 3.x or 4.x (`Booster.save_model("model.txt")`), as a Forest in double.
///
/// The margins are bit-identical to `predict(raw_score=True)` with all trees, for features that are float32 numbers. Of
/// two kinds of model they are another number, up to rounding, and a note says so: of a random forest
/// (`average_output`) the raw score divided by the number of trees, which is LightGBM's prediction; of `binary` with a
/// `sigmoid` other than 1 the raw score times that, since the logistic of a forest has no such factor. A number between
/// -1 and 0 is no category, where LightGBM takes it for category 0.
/// Inputs have the names of the file's features. The columns that pandas held as categories of texts are texts; other
/// categories are numbers, and a note says so. The classes are "0", "1", ...
/// Errors: `Errc::parse`, naming the tree and the field, for a text that is cut or of another form; `Errc::corrupt`,
/// naming the tree and the node, for a model that does not make sense; `Errc::unsupported`, with the reason, for linear
/// trees, and for objectives whose prediction is not the margin or its logistic or softmax (`poisson`, `gamma`,
/// `tweedie`, `cross_entropy_lambda`, `multiclassova`, `reg_sqrt`).
ImportedModel read_lightgbm(std::string_view model_text);

}  // namespace scalar::inline v0::interchange
