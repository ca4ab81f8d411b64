#pragma once
/// The operators that are understood, as functions from what is known of a node's inputs to its first outputs.
#include <string_view>
#include <vector>

#include "interchange/onnx_import/budget.hpp"
#include "interchange/onnx_import/values.hpp"

namespace scalar::inline v0::interchange::onnx {

/// A node and what is known of its inputs.
struct Call {
  const Node& node;
  const std::vector<const Value*>& inputs;  ///< null: absent
  Budget& budget;

  /// Input `i` if it is a `T`, else null.
  template <class T>
  const T* as(std::size_t i) const {
    return i < inputs.size() && inputs[i] != nullptr ? std::get_if<T>(inputs[i]) : nullptr;
  }
  /// Input `i`, which must be a `T`. Errors: `Errc::unsupported`.
  template <class T>
  const T& need(std::size_t i, std::string_view what) const {
    if (const T* value = as<T>(i)) return *value;
    refuse(node, "has an input {} that is not {}", i, what);
  }
  const Features& features(std::size_t i) const { return need<Features>(i, "made of the raw inputs alone"); }
  const Tensor& constant(std::size_t i) const { return *need<Constant>(i, "a constant").tensor; }
};

/// What a node's outputs are, the first ones first. Errors: `Errc::unsupported` if that cannot be held;
/// `Errc::corrupt`.
using Operator = std::vector<Value> (*)(const Call& call);

// Of raw inputs (preprocessing.cpp).
std::vector<Value> apply_scaler(const Call& call);
std::vector<Value> apply_imputer(const Call& call);
std::vector<Value> apply_one_hot(const Call& call);
std::vector<Value> apply_label_encoder(const Call& call);
std::vector<Value> apply_is_nan(const Call& call);
std::vector<Value> apply_where(const Call& call);

// Of columns of any kind (columns.cpp).
std::vector<Value> apply_constant(const Call& call);
std::vector<Value> apply_identity(const Call& call);
std::vector<Value> apply_cast(const Call& call);
std::vector<Value> apply_reshape(const Call& call);
std::vector<Value> apply_concat(const Call& call);
std::vector<Value> apply_gather(const Call& call);
std::vector<Value> apply_negation(const Call& call);
std::vector<Value> apply_arithmetic(const Call& call);

// Models (layers.cpp, forests.cpp).
std::vector<Value> apply_matmul(const Call& call);
std::vector<Value> apply_gemm(const Call& call);
std::vector<Value> apply_activation(const Call& call);
std::vector<Value> apply_linear_classifier(const Call& call);
std::vector<Value> apply_linear_regressor(const Call& call);
std::vector<Value> apply_tree_classifier(const Call& call);
std::vector<Value> apply_tree_regressor(const Call& call);
std::vector<Value> apply_tree_ensemble(const Call& call);

// Of scores (scores.cpp).
std::vector<Value> apply_softmax(const Call& call);
std::vector<Value> apply_normalizer(const Call& call);
std::vector<Value> apply_argmax(const Call& call);
std::vector<Value> apply_zipmap(const Call& call);

}  // namespace scalar::inline v0::interchange::onnx
