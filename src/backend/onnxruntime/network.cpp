#include "backend/onnxruntime/network.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "backend/native/fit_state.hpp"

namespace scalar::inline v0::backend::onnxruntime {
namespace {

namespace onnx = interchange::onnx;

struct LayerNames {
  std::string weights{}, biases{};
};

std::vector<onnx::Dimension> shape_of(const MlpParameters& network, std::size_t layer, bool is_weights) {
  const onnx::Dimension in{.size = network.sizes[layer]}, out{.size = network.sizes[layer + 1]};
  return is_weights ? std::vector{out, in} : std::vector{out};
}

/// Inputs for the weights and biases of all layers.
std::vector<LayerNames> layer_inputs(onnx::GraphBuilder& graph, const std::string& prefix,
                                     const MlpParameters& network) {
  std::vector<LayerNames> layers;
  for (std::size_t l = 0; l < network.layers(); ++l) {
    LayerNames& layer = layers.emplace_back();
    layer.weights = graph.input(fmt::format("{}weights_{}", prefix, l), DataType::float32, shape_of(network, l, true));
    layer.biases = graph.input(fmt::format("{}biases_{}", prefix, l), DataType::float32, shape_of(network, l, false));
  }
  return layers;
}

void layer_outputs(onnx::GraphBuilder& graph, const std::string& prefix, const MlpParameters& network,
                   const std::vector<LayerNames>& layers) {
  for (std::size_t l = 0; l < layers.size(); ++l) {
    graph.output(fmt::format("{}weights_{}", prefix, l), layers[l].weights, DataType::float32,
                 shape_of(network, l, true));
    graph.output(fmt::format("{}biases_{}", prefix, l), layers[l].biases, DataType::float32,
                 shape_of(network, l, false));
  }
}

/// The graph from weights and a minibatch to the summed loss and its gradients.
class GradientGraph {
 public:
  GradientGraph(const MultilayerPerceptron& spec, const MlpParameters& network) : spec_(spec), network_(network) {
    const onnx::Dimension rows{.symbol = "rows"}, one{.size = 1};
    const DataType target_type = spec.loss == Loss::softmax ? DataType::int64 : DataType::float32;
    values_.push_back(graph_.input("features", DataType::float32, {rows, {.size = network.sizes.front()}}));
    targets_ = graph_.input("targets", target_type, {rows, one});
    row_weights_ = graph_.input("row_weights", DataType::float32, {rows, one});
    if (spec.loss == Loss::logistic) offsets_ = graph_.input("offsets", DataType::float32, {rows, one});
    layers_ = layer_inputs(graph_, "", network);
    forward();
    const std::vector<LayerNames> gradients = backward(losses());
    graph_.output("loss", loss_, DataType::float32, {});
    layer_outputs(graph_, "gradient_of_", network, gradients);
  }
  onnx::GraphBuilder release() { return std::move(graph_); }

 private:
  void forward() {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      std::string value =
          graph_.add("Gemm", {values_.back(), layers_[l].weights, layers_[l].biases}, with("transB", 1));
      if (l + 1 < layers_.size()) value = graph_.add(activation(), {value});
      values_.push_back(value);
    }
    if (!offsets_.empty()) values_.back() = graph_.add("Add", {values_.back(), offsets_});
  }
  std::string activation() const {
    return spec_.activation == Activation::relu ? "Relu" : spec_.activation == Activation::tanh ? "Tanh" : "Sigmoid";
  }

  /// Sets the loss, and returns its derivatives by the margins.
  std::string losses() {
    const std::string& margins = values_.back();
    std::string of_rows, derivatives;
    if (spec_.loss == Loss::softmax) {
      const std::string is_class = one_hot(graph_, targets_, network_.sizes.back(), DataType::float32);
      const std::string logs = graph_.add("LogSoftmax", {margins}, with("axis", 1));
      of_rows = graph_.add("Neg", {sum(graph_.add("Mul", {is_class, logs}), 1)});
      derivatives = graph_.add("Sub", {graph_.add("Softmax", {margins}, with("axis", 1)), is_class});
    } else if (spec_.loss == Loss::logistic) {
      // max(z, 0) - y z + log(1 + exp(-|z|))
      const std::string tail = graph_.add("Neg", {graph_.add("Abs", {margins})});
      const std::string hinge =
          graph_.add("Sub", {graph_.add("Relu", {margins}), graph_.add("Mul", {targets_, margins})});
      of_rows = graph_.add("Add", {hinge, graph_.add("Softplus", {tail})});
      derivatives = graph_.add("Sub", {graph_.add("Sigmoid", {margins}), targets_});
    } else {
      derivatives = graph_.add("Sub", {margins, targets_});
      const std::string square = graph_.add("Mul", {derivatives, derivatives});
      of_rows = graph_.add("Mul", {square, graph_.scalar("half", 0.5f)});
    }
    loss_ = graph_.add("ReduceSum", {graph_.add("Mul", {of_rows, row_weights_})}, with("keepdims", 0));
    return graph_.add("Mul", {derivatives, row_weights_});
  }

  std::vector<LayerNames> backward(std::string errors) {
    std::vector<LayerNames> gradients(layers_.size());
    for (std::size_t l = layers_.size(); l-- > 0;) {
      gradients[l].weights = graph_.add("Gemm", {errors, values_[l]}, with("transA", 1));
      gradients[l].biases = graph_.add("ReduceSum", {errors, axes(0)}, with("keepdims", 0));
      if (l > 0) errors = times_slope(graph_.add("MatMul", {errors, layers_[l].weights}), values_[l]);
    }
    return gradients;
  }

  /// Errors times the derivative of the activation that made `values`.
  std::string times_slope(const std::string& errors, const std::string& values) {
    if (spec_.activation == Activation::relu) {
      const std::string is_up = graph_.add("Greater", {values, graph_.scalar("zero", 0.0f)});
      return graph_.add("Where", {is_up, errors, graph_.scalar("zero", 0.0f)});
    }
    const std::string one = graph_.scalar("one", 1.0f);
    const std::string slope = spec_.activation == Activation::tanh
                                  ? graph_.add("Sub", {one, graph_.add("Mul", {values, values})})
                                  : graph_.add("Mul", {values, graph_.add("Sub", {one, values})});
    return graph_.add("Mul", {errors, slope});
  }

  std::string axes(std::int64_t axis) { return graph_.vector("axes", std::vector<std::int64_t>{axis}); }
  std::string sum(const std::string& value, std::int64_t axis) { return graph_.add("ReduceSum", {value, axes(axis)}); }

  const MultilayerPerceptron& spec_;
  const MlpParameters& network_;
  onnx::GraphBuilder graph_{"gradients of a network"};
  std::string targets_{}, row_weights_{}, offsets_{}, loss_{};
  std::vector<LayerNames> layers_{};
  std::vector<std::string> values_{};  // of each layer, the features first
};

/// The graph from gradients to the next weights and moments: the formulas are those of the spec's Optimizer.
class UpdateGraph {
 public:
  UpdateGraph(const MultilayerPerceptron& spec, const MlpParameters& network) : spec_(spec) {
    for (const char* name : {"scale", "decay", "first_scale", "second_scale"})
      graph_.input(name, DataType::float32, {});
    const std::vector<LayerNames> gradients = layer_inputs(graph_, "gradient_of_", network);
    std::vector<LayerNames> weights = layer_inputs(graph_, "", network);
    std::vector<LayerNames> first = layer_inputs(graph_, "first_of_", network), second;
    if (is_adam())
      second = layer_inputs(graph_, "second_of_", network);
    else
      second.resize(network.layers());
    rate_ = graph_.scalar("rate", static_cast<float>(spec.learning_rate));
    for (std::size_t l = 0; l < network.layers(); ++l) {
      const std::string decay = graph_.add("Mul", {weights[l].weights, "decay"});
      const std::string of_biases = scaled(gradients[l].biases);
      const std::string of_weights = graph_.add("Add", {scaled(gradients[l].weights), decay});
      update(of_weights, weights[l].weights, first[l].weights, second[l].weights);
      update(of_biases, weights[l].biases, first[l].biases, second[l].biases);
    }
    layer_outputs(graph_, "next_", network, weights);
    layer_outputs(graph_, "next_first_of_", network, first);
    if (is_adam()) layer_outputs(graph_, "next_second_of_", network, second);
  }
  onnx::GraphBuilder release() { return std::move(graph_); }

 private:
  bool is_adam() const { return spec_.optimizer == Optimizer::adam; }
  std::string scaled(const std::string& gradient) { return graph_.add("Mul", {gradient, "scale"}); }
  std::string times(const std::string& value, float factor) {
    return graph_.add("Mul", {value, graph_.scalar("factor", factor)});
  }

  /// Replaces the names of a tensor's values and moments by those after the step.
  void update(const std::string& gradient, std::string& values, std::string& first, std::string& second) {
    if (!is_adam()) {
      const std::string push = graph_.add("Mul", {gradient, rate_});
      first = graph_.add("Sub", {times(first, static_cast<float>(spec_.momentum)), push});
      values = graph_.add("Add", {values, first});
      return;
    }
    first = graph_.add("Add", {times(first, 0.9f), times(gradient, 0.1f)});
    second = graph_.add("Add", {times(second, 0.999f), times(graph_.add("Mul", {gradient, gradient}), 0.001f)});
    const std::string up = graph_.add("Mul", {graph_.add("Mul", {first, "first_scale"}), rate_});
    const std::string root = graph_.add("Sqrt", {graph_.add("Mul", {second, "second_scale"})});
    const std::string down = graph_.add("Add", {root, graph_.scalar("epsilon", 1e-8f)});
    values = graph_.add("Sub", {values, graph_.add("Div", {up, down})});
  }

  const MultilayerPerceptron& spec_;
  onnx::GraphBuilder graph_{"a step of a network"};
  std::string rate_{};
};

MlpParameters without_values(MlpParameters parameters) {
  parameters.values.clear();
  return parameters;
}

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

NetworkStep::NetworkStep(const std::shared_ptr<const Library>& library, const MultilayerPerceptron& spec,
                         const MlpParameters& start, std::int64_t most_rows, const native::ThreadTeam& team,
                         const Runtime& runtime)
    : spec_(spec),
      shape_(without_values(start)),
      gradient_(library, GradientGraph(spec, shape_).release(), team.threads(), runtime),
      update_(library, UpdateGraph(spec, shape_).release(), 1, runtime),  // a second pool would exceed the budget
      values_(start.values),
      first_(values_.size()),
      second_(spec.optimizer == Optimizer::adam ? values_.size() : 0),
      next_values_(values_.size()),
      next_first_(first_.size()),
      next_second_(second_.size()),
      gradients_(values_.size()),
      features_(index(most_rows * start.sizes.front())),
      targets_(index(most_rows)),
      row_weights_(index(most_rows)),
      offsets_(index(most_rows)),
      classes_(index(most_rows)) {}

/// Calls `add(offset, inputs, outputs)` for the weights of each layer and `add(offset, 0, outputs)` for its biases.
template <class Add>
void NetworkStep::for_tensors(Add add) const {
  for (std::size_t l = 0; l < shape_.layers(); ++l) {
    const std::int64_t in = shape_.sizes[l], out = shape_.sizes[l + 1];
    add(shape_.offset(l), in, out);
    add(shape_.offset(l) + index(in * out), std::int64_t{0}, out);
  }
}

void NetworkStep::add_inputs(Call& call, std::span<const float> values) const {
  for_tensors([&](std::size_t at, std::int64_t in, std::int64_t out) {
    if (in > 0)
      call.input(values.subspan(at, index(in * out)), {out, in});
    else
      call.input(values.subspan(at, index(out)), {out});
  });
}

void NetworkStep::add_outputs(Call& call, std::span<float> values) const {
  for_tensors([&](std::size_t at, std::int64_t in, std::int64_t out) {
    if (in > 0)
      call.output(values.subspan(at, index(in * out)), {out, in});
    else
      call.output(values.subspan(at, index(out)), {out});
  });
}

void NetworkStep::gather(const native::Rows& rows, std::span<const std::int64_t> order) {
  const std::int64_t columns = rows.columns();
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::copy_n(rows.features.row(order[i]).data(), columns, features_.data() + i * index(columns));
    targets_[i] = static_cast<float>((rows.target(order[i]) - shape_.target_offset) / shape_.target_scale);
    classes_[i] = static_cast<std::int64_t>(rows.target(order[i]));
    row_weights_[i] = static_cast<float>(rows.weight(order[i]));
    offsets_[i] = static_cast<float>(rows.offset(order[i]));
  }
}

double NetworkStep::propagate(const native::Rows& rows, std::span<const std::int64_t> order) {
  if (order.empty()) {
    std::fill(gradients_.begin(), gradients_.end(), 0.0f);
    return 0;
  }
  gather(rows, order);
  const auto count = static_cast<std::int64_t>(order.size());
  float loss = 0;
  Call call(gradient_);
  call.input(std::span<const float>(features_).first(order.size() * index(rows.columns())), {count, rows.columns()});
  if (spec_.loss == Loss::softmax)
    call.input(std::span<const std::int64_t>(classes_).first(order.size()), {count, 1});
  else
    call.input(std::span<const float>(targets_).first(order.size()), {count, 1});
  call.input(std::span<const float>(row_weights_).first(order.size()), {count, 1});
  if (spec_.loss == Loss::logistic) call.input(std::span<const float>(offsets_).first(order.size()), {count, 1});
  add_inputs(call, values_);
  call.output(std::span(&loss, 1), {});
  add_outputs(call, gradients_);
  call.run();
  return static_cast<double>(loss);
}

void NetworkStep::sum_gradients(std::span<float> gradients) {
  std::copy(gradients_.begin(), gradients_.end(), gradients.begin());
}

void NetworkStep::apply(std::span<const float> gradients, std::int64_t rows) {
  ++steps_;
  const double n = static_cast<double>(rows), t = static_cast<double>(steps_);
  const auto scale = static_cast<float>(1 / n), decay = static_cast<float>(spec_.l2 / n);
  const auto first_scale = static_cast<float>(1 / (1 - std::pow(0.9, t)));
  const auto second_scale = static_cast<float>(1 / (1 - std::pow(0.999, t)));
  Call call(update_);
  call.input(scale).input(decay).input(first_scale).input(second_scale);
  add_inputs(call, gradients);
  add_inputs(call, values_);
  add_inputs(call, first_);
  if (!second_.empty()) add_inputs(call, second_);
  add_outputs(call, next_values_);
  add_outputs(call, next_first_);
  if (!second_.empty()) add_outputs(call, next_second_);
  call.run();
  std::swap(values_, next_values_);
  std::swap(first_, next_first_);
  std::swap(second_, next_second_);
}

void NetworkStep::write(std::vector<std::byte>& out) const {
  native::write_state(out, values_, first_, second_, steps_);
}

void NetworkStep::read(std::span<const std::byte>& in) { native::read_state(in, values_, first_, second_, steps_); }

double NetworkStep::squared_weights() const {
  double sum = 0;
  for_tensors([&](std::size_t at, std::int64_t in, std::int64_t out) {
    for (std::size_t i = at; i < at + index(in * out); ++i)
      sum += static_cast<double>(values_[i]) * static_cast<double>(values_[i]);
  });
  return sum;
}

}  // namespace scalar::inline v0::backend::onnxruntime
