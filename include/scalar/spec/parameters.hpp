#pragma once
/// The file format of canonical parameters: named tensors, 64-byte aligned; readers check every length before using it.
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/core/tensor.hpp"

namespace scalar::inline v0 {

/// Collects named tensors and writes them as one block:
/// `"scltnsr1"`, `u64` header bytes, header (canonical JSON: name to type, shape, offset, bytes), then the data, each
/// tensor at a multiple of 64 bytes from the start of the block. Little-endian.
class TensorWriter {
 public:
  void add(std::string name, DataType type, std::vector<std::int64_t> shape, std::span<const std::byte> data);

  template <class T>
  void add(std::string name, std::vector<std::int64_t> shape, std::span<const T> data);

  std::vector<std::byte> finish() const;

 private:
  struct Tensor {
    DataType type;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> data;
  };
  std::map<std::string, Tensor> tensors_;
};

/// Reads a block that a TensorWriter wrote. The bytes must outlive the reader. Errors of the constructor and of all
/// members: `Errc::corrupt` naming the tensor, what was seen and what was expected.
class TensorReader {
 public:
  explicit TensorReader(std::span<const std::byte> block);

  bool has(std::string_view name) const { return tensors_.contains(name); }
  /// The names of all tensors, sorted.
  std::vector<std::string> names() const;
  /// A copy of the elements of tensor `name`. `shape` receives its shape.
  template <class T>
  std::vector<T> read(std::string_view name, std::vector<std::int64_t>* shape = nullptr) const;
  /// A copy of the elements of tensor `name`, which must have exactly this shape.
  template <class T>
  std::vector<T> read(std::string_view name, const std::vector<std::int64_t>& shape) const;

 private:
  struct Tensor {
    DataType type;
    std::vector<std::int64_t> shape;
    std::span<const std::byte> data;
  };
  const Tensor& find(std::string_view name, DataType type) const;
  std::map<std::string, Tensor, std::less<>> tensors_;
};

namespace detail {
template <class T>
inline constexpr DataType data_type_of = DataType::bytes;
template <>
inline constexpr DataType data_type_of<std::uint8_t> = DataType::uint8;
template <>
inline constexpr DataType data_type_of<std::uint32_t> = DataType::uint32;
template <>
inline constexpr DataType data_type_of<std::int32_t> = DataType::int32;
template <>
inline constexpr DataType data_type_of<std::int64_t> = DataType::int64;
template <>
inline constexpr DataType data_type_of<float> = DataType::float32;
template <>
inline constexpr DataType data_type_of<double> = DataType::float64;

[[noreturn]] void throw_wrong_shape(std::string_view name, const std::vector<std::int64_t>& seen,
                                    const std::vector<std::int64_t>& expected);
}  // namespace detail

template <class T>
void TensorWriter::add(std::string name, std::vector<std::int64_t> shape, std::span<const T> data) {
  static_assert(detail::data_type_of<T> != DataType::bytes);
  add(std::move(name), detail::data_type_of<T>, std::move(shape), std::as_bytes(data));
}

template <class T>
std::vector<T> TensorReader::read(std::string_view name, std::vector<std::int64_t>* shape) const {
  const Tensor& tensor = find(name, detail::data_type_of<T>);
  if (shape != nullptr) *shape = tensor.shape;
  std::vector<T> values(tensor.data.size() / sizeof(T));
  if (!values.empty()) __builtin_memcpy(values.data(), tensor.data.data(), tensor.data.size());
  return values;
}

template <class T>
std::vector<T> TensorReader::read(std::string_view name, const std::vector<std::int64_t>& shape) const {
  std::vector<std::int64_t> seen;
  std::vector<T> values = read<T>(name, &seen);
  if (seen != shape) detail::throw_wrong_shape(name, seen, shape);
  return values;
}

}  // namespace scalar::inline v0
