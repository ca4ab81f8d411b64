#pragma once
/// The rows of a call by a BatchView, as MissingRows answers them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "predictor/missing_rows.hpp"
#include "predictor/row_batch.hpp"
#include "scalar/model.hpp"

namespace scalar::inline v0::predictor {

/// Memory that the calls of a thread reuse.
struct BatchScratch {
  RowKeys keys{};
  GatheredRows gathered{};
  std::vector<std::int64_t> indices{};
  std::vector<double> values{};

  std::size_t kept_bytes() const noexcept {
    return keys.kept_bytes() + gathered.kept_bytes() + indices.capacity() * sizeof(std::int64_t) +
           values.capacity() * sizeof(double);
  }
};

/// The rows of a batch. An answer is the doubles of its row.
class BatchRows {
 public:
  BatchRows(const AnyModel& model, const BatchView& batch, BatchOut out, BatchScratch& scratch)
      : model_(model), batch_(batch), out_(out), scratch_(scratch) {
    // The tensors of a foreign model have keys of the same floats, and other answers.
    scratch_.keys.set(batch, model.is_foreign() ? RowKeys::Form::marked : RowKeys::Form::plain);
  }

  std::int64_t count() const { return batch_.rows(); }
  std::span<const std::byte> key(std::int64_t row) const { return scratch_.keys[row]; }
  bool find(cache::Cache& cache, const cache::Key& key, std::int64_t row) { return cache.find(key, bytes(row)); }
  std::span<const std::byte> value(std::int64_t row) const { return bytes(row); }
  void take(std::int64_t row, std::span<const std::byte> value) {
    std::copy(value.begin(), value.end(), bytes(row).begin());
  }

  void compute(std::span<const ClaimedRow> rows) {
    const auto count = static_cast<std::int64_t>(rows.size());
    if (count == batch_.rows()) return model_.predict(batch_, out_);  // all rows, in their order
    scratch_.indices.clear();
    for (const ClaimedRow& row : rows) scratch_.indices.push_back(row.index);
    scratch_.values.resize(rows.size() * static_cast<std::size_t>(out_.columns));
    scratch_.gathered.set(batch_, scratch_.indices);
    const BatchOut computed(scratch_.values.data(), count, out_.columns);
    model_.predict(scratch_.gathered.view(), computed);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::span<double> values = computed.row(i);
      std::copy(values.begin(), values.end(), out_.row(rows[static_cast<std::size_t>(i)].index).begin());
    }
  }

 private:
  std::span<std::byte> bytes(std::int64_t row) const { return std::as_writable_bytes(out_.row(row)); }

  const AnyModel& model_;
  const BatchView& batch_;
  BatchOut out_;
  BatchScratch& scratch_;
};

}  // namespace scalar::inline v0::predictor
