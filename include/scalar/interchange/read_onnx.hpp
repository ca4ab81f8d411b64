#pragma once
/// Reads ONNX models into canonical parameters; ONNX Runtime is not needed.
#include <cstddef>
#include <span>

#include "scalar/interchange/imported_model.hpp"

namespace scalar::inline v0::interchange {

/// Reads an ONNX file whose graph is preprocessing that an Encoder can hold, followed by trees, a linear model or a
/// dense network, as the converters of scikit-learn (skl2onnx), XGBoost and LightGBM (onnxmltools) write them.
///
/// Preprocessing: Scaler, Imputer of NaN, OneHotEncoder and LabelEncoder of texts, Concat, Gather and
/// ArrayFeatureExtractor of columns, FeatureVectorizer, Cast, Reshape and arithmetic with constants. Models:
/// TreeEnsembleClassifier, TreeEnsembleRegressor and TreeEnsemble (ai.onnx.ml 1 to 5), LinearClassifier,
/// LinearRegressor, MatMul, Gemm, Add, Relu, Tanh, Sigmoid and Softmax. An input tensor of one column becomes the raw
/// input of its name; one of more columns, such as `x`, becomes `x_0`, `x_1`, ... Scores are summed in double.
///
/// Errors: `Errc::parse` and `Errc::corrupt`, naming the offset, the tensor or the node, for files that are damaged or
/// do not make sense; `Errc::unsupported`, naming the node and the reason, for a model that the parameters or the
/// Encoder cannot hold, for a version of the operators that is not known, and for tensors in other files.
/// Memory: at most 64 times the size of the file and 16 MiB.
ImportedModel read_onnx(std::span<const std::byte> file);

}  // namespace scalar::inline v0::interchange
