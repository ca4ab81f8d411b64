#include <numeric>

#include "core/fail.hpp"
#include "interchange/onnx/stages.hpp"
#include "scalar/core/version.hpp"
#include "scalar/interchange/onnx.hpp"

namespace scalar::inline v0::interchange {
namespace onnx {

std::string add_margins(GraphBuilder& builder, const std::string& features, const LinearParameters& parameters) {
  const std::string weights =
      builder.initializer("weights", tensor_of({parameters.outputs, parameters.features}, parameters.weights()));
  const std::string intercepts =
      builder.initializer("intercepts", tensor_of({parameters.outputs}, parameters.intercepts()));
  return builder.add("Gemm", {add_cast(builder, features, DataType::float64), weights, intercepts}, {{"transB", 1}});
}

namespace {

std::string_view operator_of(Activation activation) {
  switch (activation) {
    case Activation::relu:
      return "Relu";
    case Activation::tanh:
      return "Tanh";
    case Activation::logistic:
      return "Sigmoid";
  }
  fail(Errc::corrupt, "ONNX export", "{} is not an activation", static_cast<int>(activation));
}

}  // namespace

std::string add_margins(GraphBuilder& builder, const std::string& features, const MlpParameters& parameters) {
  std::string values = features;
  for (std::size_t layer = 0; layer < parameters.layers(); ++layer) {
    const std::int64_t inputs = parameters.sizes[layer], outputs = parameters.sizes[layer + 1];
    const auto all = std::span(parameters.values).subspan(parameters.offset(layer));
    const auto count = static_cast<std::size_t>(inputs * outputs);
    const std::string weights = builder.initializer("weights", tensor_of({outputs, inputs}, all.first(count)));
    const std::string biases =
        builder.initializer("biases", tensor_of({outputs}, all.subspan(count, static_cast<std::size_t>(outputs))));
    if (layer > 0) values = builder.add(operator_of(parameters.activation), {values});
    values = builder.add("Gemm", {values, weights, biases}, {{"transB", 1}});
  }
  values = add_cast(builder, values, DataType::float64);
  if (parameters.target_scale != 1)
    values = builder.add("Mul", {values, builder.scalar("target_scale", parameters.target_scale)});
  if (parameters.target_offset != 0)
    values = builder.add("Add", {values, builder.scalar("target_offset", parameters.target_offset)});
  return values;
}

void add_outputs(GraphBuilder& builder, const std::string& margins, Link link, std::int64_t outputs,
                 const std::vector<std::string>& classes) {
  std::string predictions = margins;
  if (link == Link::softmax) predictions = builder.add("Softmax", {margins}, {{"axis", 1}});
  if (link == Link::logistic) {
    const std::string first = builder.add("Sigmoid", {builder.add("Neg", {margins})});
    predictions = builder.add("Concat", {first, builder.add("Sigmoid", {margins})}, {{"axis", 1}});
  }
  const Dimension rows{-1, "N"};
  if (classes.empty()) {
    builder.output("prediction", predictions, DataType::float64, {rows, {outputs, ""}});
    return;
  }
  builder.output("probabilities", add_cast(builder, predictions, DataType::float32), DataType::float32,
                 {rows, {outputs, ""}});
  // Before the rounding to float32, which may make the greatest probabilities equal.
  const std::string best = builder.add("ArgMax", {predictions}, {{"axis", 1}, {"keepdims", 0}});
  std::vector<std::int64_t> numbers(classes.size());
  std::iota(numbers.begin(), numbers.end(), 0);
  const std::string label = builder.add("LabelEncoder", {best},
                                        {{"keys_int64s", std::move(numbers)}, {"values_strings", classes}}, ml_domain);
  builder.output("label", label, DataType::bytes, {rows});
}

namespace {

/// The whole file. `features` and `margins` are those of the parameters.
template <class P>
std::string write(const Encoder& encoder, const P& parameters, std::int64_t features, std::int64_t margins) {
  constexpr std::string_view place = "ONNX export";
  const std::int64_t outputs = parameters.link == Link::logistic ? 2 : margins;
  const auto classes = static_cast<std::int64_t>(encoder.classes().size());
  if (features != encoder.feature_count())
    fail(Errc::shape_mismatch, place, "the parameters take {} features, the encoder gives {}", features,
         encoder.feature_count());
  if (classes != 0 && classes != outputs)
    fail(Errc::shape_mismatch, place, "the parameters tell {} classes apart, the encoder knows {}", outputs, classes);
  if (features == 0) fail(Errc::unsupported, place, "the model has no features");
  GraphBuilder builder("scalar");
  const std::string values = add_features(builder, encoder);
  add_outputs(builder, add_margins(builder, values, parameters), parameters.link, outputs, encoder.classes());
  Model model{.ir_version = 8,
              .producer_name = "scalar",
              .producer_version = std::string(version),
              .opsets = {{"", 13}, {std::string(ml_domain), 3}},
              .graph = builder.release(),
              .metadata = {},
              .has_functions = false};
  return serialize(model);
}

}  // namespace
}  // namespace onnx

std::string write_onnx(const Encoder& encoder, const Forest& forest) {
  return onnx::write(encoder, forest, forest.features, forest.outputs);
}
std::string write_onnx(const Encoder& encoder, const LinearParameters& parameters) {
  return onnx::write(encoder, parameters, parameters.features, parameters.outputs);
}
std::string write_onnx(const Encoder& encoder, const MlpParameters& parameters) {
  const auto& sizes = parameters.sizes;
  return onnx::write(encoder, parameters, sizes.empty() ? 0 : sizes.front(), sizes.empty() ? 0 : sizes.back());
}

}  // namespace scalar::inline v0::interchange
