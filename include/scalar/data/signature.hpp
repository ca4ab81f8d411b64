#pragma once
/// The inputs and outputs of a model: named tensors.
#include <cstdint>
#include <string>
#include <vector>

#include "scalar/core/tensor.hpp"

namespace scalar::inline v0 {

/// One input or output of a model.
struct TensorInfo {
  std::string name{};
  DataType type = DataType::float32;
  std::vector<std::int64_t> shape{};  ///< -1: any length
  /// The first dimension counts rows, and each row is answered by itself: rows of different calls may be computed
  /// together, and each has its own place in the cache.
  bool batched = true;

  friend bool operator==(const TensorInfo&, const TensorInfo&) = default;
};

/// The inputs and outputs of a model in their order. A model is batched if all its inputs and all its outputs are.
///
/// A model of raw columns has one input `[-1, 1]` for each (FP64 or BYTES); one of dense features has `input` FP32
/// `[-1, features]`. Its outputs are `prediction` FP64 `[-1, outputs]`, or `probabilities` FP32 `[-1, classes]` and
/// `label` BYTES `[-1, 1]`.
struct Signature {
  std::vector<TensorInfo> inputs{};
  std::vector<TensorInfo> outputs{};

  bool is_batched() const noexcept {
    for (const TensorInfo& input : inputs)
      if (!input.batched) return false;
    for (const TensorInfo& output : outputs)
      if (!output.batched) return false;
    return !inputs.empty();
  }
  friend bool operator==(const Signature&, const Signature&) = default;
};

/// A shape as text, "[-1, 224, 224, 3]".
std::string shape_text(const std::vector<std::int64_t>& shape);

}  // namespace scalar::inline v0
