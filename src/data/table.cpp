#include "scalar/data/table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "core/fail.hpp"
#include "data/labels.hpp"
#include "data/reason.hpp"
#include "data/selection.hpp"

namespace scalar::inline v0 {

struct Table::Data {
  std::vector<std::shared_ptr<const Column>> columns;
  std::unordered_map<std::string_view, std::int64_t> positions;  // views into the names of `columns`
  std::string label, weight, offset;
  std::int64_t rows = 0;

  void add(std::shared_ptr<const Column> column) {
    if (!positions.emplace(column->name, static_cast<std::int64_t>(columns.size())).second)
      fail(Errc::already_exists, {}, "two columns of a table are called \"{}\"", column->name);
    columns.push_back(std::move(column));
  }
  std::string names() const {
    std::string text;
    for (const auto& column : columns) text += (text.empty() ? "\"" : ", \"") + column->name + "\"";
    return text.empty() ? "there are none" : "there are " + text;
  }
  [[noreturn]] void unknown(std::string_view name) const {
    fail(Errc::not_found, {}, "no column is called \"{}\"; {}", name, names());
  }
  void set_label(std::string name) { set(label, std::move(name)); }
  void set_weight(std::string name) { set(weight, std::move(name)); }
  void set_offset(std::string name) { set(offset, std::move(name)); }

 private:
  void set(std::string& role, std::string name) {
    if (!name.empty() && positions.find(name) == positions.end()) unknown(name);
    role = std::move(name);
    check_different(label, "label", weight, "weight");
    check_different(label, "label", offset, "offset");
    check_different(weight, "weight", offset, "offset");
  }
  static void check_different(const std::string& one, const char* role, const std::string& other,
                              const char* other_role) {
    if (!one.empty() && one == other)
      fail(Errc::invalid_argument, {}, "column \"{}\" cannot be both the {} and the {}", one, role, other_role);
  }
};

namespace {

template <class... Arguments>
[[noreturn]] void bad_column(const Column& column, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::shape_mismatch, fmt::format("column \"{}\"", column.name), format, std::forward<Arguments>(arguments)...);
}

/// Marks NaNs as missing, so that `is_missing` finds every missing value.
void mark_nan(Column& column) {
  auto* numbers = std::get_if<2>(&column.values);
  if (numbers == nullptr) return;
  for (std::size_t i = 0; i < numbers->size(); ++i) {
    if ((*numbers)[i] == (*numbers)[i]) continue;
    if (column.present.empty()) column.present.assign(numbers->size(), 1);
    column.present[i] = 0;
  }
}

void check(const Column& column) {
  if (!column.present.empty() && static_cast<std::int64_t>(column.present.size()) != column.rows())
    bad_column(column, "has {} values and {} marks of presence", column.rows(), column.present.size());
  const auto* texts = std::get_if<3>(&column.values);
  if (texts == nullptr) return;
  for (std::size_t i = 0; i < texts->codes.size(); ++i)
    if (texts->codes[i] >= texts->dictionary.size() && !column.is_missing(static_cast<std::int64_t>(i)))
      bad_column(column, "row {} has code {} of a dictionary of {}", i, texts->codes[i], texts->dictionary.size());
}

}  // namespace

Table::Table(std::vector<Column> columns, std::string label, std::string weight, std::string offset) {
  auto made = std::make_shared<Data>();
  for (Column& column : columns) {
    check(column);
    mark_nan(column);
    if (made->columns.empty()) made->rows = column.rows();
    if (column.rows() != made->rows)
      bad_column(column, "has {} rows where \"{}\" has {}", column.rows(), made->columns[0]->name, made->rows);
    made->add(std::make_shared<const Column>(std::move(column)));
  }
  made->set_label(std::move(label));
  made->set_weight(std::move(weight));
  made->set_offset(std::move(offset));
  selection_ = data::detail::RowSelection(made->rows);
  data_ = std::move(made);
}

std::int64_t Table::rows() const noexcept { return selection_.count(); }
std::int64_t Table::column_count() const noexcept {
  return data_ == nullptr ? 0 : static_cast<std::int64_t>(data_->columns.size());
}

const Column& Table::column(std::int64_t i) const {
  if (i < 0 || i >= column_count())
    fail(Errc::out_of_range, {}, "column {} of a table with {} columns", i, column_count());
  return *data_->columns[static_cast<std::size_t>(i)];
}
const Column& Table::column(std::string_view name) const {
  const std::int64_t position = find(name);
  if (position < 0) data_ == nullptr ? Data{}.unknown(name) : data_->unknown(name);
  return *data_->columns[static_cast<std::size_t>(position)];
}
std::int64_t Table::find(std::string_view name) const noexcept {
  if (data_ == nullptr) return -1;
  const auto found = data_->positions.find(name);
  return found == data_->positions.end() ? -1 : found->second;
}

const std::string& Table::label() const noexcept {
  static const std::string none;
  return data_ == nullptr ? none : data_->label;
}

Table Table::with_label(std::string name) const {
  auto made = data_ == nullptr ? std::make_shared<Data>() : std::make_shared<Data>(*data_);
  made->set_label(std::move(name));
  Table result = *this;
  result.data_ = std::move(made);
  return result;
}

const std::string& Table::weight() const noexcept {
  static const std::string none;
  return data_ == nullptr ? none : data_->weight;
}

Table Table::with_weight(std::string name) const {
  auto made = data_ == nullptr ? std::make_shared<Data>() : std::make_shared<Data>(*data_);
  made->set_weight(std::move(name));
  Table result = *this;
  result.data_ = std::move(made);
  return result;
}

const std::string& Table::offset() const noexcept {
  static const std::string none;
  return data_ == nullptr ? none : data_->offset;
}

Table Table::with_offset(std::string name) const {
  auto made = data_ == nullptr ? std::make_shared<Data>() : std::make_shared<Data>(*data_);
  made->set_offset(std::move(name));
  Table result = *this;
  result.data_ = std::move(made);
  return result;
}

namespace {

/// The numbers of column `from`, which holds the `role` of each row of `table`: finite, and not below `least`.
std::vector<double> numbers_of(const Table& table, const Column& from, std::string_view role, double least) {
  if (from.type() == ColumnType::text)
    fail(Errc::type_mismatch, fmt::format("column \"{}\"", from.name), "expected {}s, which are numbers, got text{}",
         role, explained(from));
  std::vector<double> numbers(static_cast<std::size_t>(table.rows()));
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const double value = numbers[static_cast<std::size_t>(row)] = from.number(table.stored_row(row));
    if (value >= least && std::isfinite(value)) continue;
    fail(Errc::out_of_range, fmt::format("column \"{}\", row {}", from.name, row),
         "the {} is {}, expected a finite number{}", role, std::isnan(value) ? "missing" : data::shortest(value),
         least == 0 ? " not below 0" : "");
  }
  return numbers;
}

}  // namespace

std::vector<double> Table::weights() const {
  if (weight().empty()) return {};
  return numbers_of(*this, column(weight()), "weight", 0);
}
std::vector<double> Table::offsets() const {
  if (offset().empty()) return {};
  return numbers_of(*this, column(offset()), "offset", std::numeric_limits<double>::lowest());
}

Table Table::select(std::span<const std::string> names) const {
  auto made = std::make_shared<Data>();
  for (const std::string& name : names) {
    column(name);  // throws if there is none
    made->add(data_->columns[static_cast<std::size_t>(find(name))]);
  }
  if (made->positions.find(label()) != made->positions.end()) made->label = label();
  if (made->positions.find(weight()) != made->positions.end()) made->weight = weight();
  if (made->positions.find(offset()) != made->positions.end()) made->offset = offset();
  made->rows = data_ == nullptr ? 0 : data_->rows;
  Table result = *this;
  result.data_ = std::move(made);
  return result;
}

Table Table::slice(std::int64_t first, std::int64_t count) const {
  Table result = *this;
  result.selection_ = selection_.slice(first, count);
  return result;
}
Table Table::take(std::vector<std::int64_t> rows) const {
  Table result = *this;
  result.selection_ = selection_.take(std::move(rows));
  return result;
}
Table Table::shuffle(std::uint64_t seed) const { return take(data::permutation(rows(), seed)); }
Table::Parts Table::split(const SplitOptions& options) const { return data::split(*this, options); }
Table Table::shard(int rank, int count) const { return data::shard(*this, rank, count); }
std::vector<Table::Fold> Table::folds(int count, std::uint64_t seed) const { return data::folds(*this, count, seed); }

}  // namespace scalar::inline v0
