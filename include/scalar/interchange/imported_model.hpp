#pragma once
/// ImportedModel: another library's model in canonical form.
#include <string>
#include <variant>
#include <vector>

#include "scalar/data/encoder.hpp"
#include "scalar/spec/forest.hpp"
#include "scalar/spec/linear_parameters.hpp"
#include "scalar/spec/multilayer_perceptron.hpp"

namespace scalar::inline v0::interchange {

/// What a reader makes of another library's model: parameters that the native predictor runs without that library.
struct ImportedModel {
  std::variant<Forest, LinearParameters, MlpParameters> parameters{};
  /// The raw inputs as the model's file names them, its preprocessing, and its classes.
  Encoder encoder{};
  std::vector<std::string> notes{};  ///< what the file does not say, or says and is not kept; one sentence each
};

}  // namespace scalar::inline v0::interchange
