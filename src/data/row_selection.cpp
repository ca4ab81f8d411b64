#include "scalar/data/detail/row_selection.hpp"

#include <utility>

#include "core/fail.hpp"

namespace scalar::inline v0::data::detail {

RowSelection RowSelection::slice(std::int64_t first, std::int64_t count) const {
  if (first < 0 || count < 0 || first > count_ || count > count_ - first)
    fail(Errc::out_of_range, {}, "rows [{}, {} + {}) are not within the {} rows there are", first, first, count,
         count_);
  RowSelection result = *this;
  result.first_ += first;
  result.count_ = count;
  return result;
}

RowSelection RowSelection::take(std::vector<std::int64_t> rows) const {
  for (std::int64_t& row : rows) {
    if (row < 0 || row >= count_)
      fail(Errc::out_of_range, {}, "row {} is not within the {} rows there are", row, count_);
    row = stored(row);
  }
  RowSelection result(static_cast<std::int64_t>(rows.size()));
  result.rows_ = std::make_shared<const std::vector<std::int64_t>>(std::move(rows));
  return result;
}

}  // namespace scalar::inline v0::data::detail
