#pragma once
/// The rows of a batch as the prediction cache sees them: their key bytes, and a batch of some of them.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "scalar/data/batch.hpp"

namespace scalar::inline v0::predictor {

/// The key bytes of each row: the floats of a dense row; otherwise, for each column, the 8 bytes of a number, or the
/// length and the bytes of a text. `set` reuses the memory of the previous batch.
class RowKeys {
 public:
  enum class Form : std::uint8_t {
    plain = 0,
    marked = 1,  ///< one more byte, which makes the keys of a dense batch others than the plain ones
  };
  void set(const BatchView& batch, Form form = Form::plain);
  std::span<const std::byte> operator[](std::int64_t row) const;
  std::size_t kept_bytes() const noexcept { return bytes_.capacity() + ends_.capacity() * sizeof(std::size_t); }

 private:
  FloatMatrix dense_{};  // dense rows are their own keys
  std::vector<std::byte> bytes_{};
  std::vector<std::size_t> ends_{};
};

/// Copies of some rows of a batch, as a batch. `set` reuses the memory of the previous one.
class GatheredRows {
 public:
  void set(const BatchView& batch, std::span<const std::int64_t> rows);
  BatchView view() const;
  std::size_t kept_bytes() const noexcept;

 private:
  std::int64_t rows_ = 0, columns_ = 0;
  bool is_dense_ = false;
  std::vector<float> dense_{};
  std::vector<double> numbers_{};          // column after column
  std::vector<std::string_view> texts_{};  // column after column
  std::vector<BatchColumn> batch_columns_{};
};

}  // namespace scalar::inline v0::predictor
