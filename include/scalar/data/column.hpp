#pragma once
/// One typed, nullable, named column of a Table.
#include <cstdint>
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
  std::vector<std::uint32_t> codes{};  ///< `[rows]`; any value where the row is missing
};

/// The first value that decided the type of a column which was read from a file by inference.
struct ColumnNote {
  std::string value{};      ///< as it was written, at most 60 bytes
  std::string place{};      ///< `file:line:column`; empty: the type was declared, or the column is not from a file
  std::int64_t before = 0;  ///< how many values came before it; all have the narrower type `before_type`
  ColumnType before_type{};
};

/// The values of one column, `[rows]`, with a mask of the rows that have one. Immutable once in a Table.
struct Column {
  std::string name{};
  std::variant<std::vector<std::uint8_t>, std::vector<std::int64_t>, std::vector<double>, TextValues> values{};
  std::vector<std::uint8_t> present{};  ///< 1 where the row has a value; empty: every row has one
  ColumnNote note{};                    ///< why it has its type; see `reason`

  /// A column of values in memory, from any range that can be iterated twice: booleans, numbers, texts, enums (stored
  /// by the names of their enumerators, at most 16, numbered from 0), or `std::optional` of one of these, where an
  /// empty one is a missing value. Include table.hpp to use it. Errors: `Errc::out_of_range` naming column and row for
  /// an integer above int64 or an enum value without an enumerator.
  template <class Range>
  static Column from(std::string name, const Range& values);

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
  /// Why the column has its type, for messages:
  /// `text because of "forty" at people.csv:3:1 (the value before it is int64)`. Empty if there is no note.
  std::string reason() const;
};

}  // namespace scalar::inline v0
