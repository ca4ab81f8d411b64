#include <cmath>

#include "data/encoder_impl.hpp"
#include "data/labels.hpp"
#include "data/reason.hpp"
#include "data/statistics.hpp"
#include "scalar/core/described.hpp"
#include "scalar/core/parallel.hpp"

namespace scalar::inline v0 {
namespace {

constexpr std::int64_t piece_rows = 65536;

using data::throw_at;

data::NumberStatistics number_statistics(const Table& table, const Column& column, bool with_median) {
  data::NumberStatistics statistics;
  statistics.with_median = with_median;
  std::vector<double> piece;
  piece.reserve(static_cast<std::size_t>((std::min)(table.rows(), piece_rows)));
  for (std::int64_t begin = 0; begin < table.rows(); begin += piece_rows) {
    piece.clear();
    for (std::int64_t row = begin; row < (std::min)(table.rows(), begin + piece_rows); ++row) {
      const double value = column.number(table.stored_row(row));
      if (std::isinf(value))
        throw_at(Errc::invalid_argument, column.name, row, "an infinity, expected a finite number");
      if (!std::isnan(value)) piece.push_back(value);
    }
    statistics.add(piece);
  }
  return statistics;
}

data::ColumnCode number_code(const Table& table, const Column& column, const Encoding& encoding) {
  const auto statistics = number_statistics(table, column, encoding.impute == Impute::median);
  data::ColumnCode code;
  code.is_scaled = encoding.scale == Scale::standard;
  if (code.is_scaled) {
    code.mean = statistics.mean + 0.0;  // no negative zero in files
    code.deviation = statistics.deviation();
  }
  switch (encoding.impute) {
    case Impute::keep:
      break;
    case Impute::mean:
      code.fill = statistics.mean + 0.0;
      break;
    case Impute::median:
      code.fill = statistics.sketch.median() + 0.0;
      break;
    case Impute::zero:
      code.fill = 0;
  }
  const bool has_fill = encoding.impute != Impute::keep;
  if (!std::isfinite(code.mean) || !std::isfinite(code.deviation) || (has_fill && !std::isfinite(code.fill))) {
    throw Error(Errc::out_of_range, "its numbers are too large for a mean and a deviation in float64",
                "column \"" + column.name + "\"");
  }
  return code;
}

[[noreturn]] void too_many(std::string_view what, const Column& column, std::size_t limit) {
  throw Error(Errc::too_large,
              std::string(what) + " has more than " + std::to_string(limit) + " distinct values (max_categories)" +
                  explained(column),
              "column \"" + column.name + "\"");
}

/// The distinct texts of the rows of this table (its columns may be shared with a larger one).
std::vector<std::string> distinct_texts(const Table& table, const Column& column, std::size_t limit,
                                        std::string_view what, bool may_be_missing) {
  const auto& texts = std::get<TextValues>(column.values);
  data::DistinctStatistics<std::string> found{limit};
  std::vector<bool> seen(texts.dictionary.size());
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const std::int64_t stored = table.stored_row(row);
    const std::string_view text = column.text(stored);
    if (text.empty()) {
      if (!may_be_missing) throw_at(Errc::invalid_argument, column.name, row, "the label is missing");
      continue;
    }
    const std::uint32_t code = texts.codes[static_cast<std::size_t>(stored)];
    if (seen[code]) continue;
    seen[code] = true;
    if (!json::is_utf8(text)) throw_at(Errc::invalid_argument, column.name, row, "a text that is not UTF-8");
    if (!found.add(text)) too_many(what, column, limit);
  }
  return {found.values.begin(), found.values.end()};
}

data::ColumnCode text_code(const Table& table, const Column& column, const Encoding& encoding) {
  data::ColumnCode code;
  const auto limit = static_cast<std::size_t>(encoding.max_categories);
  for (const std::string& text : distinct_texts(table, column, limit, "it", true)) code.categories.add(text);
  if (encoding.categories == Categories::one_hot) code.width = static_cast<std::int64_t>(code.categories.size());
  return code;
}

template <class Number>
std::vector<std::string> number_classes(const Table& table, const Column& column, std::size_t limit) {
  data::DistinctStatistics<Number> found{limit};
  const auto& values = std::get<std::vector<Number>>(column.values);
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const std::int64_t stored = table.stored_row(row);
    if (column.is_missing(stored)) throw_at(Errc::invalid_argument, column.name, row, "the label is missing");
    const Number value = values[static_cast<std::size_t>(stored)];
    if constexpr (std::is_floating_point_v<Number>)
      if (std::isinf(value)) throw_at(Errc::invalid_argument, column.name, row, "the label is an infinity");
    if (!found.add(value)) too_many("the label", column, limit);
  }
  std::vector<std::string> names;
  for (const Number value : found.values) {
    if constexpr (std::is_same_v<Number, std::uint8_t>)
      names.emplace_back(value != 0 ? "true" : "false");
    else
      names.push_back(data::shortest(value));
  }
  return names;
}

std::vector<std::string> find_classes(const Table& table, const Column& column, std::int64_t max_categories) {
  const auto limit = static_cast<std::size_t>(max_categories);
  switch (column.type()) {
    case ColumnType::boolean:
      return number_classes<std::uint8_t>(table, column, limit);
    case ColumnType::int64:
      return number_classes<std::int64_t>(table, column, limit);
    case ColumnType::float64:
      return number_classes<double>(table, column, limit);
    case ColumnType::text:
      break;
  }
  return distinct_texts(table, column, limit, "the label", false);
}

void check_regression_label(const Table& table, const Column& column) {
  if (column.type() == ColumnType::text) {
    throw Error(Errc::invalid_argument,
                "the label of a regression must be a number, this column holds text" + explained(column),
                "column \"" + column.name + "\"");
  }
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const double value = column.number(table.stored_row(row));
    if (std::isnan(value)) throw_at(Errc::invalid_argument, column.name, row, "the label is missing");
    if (std::isinf(static_cast<float>(value)))
      throw_at(Errc::invalid_argument, column.name, row, "the label is no finite float32");
  }
}

}  // namespace

Encoder Encoder::fit(const Table& table, const Encoding& encoding, TargetKind kind, const Runtime& runtime) {
  validate(encoding);
  if (table.empty()) throw Error(Errc::empty, "an encoder cannot learn from a table without rows");
  if (table.label().empty()) {
    throw Error(Errc::invalid_argument,
                "the table names no label; read it with {.label = \"...\"} or take with_label(\"...\")");
  }
  auto made = std::make_shared<Data>();
  made->encoding = encoding;
  made->kind = kind;
  made->label = table.label();
  const Column& label = table.column(table.label());
  if (!json::is_utf8(label.name)) throw Error(Errc::invalid_argument, "the name of the label is not UTF-8");
  if (kind == TargetKind::regression)
    check_regression_label(table, label);
  else
    for (const std::string& name : find_classes(table, label, encoding.max_categories)) made->classes.add(name);

  std::vector<const Column*> columns;
  for (std::int64_t i = 0; i < table.column_count(); ++i) {
    const Column& column = table.column(i);
    if (column.name == table.label()) continue;
    if (!json::is_utf8(column.name)) {
      throw Error(Errc::invalid_argument, "the name of column " + std::to_string(i) + " is not UTF-8");
    }
    columns.push_back(&column);
    made->inputs.push_back({column.name, column.type() == ColumnType::text});
  }
  made->codes.resize(columns.size());
  parallel_for(runtime, static_cast<std::int64_t>(columns.size()), 1, [&](std::int64_t begin, std::int64_t) {
    const auto i = static_cast<std::size_t>(begin);
    made->codes[i] =
        made->inputs[i].is_text ? text_code(table, *columns[i], encoding) : number_code(table, *columns[i], encoding);
  });
  made->finish();
  return Encoder(std::move(made));
}

Encoder Encoder::identity(std::vector<std::string> feature_names, std::vector<std::string> classes) {
  auto made = std::make_shared<Data>();
  made->encoding = {.impute = Impute::keep, .scale = Scale::none};
  made->kind = classes.empty() ? TargetKind::regression : TargetKind::classification;
  made->is_identity = true;
  for (const std::string& name : classes) {
    const std::size_t known = made->classes.size();
    made->classes.add(name);
    if (made->classes.size() == known) throw Error(Errc::already_exists, "two classes are called \"" + name + "\"");
  }
  for (std::string& name : feature_names) made->inputs.push_back({std::move(name), false});
  made->codes.resize(made->inputs.size());
  made->finish();
  return Encoder(std::move(made));
}

void Encoder::Data::finish() {
  std::int64_t next = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    codes[i].first = next;
    next += codes[i].width;
    is_numeric = is_numeric && !inputs[i].is_text;
    if (!inputs[i].is_text || encoding.categories == Categories::ordinal)
      feature_names.push_back(inputs[i].name);
    else
      for (const std::string& category : codes[i].categories.texts())
        feature_names.push_back(inputs[i].name + "=" + category);
  }
}

}  // namespace scalar::inline v0
