#include "predictor/row_batch.hpp"

namespace scalar::inline v0::predictor {
namespace {

template <class T>
void append(std::vector<std::byte>& out, const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_row(std::vector<std::byte>& out, std::span<const BatchColumn> columns, std::size_t row) {
  for (const BatchColumn& column : columns) {
    if (!column.numbers.empty()) {
      append(out, column.numbers[row]);
      continue;
    }
    const std::string_view text = column.texts[row];
    append(out, std::uint64_t{text.size()});
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
}

}  // namespace

void RowKeys::set(const BatchView& batch, Form form) {
  bytes_.clear();
  ends_.clear();
  if (batch.is_dense()) {
    dense_ = batch.dense();
    for (std::int64_t row = 0; form == Form::marked && row < batch.rows(); ++row) {
      const auto floats = std::as_bytes(dense_.row(row));
      bytes_.insert(bytes_.end(), floats.begin(), floats.end());
      append(bytes_, std::byte{1});
      ends_.push_back(bytes_.size());
    }
    return;
  }
  ends_.reserve(static_cast<std::size_t>(batch.rows()));
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    append_row(bytes_, batch.columns(), static_cast<std::size_t>(row));
    ends_.push_back(bytes_.size());
  }
}

std::span<const std::byte> RowKeys::operator[](std::int64_t row) const {
  if (ends_.empty()) return std::as_bytes(dense_.row(row));
  const auto at = static_cast<std::size_t>(row);
  const std::size_t begin = at == 0 ? 0 : ends_[at - 1];
  return std::span(bytes_).subspan(begin, ends_[at] - begin);
}

void GatheredRows::set(const BatchView& batch, std::span<const std::int64_t> rows) {
  rows_ = static_cast<std::int64_t>(rows.size());
  is_dense_ = batch.is_dense();
  dense_.clear();
  numbers_.clear();
  texts_.clear();
  batch_columns_.clear();
  if (is_dense_) {
    columns_ = batch.dense().columns;
    dense_.reserve(rows.size() * static_cast<std::size_t>(columns_));
    for (const std::int64_t row : rows) {
      const auto values = batch.dense().row(row);
      dense_.insert(dense_.end(), values.begin(), values.end());
    }
    return;
  }
  for (const BatchColumn& column : batch.columns())
    for (const std::int64_t row : rows)
      column.numbers.empty() ? texts_.push_back(column.texts[static_cast<std::size_t>(row)])
                             : numbers_.push_back(column.numbers[static_cast<std::size_t>(row)]);
  const double* numbers = numbers_.data();
  const std::string_view* texts = texts_.data();
  for (const BatchColumn& column : batch.columns()) {
    const bool is_text = column.numbers.empty();
    batch_columns_.push_back(is_text ? BatchColumn{.texts = {texts, rows.size()}}
                                     : BatchColumn{.numbers = {numbers, rows.size()}});
    (is_text ? (void)(texts += rows.size()) : (void)(numbers += rows.size()));
  }
}

std::size_t GatheredRows::kept_bytes() const noexcept {
  return dense_.capacity() * sizeof(float) + numbers_.capacity() * sizeof(double) +
         texts_.capacity() * sizeof(std::string_view) + batch_columns_.capacity() * sizeof(BatchColumn);
}

BatchView GatheredRows::view() const {
  return is_dense_ ? BatchView(FloatMatrix(dense_.data(), rows_, columns_)) : BatchView(batch_columns_, rows_);
}

}  // namespace scalar::inline v0::predictor
