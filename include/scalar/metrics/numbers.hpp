#pragma once
/// A view of floats or doubles that it does not own.
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>

#include "scalar/core/tensor.hpp"

namespace scalar::inline v0::metrics {

/// A view of floats or doubles, which it reads as doubles; it must not outlive them.
class Numbers {
 public:
  constexpr Numbers() = default;
  template <class Range>
    requires std::convertible_to<const Range&, std::span<const float>>
  constexpr Numbers(const Range& range) {  // NOLINT: implicit from a vector, array or span of floats
    const std::span<const float> values = range;
    floats_ = values.data();
    size_ = static_cast<std::int64_t>(values.size());
  }
  template <class Range>
    requires std::convertible_to<const Range&, std::span<const double>>
  constexpr Numbers(const Range& range) {  // NOLINT: implicit from one of doubles
    const std::span<const double> values = range;
    doubles_ = values.data();
    size_ = static_cast<std::int64_t>(values.size());
  }
  /// Column `i` of a matrix.
  static constexpr Numbers column(MatrixView<const double> matrix, std::int64_t i) {
    Numbers numbers;
    numbers.doubles_ = matrix.data + i;
    numbers.size_ = matrix.rows;
    numbers.stride_ = matrix.stride;
    return numbers;
  }

  constexpr std::int64_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }
  constexpr double operator[](std::int64_t i) const noexcept {
    return floats_ != nullptr ? static_cast<double>(floats_[i * stride_]) : doubles_[i * stride_];
  }
  /// The machine epsilon of the type that the numbers are stored in.
  constexpr double epsilon() const noexcept {
    return floats_ != nullptr ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
  }

 private:
  const float* floats_ = nullptr;
  const double* doubles_ = nullptr;
  std::int64_t size_ = 0, stride_ = 1;
};

}  // namespace scalar::inline v0::metrics
