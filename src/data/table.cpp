#include "scalar/data/table.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/fail.hpp"
#include "data/labels.hpp"
#include "data/reason.hpp"
#include "data/selection.hpp"

namespace scalar::inline v0 {

struct Table::Data {
  std::vector<std::shared_ptr<const Column>> columns;
  std::unordered_map<std::string_view, std::int64_t> positions;  // views into the names of `columns`
  std::string label, weight;
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

 private:
  void set(std::string& role, std::string name) {
    if (!name.empty() && positions.find(name) == positions.end()) unknown(name);
    role = std::move(name);
    if (!label.empty() && label == weight)
      fail(Errc::invalid_argument, {}, "column \"{}\" cannot be both the label and the weight", label);
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

Table::Table(std::vector<Column> columns, std::string label, std::string weight) {
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

std::vector<double> Table::weights() const {
  if (weight().empty()) return {};
  const Column& from = column(weight());
  if (from.type() == ColumnType::text)
    fail(Errc::type_mismatch, fmt::format("column \"{}\"", from.name),
         "expected weights, which are numbers, got text{}", explained(from));
  std::vector<double> weights(static_cast<std::size_t>(rows()));
  for (std::int64_t row = 0; row < rows(); ++row) {
    const double value = weights[static_cast<std::size_t>(row)] = from.number(stored_row(row));
    if (value >= 0 && std::isfinite(value)) continue;
    fail(Errc::out_of_range, fmt::format("column \"{}\", row {}", from.name, row),
         "the weight is {}, expected a finite number not below 0",
         std::isnan(value) ? "missing" : data::shortest(value));
  }
  return weights;
}

Table Table::select(std::span<const std::string> names) const {
  auto made = std::make_shared<Data>();
  for (const std::string& name : names) {
    column(name);  // throws if there is none
    made->add(data_->columns[static_cast<std::size_t>(find(name))]);
  }
  if (made->positions.find(label()) != made->positions.end()) made->label = label();
  if (made->positions.find(weight()) != made->positions.end()) made->weight = weight();
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
