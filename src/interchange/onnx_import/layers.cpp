// Linear models and dense networks.
#include <algorithm>

#include "interchange/onnx_import/operators.hpp"
#include "interchange/onnx_import/scores.hpp"
#include "interchange/onnx_import/tensors.hpp"

namespace scalar::inline v0::interchange::onnx {
namespace {

/// A layer without biases of a constant matrix, `[inputs, outputs]`, or `[outputs, inputs]` if it is `transposed`.
DenseLayer layer_of(const Call& call, const Tensor& matrix, bool transposed, double factor) {
  if (matrix.shape.size() != 2 || matrix.elements() == 0)
    refuse(call.node, "multiplies by a constant of rank {}, expected a matrix", matrix.shape.size());
  std::vector<double> numbers = numbers_of(call.node, matrix, call.budget);
  call.budget.take<double>(call.node, numbers.size());
  const auto rows = static_cast<std::size_t>(matrix.shape[0]), columns = static_cast<std::size_t>(matrix.shape[1]);
  DenseLayer layer{.inputs = transposed ? columns : rows, .outputs = transposed ? rows : columns};
  layer.biases.resize(layer.outputs);
  layer.weights.resize(numbers.size());
  for (std::size_t o = 0; o < layer.outputs; ++o)
    for (std::size_t i = 0; i < layer.inputs; ++i)
      layer.weights[o * layer.inputs + i] = factor * numbers[transposed ? o * columns + i : i * columns + o];
  return layer;
}

/// `layer` of the columns of `scores`, as a layer of the outputs that these are made of.
DenseLayer of_outputs(const Call& call, const DenseLayer& layer, const Scores& scores) {
  DenseLayer result{.inputs = scores.core->outputs(), .outputs = layer.outputs};
  call.budget.take<double>(call.node, result.inputs * result.outputs);
  result.biases = layer.biases;
  result.weights.resize(result.inputs * result.outputs);
  for (std::size_t o = 0; o < layer.outputs; ++o)
    for (std::size_t i = 0; i < layer.inputs; ++i) {
      const double weight = layer.weights[o * layer.inputs + i];
      const auto [output, scale, offset] = scores.columns[i];
      result.weights[o * result.inputs + output] += weight * scale;
      result.biases[o] += weight * offset;
    }
  return result;
}

/// The model with an activation after its last layer.
Core activated(const Call& call, const Scores& scores, Activation activation) {
  Core core = *folded(call.node, scores.core, scores.columns, call.budget);
  auto* layers = std::get_if<Layers>(&core.parameters);
  if (layers == nullptr) refuse(call.node, "takes the scores of trees");
  call.budget.take<double>(call.node, layers->back()->weights.size());
  DenseLayer last = *layers->back();
  last.activation = activation;
  layers->back() = std::make_shared<const DenseLayer>(std::move(last));
  return core;
}

/// The margins of a layer of `input` 0 of the call.
Scores append_layer(const Call& call, DenseLayer layer) {
  const auto check = [&](std::size_t columns) {
    if (layer.inputs != columns) corrupt(call.node, "has weights for {} columns of {}", layer.inputs, columns);
  };
  if (const auto* features = call.as<Features>(0)) {
    check(features->columns.size());
    call.budget.take<Element>(call.node, features->columns.size());
    return scores_of({features->columns, Layers{std::make_shared<const DenseLayer>(std::move(layer))}});
  }
  Scores scores = call.need<Scores>(0, "made of columns of numbers");
  check(scores.columns.size());
  if (scores.link == Link::softmax) refuse(call.node, "takes probabilities");
  if (scores.link == Link::logistic) {
    // The one output that was taken for a probability is a unit of a hidden layer.
    const Scores margin{scores.core, Link::identity, {scores.argument}, {}};
    scores.core = std::make_shared<const Core>(activated(call, margin, Activation::logistic));
  }
  call.budget.take<Element>(call.node, scores.core->inputs.size());
  Core core = *scores.core;
  auto* layers = std::get_if<Layers>(&core.parameters);
  if (layers == nullptr) refuse(call.node, "takes the scores of trees");
  if (!ends_with_activation(core)) refuse(call.node, "follows another layer without an activation between them");
  layers->push_back(std::make_shared<const DenseLayer>(of_outputs(call, layer, scores)));
  return scores_of(std::move(core));
}

/// The layer of a LinearClassifier or LinearRegressor with `outputs` rows of coefficients.
DenseLayer linear_layer(const Call& call, std::size_t outputs) {
  DenseLayer layer{.outputs = outputs};
  layer.weights = number_list(call.node, "coefficients", call.budget);
  layer.biases = number_list(call.node, "intercepts", call.budget);
  if (outputs == 0 || layer.weights.empty() || layer.weights.size() % outputs != 0)
    corrupt(call.node, "has {} coefficients for {} outputs", layer.weights.size(), outputs);
  layer.inputs = layer.weights.size() / outputs;
  if (layer.biases.empty()) layer.biases.resize(outputs);
  if (layer.biases.size() != outputs)
    corrupt(call.node, "has {} intercepts for {} outputs", layer.biases.size(), outputs);
  return layer;
}

/// True if the margins of two classes are opposite numbers.
bool are_opposite(const DenseLayer& layer) {
  if (layer.outputs != 2 || layer.biases[0] != -layer.biases[1]) return false;
  for (std::size_t i = 0; i < layer.inputs; ++i)
    if (layer.weights[i] != -layer.weights[layer.inputs + i]) return false;
  return true;
}

/// The second of two margins.
DenseLayer second_of(const DenseLayer& layer) {
  DenseLayer result{.inputs = layer.inputs, .outputs = 1};
  result.weights.assign(layer.weights.begin() + static_cast<std::ptrdiff_t>(layer.inputs), layer.weights.end());
  result.biases = {layer.biases[1]};
  return result;
}

}  // namespace

std::vector<Value> apply_matmul(const Call& call) {
  return {append_layer(call, layer_of(call, call.constant(1), false, 1))};
}

std::vector<Value> apply_gemm(const Call& call) {
  if (attribute_or<std::int64_t>(call.node, "transA", 0) != 0) refuse(call.node, "transposes its input");
  const bool transposed = attribute_or<std::int64_t>(call.node, "transB", 0) != 0;
  DenseLayer layer =
      layer_of(call, call.constant(1), transposed, static_cast<double>(attribute_or<float>(call.node, "alpha", 1)));
  if (call.inputs.size() > 2 && call.inputs[2] != nullptr) {
    const std::vector<double> biases = numbers_of(call.node, call.constant(2), call.budget);
    const auto beta = static_cast<double>(attribute_or<float>(call.node, "beta", 1));
    if (biases.size() != layer.outputs && biases.size() != 1)
      refuse(call.node, "adds {} numbers to {} columns", biases.size(), layer.outputs);
    for (std::size_t k = 0; k < layer.outputs; ++k) layer.biases[k] = beta * biases[biases.size() == 1 ? 0 : k];
  }
  return {append_layer(call, std::move(layer))};
}

std::vector<Value> apply_activation(const Call& call) {
  const auto& scores = call.need<Scores>(0, "the margins of a model");
  if (scores.link != Link::identity) refuse(call.node, "takes probabilities");
  const std::string& op = call.node.op_type;
  if (op == "Sigmoid" && scores.columns.size() == 1) {
    Scores result{scores.core, Link::logistic, plain_columns(1), scores.columns[0]};
    if (result.argument.scale >= 0) return {std::move(result)};
    // The logistic of a negated margin is 1 minus that of the margin.
    result.argument.scale = -result.argument.scale;
    result.argument.offset = -result.argument.offset;
    result.columns = {{0, -1, 1}};
    return {std::move(result)};
  }
  const Activation activation = op == "Relu"   ? Activation::relu
                                : op == "Tanh" ? Activation::tanh
                                               : Activation::logistic;
  return {scores_of(activated(call, scores, activation))};
}

std::vector<Value> apply_linear_classifier(const Call& call) {
  std::vector<std::string> classes = class_list(call.node, "classlabels_strings", "classlabels_ints");
  const auto post = attribute_or<std::string>(call.node, "post_transform", "NONE");
  const auto biases = number_list(call.node, "intercepts", call.budget);
  DenseLayer layer = linear_layer(call, biases.empty() ? classes.size() : biases.size());
  Scores scores;
  if (post == "LOGISTIC" && classes.size() == 2 && (layer.outputs == 1 || are_opposite(layer))) {
    scores = append_layer(call, layer.outputs == 1 ? std::move(layer) : second_of(layer));
    scores.link = Link::logistic;
    scores.columns = two_classes();
  } else if (post == "SOFTMAX" && layer.outputs == classes.size() && classes.size() > 1) {
    scores = append_layer(call, std::move(layer));
    scores.link = Link::softmax;
  } else {
    refuse(call.node, "has post_transform {} for {} margins of {} classes, which no link does", quoted(post),
           layer.outputs, classes.size());
  }
  return {Label{std::move(classes)}, std::move(scores)};
}

std::vector<Value> apply_linear_regressor(const Call& call) {
  const auto post = attribute_or<std::string>(call.node, "post_transform", "NONE");
  if (post != "NONE") refuse(call.node, "has post_transform {}", quoted(post));
  const auto targets = attribute_or<std::int64_t>(call.node, "targets", 1);
  if (targets < 1 || targets > (std::int64_t{1} << 31)) corrupt(call.node, "has {} targets", targets);
  return {append_layer(call, linear_layer(call, static_cast<std::size_t>(targets)))};
}

}  // namespace scalar::inline v0::interchange::onnx
