#include "backend/onnxruntime/computation.hpp"

#include <numeric>
#include <utility>

#include "backend/onnxruntime/tensors.hpp"

namespace scalar::inline v0::backend::onnxruntime {

namespace onnx = interchange::onnx;

Computation::Computation(std::shared_ptr<const Library> library, onnx::GraphBuilder&& builder, int threads,
                         const Runtime& runtime) {
  onnx::Graph graph = builder.release();
  const std::string place = graph.name;
  const std::string file = onnx::serialize({.opsets = {{"", 13}}, .graph = std::move(graph)});
  session_ =
      std::make_shared<const OrtSession>(std::move(library), std::as_bytes(std::span(file)), threads, place, runtime);
}

Owned<Value> Call::wrapped(DataType type, std::span<const std::byte> bytes, std::initializer_list<std::int64_t> shape) {
  return wrap(session_.library(), {.type = type, .shape = {shape.begin(), shape.size()}, .data = bytes}, "onnxruntime");
}

void Call::run() {
  std::vector<const Value*> inputs;
  std::vector<Value*> outputs;
  inputs.reserve(inputs_.size());
  outputs.reserve(outputs_.size());
  for (const Owned<Value>& input : inputs_) inputs.push_back(input.get());
  for (const Owned<Value>& output : outputs_) outputs.push_back(output.get());
  session_.run(inputs, outputs);
}

std::string one_hot(onnx::GraphBuilder& graph, const std::string& classes, std::int64_t count, DataType type) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  const std::string equal = graph.add("Equal", {classes, graph.vector("classes", numbers)});
  return graph.add("Cast", {equal}, with("to", onnx::code_of(type)));
}

}  // namespace scalar::inline v0::backend::onnxruntime
