#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/quoted.hpp"
#include "data/labels.hpp"
#include "data/number.hpp"
#include "scalar/data/csv.hpp"
#include "scalar/data/table.hpp"

namespace scalar::inline v0 {
namespace {

constexpr std::size_t shown_values = 5;

std::string count(std::int64_t number, const char* what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

/// A number for people, with four significant digits.
std::string rounded(double number) {
  if (!std::isfinite(number)) return shown(number);
  std::array<char, 32> text{};
  return {text.data(),
          std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::general, 4).ptr};
}

/// The range with every digit, which doubles would not keep.
std::string range_of_integers(const Table& table, const Column& column, const std::vector<std::int64_t>& values) {
  std::int64_t low = std::numeric_limits<std::int64_t>::max(), high = std::numeric_limits<std::int64_t>::min();
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const std::int64_t stored = table.stored_row(row);
    if (column.is_missing(stored)) continue;
    low = (std::min)(low, values[static_cast<std::size_t>(stored)]);
    high = (std::max)(high, values[static_cast<std::size_t>(stored)]);
  }
  return fmt::format("{} to {}, mean ", low, high);
}

std::string range_of_numbers(const Table& table, const Column& column) {
  double low = std::numeric_limits<double>::infinity(), high = -low, sum = 0;
  std::int64_t present = 0;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const double value = column.number(table.stored_row(row));
    if (std::isnan(value)) continue;
    low = std::fmin(low, value);
    high = std::fmax(high, value);
    sum += value;
    ++present;
  }
  if (present == 0) return "no values";
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&column.values))
    return range_of_integers(table, column, *integers) + rounded(sum / static_cast<double>(present));
  if (column.type() == ColumnType::boolean)
    return fmt::format("{} true, {} false", count(static_cast<std::int64_t>(sum), "time"),
                       count(present - static_cast<std::int64_t>(sum), "time"));
  return fmt::format("{} to {}, mean {}", data::shortest(low), data::shortest(high),
                     rounded(sum / static_cast<double>(present)));
}

/// How often each text of the dictionary occurs.
std::vector<std::int64_t> occurrences(const Table& table, const Column& column) {
  const auto& texts = std::get<TextValues>(column.values);
  std::vector<std::int64_t> found(texts.dictionary.size());
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const std::int64_t stored = table.stored_row(row);
    if (!column.is_missing(stored)) ++found[texts.codes[static_cast<std::size_t>(stored)]];
  }
  return found;
}

/// The most frequent texts, and how many look like numbers: if some do, a typo may have made the column text.
std::string texts_of(const Table& table, const Column& column, std::int64_t& numbers) {
  const auto& dictionary = std::get<TextValues>(column.values).dictionary;
  const std::vector<std::int64_t> times = occurrences(table, column);
  std::vector<std::size_t> order;
  std::int64_t present = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (times[i] == 0) continue;
    double number = 0;
    order.push_back(i);
    present += times[i];
    if (data::parse_double(dictionary[i], number) == data::Parsed::number) numbers += times[i];
  }
  if (present == 0) return "no values";
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return times[a] > times[b]; });
  std::string text = count(static_cast<std::int64_t>(order.size()), "distinct text") + ": ";
  for (std::size_t i = 0; i < order.size() && i < shown_values; ++i)
    text += (i == 0 ? "" : ", ") + quoted(dictionary[order[i]]);
  if (order.size() > shown_values) text += ", ...";
  if (numbers != 0)
    text += fmt::format("; {} of {} {}", numbers, count(present, "value"),
                        numbers == 1 ? "looks like a number" : "look like numbers");
  return text;
}

std::int64_t missing_values(const Table& table, const Column& column) {
  std::int64_t missing = 0;
  for (std::int64_t row = 0; row < table.rows(); ++row) missing += column.is_missing(table.stored_row(row)) ? 1 : 0;
  return missing;
}

}  // namespace

bool data::spell_missing(const std::vector<std::string>& texts) {
  const std::vector<std::string> missing = usual_missing();
  return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
    return std::find(missing.begin(), missing.end(), text) != missing.end();
  });
}

Schema Table::schema() const {
  Schema schema{{}, label(), weight(), offset()};
  for (std::int64_t i = 0; i < column_count(); ++i) {
    const Column& one = column(i);
    const auto* const texts = std::get_if<TextValues>(&one.values);
    schema.columns.push_back({.name = one.name,
                              .type = static_cast<ReadAs>(one.type()),
                              .quoted_values = texts != nullptr && data::spell_missing(texts->dictionary)});
  }
  return schema;
}

std::string Table::describe() const {
  std::string text = fmt::format("{}, {}", count(rows(), "row"), count(column_count(), "column"));
  if (!label().empty()) text += ", label " + quoted(label());
  if (!weight().empty()) text += ", weight " + quoted(weight());
  if (!offset().empty()) text += ", offset " + quoted(offset());
  text += '\n';
  for (std::int64_t i = 0; i < column_count(); ++i) {
    const Column& one = column(i);
    text += fmt::format("{}: {}", shown(one.name), name(one.type()));
    if (const std::int64_t missing = missing_values(*this, one)) text += fmt::format(", {} missing", missing);
    std::int64_t numbers = 0;
    text += fmt::format(", {}\n",
                        one.type() == ColumnType::text ? texts_of(*this, one, numbers) : range_of_numbers(*this, one));
    if (one.note.before != 0 || numbers != 0)
      if (const std::string reason = one.reason(); !reason.empty()) text += "  it is " + reason + "\n";
  }
  return text;
}

}  // namespace scalar::inline v0
