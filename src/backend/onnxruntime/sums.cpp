#include "backend/onnxruntime/sums.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace scalar::inline v0::backend::onnxruntime {
namespace {

namespace onnx = interchange::onnx;
using native::Rows;

// Rows in one run: what is computed of them stays in the cache, and calls cost little beside them.
constexpr std::int64_t block_bytes = 1 << 20;

std::int64_t block_rows(std::int64_t columns) {
  return std::clamp(block_bytes / (8 * columns), std::int64_t{64}, std::int64_t{4096});
}

onnx::Dimension rows_dimension() { return {.symbol = "rows"}; }

std::string as_double(onnx::GraphBuilder& graph, const std::string& value) {
  return graph.add("Cast", {value}, with("to", onnx::code_of(DataType::float64)));
}

std::string sum_of_all(onnx::GraphBuilder& graph, const std::string& value) {
  return graph.add("ReduceSum", {value}, with("keepdims", 0));
}

/// The margin's losses, `[rows, 1]`, and their derivatives by the margins, `[rows, outputs]`.
struct Losses {
  std::string losses{}, derivatives{};
};

/// `max(z, 0) - y z + log(1 + exp(-|z|))`, and `sigmoid(z) - y`.
Losses logistic_losses(onnx::GraphBuilder& graph, const std::string& margins, const std::string& targets) {
  const std::string tail = graph.add("Exp", {graph.add("Neg", {graph.add("Abs", {margins})})});
  const std::string log = graph.add("Log", {graph.add("Add", {tail, graph.scalar("one", 1.0)})});
  const std::string hinge = graph.add("Sub", {graph.add("Relu", {margins}), graph.add("Mul", {targets, margins})});
  return {graph.add("Add", {hinge, log}), graph.add("Sub", {graph.add("Sigmoid", {margins}), targets})};
}

/// `-log p_y`, and `p - onehot(y)`, of `p = softmax(z)`.
Losses softmax_losses(onnx::GraphBuilder& graph, const std::string& margins, const std::string& targets,
                      std::int64_t outputs) {
  const std::string classes = graph.add("Cast", {targets}, with("to", onnx::code_of(DataType::int64)));
  const std::string is_class = one_hot(graph, classes, outputs, DataType::float64);
  const std::string logs = graph.add("LogSoftmax", {margins}, with("axis", 1));
  const std::string log = graph.add(
      "ReduceSum", {graph.add("Mul", {is_class, logs}), graph.vector("columns", std::vector<std::int64_t>{1})});
  return {graph.add("Neg", {log}), graph.add("Sub", {graph.add("Exp", {logs}), is_class})};
}

onnx::GraphBuilder logistic_graph(std::int64_t columns, std::int64_t outputs) {
  onnx::GraphBuilder graph("logistic regression");
  const onnx::Dimension rows = rows_dimension();
  const std::string features = graph.input("features", DataType::float32, {rows, {.size = columns}});
  const std::string targets = graph.input("targets", DataType::float64, {rows, {.size = 1}});
  const std::string row_weights = graph.input("row_weights", DataType::float64, {rows, {.size = 1}});
  const std::string offsets = graph.input("offsets", DataType::float64, {rows, {.size = 1}});
  const std::string weights = graph.input("weights", DataType::float64, {{.size = outputs}, {.size = columns}});
  const std::string intercepts = graph.input("intercepts", DataType::float64, {{.size = outputs}});
  const std::string x = as_double(graph, features);
  const std::string sums = graph.add("Gemm", {x, weights, intercepts}, with("transB", 1));
  const std::string margins = graph.add("Add", {sums, offsets});
  const Losses of_rows =
      outputs == 1 ? logistic_losses(graph, margins, targets) : softmax_losses(graph, margins, targets, outputs);
  const std::string errors = graph.add("Mul", {of_rows.derivatives, row_weights});
  const std::string loss = sum_of_all(graph, graph.add("Mul", {of_rows.losses, row_weights}));
  const std::string of_weights = graph.add("Gemm", {errors, x}, with("transA", 1));
  const std::string of_intercepts =
      graph.add("ReduceSum", {errors, graph.vector("rows", std::vector<std::int64_t>{0})}, with("keepdims", 0));
  graph.output("loss", loss, DataType::float64, {});
  graph.output("weight_gradient", of_weights, DataType::float64, {{.size = outputs}, {.size = columns}});
  graph.output("intercept_gradient", of_intercepts, DataType::float64, {{.size = outputs}});
  return graph;
}

/// `A'A` of the rows `A = root [x - mean, y - mean y, 1]`.
onnx::GraphBuilder gram_graph(std::int64_t columns) {
  onnx::GraphBuilder graph("linear regression");
  const onnx::Dimension rows = rows_dimension();
  const std::string features = graph.input("features", DataType::float32, {rows, {.size = columns}});
  const std::string targets = graph.input("targets", DataType::float64, {rows, {.size = 1}});
  const std::string roots = graph.input("roots", DataType::float64, {rows, {.size = 1}});
  const std::string means = graph.input("means", DataType::float64, {{.size = columns + 1}});
  const std::string values = graph.add("Concat", {as_double(graph, features), targets}, with("axis", 1));
  const std::string centered = graph.add("Mul", {graph.add("Sub", {values, means}), roots});
  const std::string all = graph.add("Concat", {centered, roots}, with("axis", 1));
  graph.output("gram", graph.add("MatMul", {graph.add("Transpose", {all}), all}), DataType::float64,
               {{.size = columns + 2}, {.size = columns + 2}});
  return graph;
}

}  // namespace

LogisticSums::LogisticSums(std::shared_ptr<const Library> library, std::int64_t columns, std::int64_t outputs,
                           const Runtime& runtime)
    : columns_(columns),
      outputs_(outputs),
      computation_(std::move(library), logistic_graph(columns, outputs), 1, runtime) {}

native::ShardSums LogisticSums::operator()(const native::Share& share, std::span<const double> parameters,
                                           const native::ThreadTeam& team) const {
  const auto size = static_cast<std::size_t>(1 + outputs_ * (columns_ + 1));
  return native::ShardSums(team, share, size, [&](const Rows& piece, double* sums) {
    const std::int64_t each = block_rows(columns_);
    for (std::int64_t at = 0; at < piece.count(); at += each)
      add(piece.slice(at, (std::min)(each, piece.count() - at)), parameters, sums);
  });
}

void LogisticSums::add(const Rows& block, std::span<const double> parameters, double* sums) const {
  const std::int64_t rows = block.count();
  const auto weights_size = static_cast<std::size_t>(outputs_ * columns_);
  const std::vector<double> ones(block.weights.empty() ? static_cast<std::size_t>(rows) : 0, 1.0);
  const std::vector<double> zeros(block.offsets.empty() ? static_cast<std::size_t>(rows) : 0, 0.0);
  std::vector<double> out(1 + parameters.size());
  const std::span<double> gradient = std::span(out).subspan(1);
  Call(computation_)
      .input(std::span(block.features.data, static_cast<std::size_t>(rows * columns_)), {rows, columns_})
      .input(block.targets, {rows, 1})
      .input(block.weights.empty() ? std::span<const double>(ones) : block.weights, {rows, 1})
      .input(block.offsets.empty() ? std::span<const double>(zeros) : block.offsets, {rows, 1})
      .input(parameters.first(weights_size), {outputs_, columns_})
      .input(parameters.subspan(weights_size), {outputs_})
      .output(std::span(out).first(1), {})
      .output(gradient.first(weights_size), {outputs_, columns_})
      .output(gradient.subspan(weights_size), {outputs_})
      .run();
  for (std::size_t i = 0; i < out.size(); ++i) sums[i] += out[i];
}

GramSums::GramSums(std::shared_ptr<const Library> library, std::int64_t columns, int threads, const Runtime& runtime)
    : columns_(columns), computation_(std::move(library), gram_graph(columns), threads, runtime) {}

void GramSums::operator()(const native::Gram& gram, const Rows& rows, std::span<const double> means,
                          std::span<double> values) const {
  const std::int64_t size = columns_ + 2, each = (std::max)(block_rows(columns_), size);
  std::vector<double> shifts(means.begin() + 1, means.end());  // the target is the last column here
  shifts.push_back(means[0]);
  std::vector<double> total(static_cast<std::size_t>(size * size)), square(total.size()), roots;
  for (std::int64_t at = 0; at < rows.count(); at += each) {
    const Rows block = rows.slice(at, (std::min)(each, rows.count() - at));
    const std::int64_t count = block.count();
    roots.assign(static_cast<std::size_t>(count), 1.0);
    if (!block.weights.empty())
      std::transform(block.weights.begin(), block.weights.end(), roots.begin(), [](double w) { return std::sqrt(w); });
    Call(computation_)
        .input(std::span(block.features.data, static_cast<std::size_t>(count * columns_)), {count, columns_})
        .input(block.targets, {count, 1})
        .input(std::span<const double>(roots), {count, 1})
        .input(std::span<const double>(shifts), {columns_ + 1})
        .output(std::span(square), {size, size})
        .run();
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += square[i];
  }
  gram.pack(total, values);
}

}  // namespace scalar::inline v0::backend::onnxruntime
