#pragma once
/// Computation: an ONNX graph of our own, prepared to be run again and again on memory of ours.
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/onnxruntime/session.hpp"
#include "interchange/onnx/graph_builder.hpp"

namespace scalar::inline v0::backend::onnxruntime {

/// Thread safety: const members may be called from any thread.
class Computation {
 public:
  /// Prepares a graph of ONNX's operators (opset 13) for `threads` threads, the caller's included.
  Computation(std::shared_ptr<const Library> library, interchange::onnx::GraphBuilder&& graph, int threads,
              const Runtime& runtime);

  const OrtSession& session() const noexcept { return *session_; }

 private:
  std::shared_ptr<const OrtSession> session_;
};

/// One run of a Computation: say all inputs and then all outputs in the order of the graph, then run. Nothing is
/// copied, so the memory must live until then.
class Call {
 public:
  explicit Call(const Computation& computation) : session_(computation.session()) {}

  template <class T>
  Call& input(std::span<const T> values, std::initializer_list<std::int64_t> shape) {
    inputs_.push_back(wrapped(type_of<T>(), std::as_bytes(values), shape));
    return *this;
  }
  /// A number, as a tensor of rank 0.
  template <class T>
  Call& input(const T& number) {
    return input(std::span<const T>(&number, 1), {});
  }
  template <class T>
  Call& output(std::span<T> values, std::initializer_list<std::int64_t> shape) {
    outputs_.push_back(wrapped(type_of<T>(), std::as_bytes(values), shape));
    return *this;
  }
  void run();

 private:
  template <class T>
  static constexpr DataType type_of() {
    if constexpr (std::is_same_v<T, float>) return DataType::float32;
    if constexpr (std::is_same_v<T, double>) return DataType::float64;
    if constexpr (std::is_same_v<T, std::int64_t>) return DataType::int64;
  }
  Owned<Value> wrapped(DataType type, std::span<const std::byte> bytes, std::initializer_list<std::int64_t> shape);

  const OrtSession& session_;
  std::vector<Owned<Value>> inputs_{}, outputs_{};
};

/// The attributes of a node, such as `with("axis", 1)`.
inline std::vector<interchange::onnx::Attribute> with(std::string_view name, std::int64_t value) {
  return {{.name = std::string(name), .value = value}};
}
inline std::vector<interchange::onnx::Attribute> with(std::string_view name, std::vector<std::int64_t> values) {
  return {{.name = std::string(name), .value = std::move(values)}};
}

/// A table whose row i is 1 at the class `classes[i]` and 0 elsewhere, of elements of `type`; `classes` is `[rows, 1]`
/// of int64. Returns the name of the table.
std::string one_hot(interchange::onnx::GraphBuilder& graph, const std::string& classes, std::int64_t count,
                    DataType type);

}  // namespace scalar::inline v0::backend::onnxruntime
