#pragma once
/// GraphBuilder: puts an ONNX graph together, node by node.
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchange/onnx/model.hpp"

namespace scalar::inline v0::interchange::onnx {

/// A tensor that holds a copy of `values`. Its type is that of the elements.
Tensor tensor_of(std::vector<std::int64_t> shape, std::span<const float> values);
Tensor tensor_of(std::vector<std::int64_t> shape, std::span<const double> values);
Tensor tensor_of(std::vector<std::int64_t> shape, std::span<const std::int64_t> values);

/// Collects the nodes of a graph in their order. Values are known by their names, which are unique in the graph.
class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name) { graph_.name = std::move(name); }

  /// `hint`, or, if a value has that name already, `hint_1`, `hint_2`, ... The name is taken from then on.
  std::string unique(std::string_view hint);

  /// An input of the graph. Its name is taken as it is, so add inputs before all else. Errors: `Errc::already_exists`.
  std::string input(const std::string& name, DataType type, std::vector<Dimension> shape);
  /// Makes `value` an output of the graph, whose name is `unique(name)`. Returns that name.
  std::string output(std::string_view name, const std::string& value, DataType type, std::vector<Dimension> shape);
  /// A constant. Returns its name, `unique(hint)`.
  std::string initializer(std::string_view hint, Tensor tensor);
  /// A constant of one element and rank 0.
  template <class T>
  std::string scalar(std::string_view hint, T value) {
    return initializer(hint, tensor_of({}, std::span<const T>(&value, 1)));
  }
  /// A constant of rank 1.
  template <class T>
  std::string vector(std::string_view hint, const std::vector<T>& values) {
    return initializer(hint, tensor_of({static_cast<std::int64_t>(values.size())}, std::span<const T>(values)));
  }

  /// A node with one output. Returns the name of the output, which is derived from the operator's.
  std::string add(std::string_view op_type, std::vector<std::string> inputs, std::vector<Attribute> attributes = {},
                  std::string_view domain = {});
  /// A node with the given outputs, whose names must come from `unique`.
  void add(std::string_view op_type, std::vector<std::string> inputs, std::vector<std::string> outputs,
           std::vector<Attribute> attributes, std::string_view domain = {});

  /// The graph; the builder is empty afterwards.
  Graph release() { return std::move(graph_); }

 private:
  Graph graph_;
  std::set<std::string, std::less<>> names_;
};

}  // namespace scalar::inline v0::interchange::onnx
