#pragma once
/// A table of typed, nullable, named columns.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/core/fields.hpp"
#include "scalar/data/column.hpp"
#include "scalar/data/column_from.hpp"
#include "scalar/data/detail/row_selection.hpp"
#include "scalar/data/schema.hpp"

namespace scalar::inline v0 {

struct SplitOptions {
  double test = 0.25;  ///< share of the rows that goes to `test`, in (0, 1)
  std::uint64_t seed = 0;
};

/// Rows of typed, nullable, named columns; one of them may be the label, one may hold the weights of the rows, and one
/// their offsets.
///
/// Immutable; copies and row selections share the columns, so splitting copies nothing but row numbers. Thread safety:
/// const members may be called from any thread.
class Table {
 public:
  struct Parts;
  struct Fold;

  Table() = default;
  /// Errors: `Errc::shape_mismatch` when columns differ in length, `Errc::already_exists` for two columns of one name,
  /// `Errc::not_found` when `label`, `weight` or `offset` is not empty and names no column, `Errc::invalid_argument`
  /// when two of them name the same column.
  explicit Table(std::vector<Column> columns, std::string label = {}, std::string weight = {}, std::string offset = {});

  /// A table from a range of described structs (see core/fields.hpp): a row for each struct, and a column for each
  /// member, made as by `Column::from`. Errors: those of `Column::from`, and `Errc::not_found` for a label that is not
  /// a member.
  template <class Range>
  static Table from(const Range& rows, std::string label = {});

  std::int64_t rows() const noexcept;
  std::int64_t column_count() const noexcept;
  bool empty() const noexcept { return rows() == 0; }

  /// Column `i` with all its stored rows; reach the selected ones through `stored_row`.
  const Column& column(std::int64_t i) const;
  /// The column of that name. Errors: `Errc::not_found` naming the columns of the table.
  const Column& column(std::string_view name) const;
  /// The position of a column, or -1.
  std::int64_t find(std::string_view name) const noexcept;
  /// The stored row behind row `row` of this selection.
  std::int64_t stored_row(std::int64_t row) const noexcept { return selection_.stored(row); }

  /// The name of the label column; empty when there is none.
  const std::string& label() const noexcept;
  /// Names and types of the columns and the label, for reading another file like this one, or this one again after
  /// `data::write_csv`.
  Schema schema() const;
  /// A text for people: a line for each column with its type, missing values, range or distinct values, and, if other
  /// values came before it, the value in the file that decided the column's type. Complexity: one pass.
  std::string describe() const;

  /// This table with another label column. Errors: `Errc::not_found`.
  Table with_label(std::string name) const;
  /// The name of the column that says how much each row counts; empty when all count 1. It is not a feature: fits,
  /// metrics and selections use it, and predictions do not need it.
  const std::string& weight() const noexcept;
  /// This table with another weight column. Errors: `Errc::not_found`, `Errc::invalid_argument` for the label or the
  /// offset.
  Table with_weight(std::string name) const;
  /// The weights, `[rows]`; empty when all are 1. Errors: `Errc::type_mismatch` for a column of text,
  /// `Errc::out_of_range` naming column and row for a weight that is missing, negative or infinite.
  std::vector<double> weights() const;
  /// The name of the column with what is added to each row's margin before the model's own, such as the logarithm of an
  /// exposure or the margin of another model; empty when there is none. It is not a feature: fits learn what is to be
  /// added to it, and predictions do not need it and do not contain it.
  const std::string& offset() const noexcept;
  /// This table with another offset column. Errors: as `with_weight`.
  Table with_offset(std::string name) const;
  /// The offsets, `[rows]`; empty when there are none. Errors: `Errc::type_mismatch` for a column of text,
  /// `Errc::out_of_range` naming column and row for an offset that is missing or infinite.
  std::vector<double> offsets() const;
  /// This table with only these columns, in this order. It keeps its label, weight and offset if they are among them.
  Table select(std::span<const std::string> names) const;

  /// Rows `[first, first + count)`.
  Table slice(std::int64_t first, std::int64_t count) const;
  /// The rows with these numbers, in this order.
  Table take(std::vector<std::int64_t> rows) const;
  /// All rows in a random order drawn from `seed`.
  Table shuffle(std::uint64_t seed) const;
  /// A shuffled split; the same seed gives the same rows. Errors: `Errc::invalid_argument` for a share outside (0, 1),
  /// or if a part would be empty.
  Parts split(const SplitOptions& options = {}) const;
  /// The rows of shard `rank` of `count`. Shards are contiguous and disjoint; together they hold every row.
  Table shard(int rank, int count) const;
  /// `count` pairs of train and test rows; each row is in one test part.
  std::vector<Fold> folds(int count, std::uint64_t seed = 0) const;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
  data::detail::RowSelection selection_;
};

struct Table::Parts {
  Table train, test;
};
struct Table::Fold {
  Table train, test;
};

template <class Range>
Table Table::from(const Range& rows, std::string label) {
  using Row = std::remove_cvref_t<decltype(*std::begin(rows))>;
  static_assert(Described<Row>, "Table::from takes described structs: give the struct a name and fields()");
  std::vector<Column> columns;
  if constexpr (Described<Row>) {
    (void)sizeof(detail::EveryMemberIsListed<Row>);
    std::apply(
        [&](const auto&... member) {
          (columns.push_back(detail::column_of(std::string(member.name), rows,
                                               [&](const Row& row) -> const auto& { return member.of(row); })),
           ...);
        },
        Row::fields());
  }
  return Table(std::move(columns), std::move(label));
}

}  // namespace scalar::inline v0
