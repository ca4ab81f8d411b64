#pragma once
/// Dense tensors of any type and rank.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/core/tensor.hpp"

namespace scalar::inline v0 {

/// A view of a dense row-major tensor that owns nothing. Elements of `DataType::bytes` are `texts`, all others lie in
/// `data`, little-endian, without gaps.
struct TensorView {
  DataType type = DataType::float32;
  std::span<const std::int64_t> shape{};
  std::span<const std::byte> data{};
  std::span<const std::string_view> texts{};

  /// The number of elements: the product of the shape, 1 for a scalar.
  std::int64_t elements() const noexcept {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    return count;
  }
};

/// A dense row-major tensor that owns its elements.
struct Tensor {
  DataType type = DataType::float32;
  std::vector<std::int64_t> shape{};
  std::vector<std::byte> data{};     ///< elements of all types but `DataType::bytes`
  std::vector<std::string> texts{};  ///< elements of `DataType::bytes`

  std::int64_t elements() const noexcept {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    return count;
  }
  /// The elements as numbers of type `T`. Requires that `type` is the DataType of `T`.
  template <class T>
  std::span<const T> as() const noexcept {
    return {reinterpret_cast<const T*>(data.data()), data.size() / sizeof(T)};
  }
  friend bool operator==(const Tensor&, const Tensor&) = default;
};

}  // namespace scalar::inline v0
