#pragma once
/// One typed, nullable, named column of a Table.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace scalar::inline v0 {

/// The type of a column's values. The numbers are frozen.
enum class ColumnType : std::uint8_t {
  boolean = 0,  ///< stored as 0 or 1
  int64 = 1,
  float64 = 2,
  text = 3,  ///< dictionary-encoded
};

std::string_view name(ColumnType type) noexcept;

/// Text values as codes into a dictionary of the distinct values in order of first appearance.
struct TextValues {
  std::vector<std::string> dictionary{};
  std::vector<std::uint32_t> codes{};  ///< `[rows]`, anything where the row is missing
};

/// The values of one column, `[rows]`, with a mask of what is there. Immutable once in a Table.
struct Column {
  std::string name{};
  std::variant<std::vector<std::uint8_t>, std::vector<std::int64_t>, std::vector<double>, TextValues> values{};
  std::vector<std::uint8_t> present{};  ///< 1 where the row has a value; empty: every row has one

  ColumnType type() const noexcept { return static_cast<ColumnType>(values.index()); }
  std::int64_t rows() const noexcept;
  bool is_missing(std::int64_t row) const noexcept {
    return !present.empty() && present[static_cast<std::size_t>(row)] == 0;
  }
  /// The value as a number: booleans as 0 and 1, integers converted, missing as NaN.
  /// Errors: `Errc::type_mismatch` for a text column.
  double number(std::int64_t row) const;
  /// The value of a text column; empty where missing. Errors: `Errc::type_mismatch` for other columns.
  std::string_view text(std::int64_t row) const;
};

}  // namespace scalar::inline v0
