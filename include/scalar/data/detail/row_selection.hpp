#pragma once
/// RowSelection: which of the stored rows a Table or a Dataset has. Internal to the room.
#include <cstdint>
#include <memory>
#include <vector>

namespace scalar::inline v0::data::detail {

/// Some of the stored rows, in some order. Copies share the list of rows.
class RowSelection {
 public:
  RowSelection() = default;
  /// All of `rows` stored rows.
  explicit RowSelection(std::int64_t rows) noexcept : count_(rows) {}

  std::int64_t count() const noexcept { return count_; }
  /// The stored row behind row `row` of the selection.
  std::int64_t stored(std::int64_t row) const noexcept {
    return rows_ == nullptr ? first_ + row : (*rows_)[static_cast<std::size_t>(first_ + row)];
  }
  /// True if the rows are stored one after the other, from `first()` on.
  bool is_contiguous() const noexcept { return rows_ == nullptr; }
  std::int64_t first() const noexcept { return first_; }

  /// Rows `[first, first + count)` of this selection. Errors: `Errc::out_of_range`.
  RowSelection slice(std::int64_t first, std::int64_t count) const;
  /// The rows of this selection with these numbers, in this order. Errors: `Errc::out_of_range`.
  RowSelection take(std::vector<std::int64_t> rows) const;

 private:
  std::shared_ptr<const std::vector<std::int64_t>> rows_;  // null: all from first_ on
  std::int64_t first_ = 0;
  std::int64_t count_ = 0;
};

}  // namespace scalar::inline v0::data::detail
