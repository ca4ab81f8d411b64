#pragma once
/// Writes models as ONNX files, which many other tools run; no library of ONNX is needed.
#include <string>

#include "scalar/data/encoder.hpp"
#include "scalar/spec/forest.hpp"
#include "scalar/spec/linear_parameters.hpp"
#include "scalar/spec/multilayer_perceptron.hpp"

namespace scalar::inline v0::interchange {

/// The bytes of an ONNX file (operators of version 13, those of `ai.onnx.ml` of version 3) that takes raw columns and
/// predicts what `encoder` and the parameters predict, up to rounding in float32.
///
/// Inputs: each raw column under its name, FP64 or text, `[N, 1]`; missing is NaN, or the empty text. An `identity`
/// encoder has one instead: `input`, FP32 `[N, features]`. Outputs: of a classifier `probabilities`, FP32
/// `[N, classes]`, and `label`, text `[N]`; else `prediction`, FP64 `[N, outputs]`. An output whose name is that of a
/// column has `_1` appended.
///
/// ONNX cannot refuse a row: an unknown text counts as missing, also with `Unknown::error`, and a row that Scalar
/// refuses because its prediction is not finite gives NaN.
///
/// Sums of leaves are float32, as ONNX defines; what all rows share is added to them in float64. A node with a set of
/// categories compares a column of the graph that says whether the row's category is in the set.
///
/// Errors: `Errc::empty` for an encoder that was not fitted; `Errc::shape_mismatch` for parameters of another number of
/// features, or of classes; `Errc::invalid_argument` for a column whose name is not UTF-8; `Errc::unsupported` for a
/// model without features; `Errc::too_large` for a file of more than 2 GiB. Complexity: linear in the parameters.
std::string write_onnx(const Encoder& encoder, const Forest& forest);
std::string write_onnx(const Encoder& encoder, const LinearParameters& parameters);
std::string write_onnx(const Encoder& encoder, const MlpParameters& parameters);

}  // namespace scalar::inline v0::interchange
