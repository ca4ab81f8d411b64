#pragma once
/// The stages of an exported model: raw columns to features, features to margins, margins to outputs.
#include <string>

#include "interchange/onnx/graph_builder.hpp"
#include "scalar/data/encoder.hpp"
#include "scalar/spec/forest.hpp"
#include "scalar/spec/linear_parameters.hpp"
#include "scalar/spec/multilayer_perceptron.hpp"

namespace scalar::inline v0::interchange::onnx {

/// Adds the inputs of the graph and what the encoder does to them. Returns the value with the features, FP32
/// `[N, features]`.
std::string add_features(GraphBuilder& builder, const Encoder& encoder);

/// Each adds the parameters, applied to `features`. Returns the value with the margins, FP64 `[N, outputs]`.
std::string add_margins(GraphBuilder& builder, const std::string& features, const Forest& forest);
std::string add_margins(GraphBuilder& builder, const std::string& features, const LinearParameters& parameters);
std::string add_margins(GraphBuilder& builder, const std::string& features, const MlpParameters& parameters);

/// Adds the link and the outputs of the graph.
void add_outputs(GraphBuilder& builder, const std::string& margins, Link link, std::int64_t outputs,
                 const std::vector<std::string>& classes);

/// The value, converted to another type of numbers.
std::string add_cast(GraphBuilder& builder, const std::string& value, DataType type);

}  // namespace scalar::inline v0::interchange::onnx
