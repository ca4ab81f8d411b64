#pragma once
/// Numbers to learn from: a dense float32 matrix with float64 targets and weights.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "scalar/core/tensor.hpp"
#include "scalar/data/detail/row_selection.hpp"
#include "scalar/data/table.hpp"

namespace scalar::inline v0 {

/// What a Dataset is made of. Missing feature values are NaN.
struct DatasetParts {
  std::vector<float> features{};  ///< `[rows, columns]`, row-major
  std::int64_t columns = 0;
  std::vector<double> targets{};             ///< `[rows]`: a number, or the index of the class; empty: none
  std::vector<double> weights{};             ///< `[rows]`, not negative; empty: all 1
  std::vector<std::string> feature_names{};  ///< `[columns]`; empty: "f0", "f1", ...
  std::vector<std::string> classes{};        ///< names of the classes; empty: a regression target
  /// `[columns]`: the number of categories of a column whose values are indices of categories, 0 for numbers; empty:
  /// all are numbers. A category that the column's dictionary does not have is NaN.
  std::vector<std::int64_t> categories{};
  /// `[rows]`: what is added to each row's margin before the model's own (an offset, or base margin); empty: none
  std::vector<double> offsets{};
};

/// A dense float32 matrix `[rows, columns]` with float64 targets and weights.
///
/// Immutable; copies and row selections share the storage. Thread safety: const members may be called from any thread.
class Dataset {
 public:
  struct Parts;
  struct Fold;

  Dataset() = default;
  /// Errors: `Errc::shape_mismatch` when lengths disagree; `Errc::out_of_range` naming the row for an invalid class
  /// index, a target or an offset that is not finite, or a weight that is negative or not finite, and naming the column
  /// for a negative number of categories, or more than float32 can count (2^24).
  explicit Dataset(DatasetParts parts);

  std::int64_t rows() const noexcept { return selection_.count(); }
  std::int64_t columns() const noexcept;
  bool empty() const noexcept { return rows() == 0; }
  bool has_targets() const noexcept;
  bool has_weights() const noexcept;
  bool has_offsets() const noexcept;
  const std::vector<std::string>& feature_names() const noexcept;
  const std::vector<std::string>& classes() const noexcept;
  /// `[columns]`: the number of categories of each column, 0 for numbers; empty: all columns are numbers.
  const std::vector<std::int64_t>& categories() const noexcept;

  std::span<const float> row(std::int64_t i) const noexcept { return matrix_.row(stored_row(i)); }
  double target(std::int64_t i) const noexcept;
  /// 1 when there are no weights.
  double weight(std::int64_t i) const noexcept;
  /// 0 when there are no offsets.
  double offset(std::int64_t i) const noexcept;

  /// True if the rows lie one after the other in memory, so that `features()` and `targets()` may be called.
  bool is_contiguous() const noexcept { return selection_.is_contiguous(); }
  /// This dataset, with its rows copied into one block unless they are contiguous already.
  Dataset contiguous() const;
  /// `[rows, columns]`. `features`, `targets`, `weights` and `offsets` require `is_contiguous()`; the latter three may
  /// be empty.
  FloatMatrix features() const;
  std::span<const double> targets() const;
  std::span<const double> weights() const;
  std::span<const double> offsets() const;

  /// This dataset with other weights, `[rows]` or none; shares the features if they are contiguous. Errors:
  /// `Errc::shape_mismatch` and `Errc::out_of_range`, as the constructor.
  Dataset with_weights(std::vector<double> weights) const;

  /// This dataset with the offsets subtracted from the targets, and without offsets: a squared loss learns the same
  /// from it, and no digits of large offsets are lost. Shares the features if they are contiguous. Requires targets
  /// that are numbers. Errors: `Errc::out_of_range` for a difference that does not fit float64.
  Dataset less_offsets() const;

  Dataset slice(std::int64_t first, std::int64_t count) const;
  Dataset take(std::vector<std::int64_t> rows) const;
  Dataset shuffle(std::uint64_t seed) const;
  Parts split(const SplitOptions& options = {}) const;
  Dataset shard(int rank, int count) const;
  std::vector<Fold> folds(int count, std::uint64_t seed = 0) const;

 private:
  struct Data;
  std::int64_t stored_row(std::int64_t row) const noexcept { return selection_.stored(row); }
  Dataset with(std::vector<double> targets, std::vector<double> weights, std::vector<double> offsets) const;
  std::span<const double> of_rows(const std::vector<double>& values) const;
  std::shared_ptr<const Data> data_;
  data::detail::RowSelection selection_;
  FloatMatrix matrix_{};
};

struct Dataset::Parts {
  Dataset train, test;
};
struct Dataset::Fold {
  Dataset train, test;
};

}  // namespace scalar::inline v0
