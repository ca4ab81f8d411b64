#pragma once
/// Element types, and views that do not own the dense memory they show.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace scalar::inline v0 {

/// The element types of tensors, in the order of the Open Inference Protocol's table. The numbers are frozen.
enum class DataType : std::uint8_t {
  boolean = 0,
  uint8 = 1,
  uint16 = 2,
  uint32 = 3,
  uint64 = 4,
  int8 = 5,
  int16 = 6,
  int32 = 7,
  int64 = 8,
  float16 = 9,
  float32 = 10,
  float64 = 11,
  bytes = 12,  ///< text or binary of any length
  bfloat16 = 13,
};

/// The Open Inference Protocol's spelling, such as "FP32".
std::string_view name(DataType type) noexcept;
/// The type of that name, or nothing.
std::optional<DataType> data_type(std::string_view name) noexcept;
/// Bytes per element; 0 for `DataType::bytes`, whose elements vary in size.
std::size_t size_bytes(DataType type) noexcept;

/// A view of a row-major matrix `[rows, columns]` that it does not own; rows start `stride` elements apart.
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t stride = 0;

  constexpr MatrixView() = default;
  constexpr MatrixView(T* first, std::int64_t row_count, std::int64_t column_count)
      : MatrixView(first, row_count, column_count, column_count) {}
  constexpr MatrixView(T* first, std::int64_t row_count, std::int64_t column_count, std::int64_t row_stride)
      : data(first), rows(row_count), columns(column_count), stride(row_stride) {}

  constexpr std::span<T> row(std::int64_t i) const { return {data + i * stride, static_cast<std::size_t>(columns)}; }
  constexpr T& operator()(std::int64_t i, std::int64_t j) const { return data[i * stride + j]; }
  /// Rows `[first, first + count)`.
  constexpr MatrixView slice(std::int64_t first, std::int64_t count) const {
    return {data + first * stride, count, columns, stride};
  }
  /// True if the rows follow each other without gaps.
  constexpr bool is_packed() const { return stride == columns || rows <= 1; }

  constexpr operator MatrixView<const T>() const { return {data, rows, columns, stride}; }  // NOLINT: adds const
};

using FloatMatrix = MatrixView<const float>;

}  // namespace scalar::inline v0
