#include <cmath>

#include "core/fail.hpp"
#include "data/apart.hpp"
#include "data/encoder_impl.hpp"
#include "data/labels.hpp"
#include "data/reason.hpp"
#include "data/statistics.hpp"
#include "scalar/core/described.hpp"
#include "scalar/core/parallel.hpp"

namespace scalar::inline v0 {
namespace {

using data::throw_at;
using data::Watch;

/// The results of one pass over a column of numbers.
struct NumberColumn {
  data::NumberStatistics statistics{};
  data::DistinctSample<double> numbers{};
  data::DistinctSample<std::int64_t> integers{};  // of an int64 column, since doubles may not tell its values apart
};

NumberColumn look_at(const Table& table, const Column& column, bool with_median, Watch& watch) {
  NumberColumn found;
  found.statistics.with_median = with_median;
  const auto* integers = std::get_if<std::vector<std::int64_t>>(&column.values);
  std::vector<double> piece;
  piece.reserve(static_cast<std::size_t>((std::min)(table.rows(), Watch::piece_rows)));
  for (std::int64_t begin = 0; begin < table.rows(); begin += Watch::piece_rows) {
    const std::int64_t end = (std::min)(table.rows(), begin + Watch::piece_rows);
    watch.check();
    piece.clear();
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t stored = table.stored_row(row);
      const double value = column.number(stored);
      if (std::isinf(value))
        throw_at(Errc::invalid_argument, column.name, row, "an infinity, expected a finite number");
      if (std::isnan(value)) continue;
      piece.push_back(value);
      if (integers != nullptr)
        found.integers.add((*integers)[static_cast<std::size_t>(stored)]);
      else
        found.numbers.add(value);
    }
    found.statistics.add(piece);
    watch.saw(end - begin);
  }
  return found;
}

/// Whether a column may lose as many values as it does. Whole numbers that are not scaled may be dates or keys, so none
/// may be lost. Other numbers are measured; one in a hundred may be lost, since rounding to 24 bits makes some
/// neighbors equal in any long column.
template <class Number>
bool may_lose(const data::Collisions<Number>& found, bool is_exact) {
  return is_exact ? found.lost == 0 : found.lost * 100 <= found.values;
}

template <class Number>
[[noreturn]] void throw_not_apart(const data::Collisions<Number>& found, const std::string& column) {
  fail(Errc::out_of_range, fmt::format("column \"{}\"", column),
       "{} and {} become the same float32 ({} of {} values are lost so); take differences from a start, divide it into "
       "two columns, make it text, or accept it with Encoding::rounding",
       data::shortest(found.first), data::shortest(found.second), found.lost, found.values);
}

/// Chooses what to subtract from the numbers before they are rounded, so that float32 can tell `values` apart. Errors:
/// `Errc::out_of_range` naming two values that become equal with every choice.
template <class Number>
void keep_apart(const std::vector<Number>& values, const Encoding& encoding, const std::string& column,
                data::ColumnCode& code) {
  if (values.empty()) return;
  const bool is_whole = data::are_whole(values), is_exact = is_whole && !code.is_scaled;
  const auto as_float32 = [](Number value) { return static_cast<float>(static_cast<double>(value)); };
  const auto as_feature = [&](Number value) { return data::feature_of(code, static_cast<double>(value)); };
  // A rounded whole number may equal another one, if not in this table then in one that is predicted later.
  code.is_wide = is_whole ? data::rounded(values, 0) > 0 : !may_lose(data::collisions(values, as_float32), false);
  auto best = data::collisions(values, as_feature);
  if (!code.is_scaled && code.is_wide) {
    // The middle of the range suits times and keys; the middle value suits columns with a few values far away.
    const auto least = static_cast<double>(values.front()), greatest = static_cast<double>(values.back());
    double best_shift = 0;
    std::size_t best_rounded = data::rounded(values, 0);
    for (const double shift : {std::floor(least / 2 + greatest / 2), static_cast<double>(values[values.size() / 2])}) {
      code.shift = shift;
      const auto found = data::collisions(values, as_feature);
      const std::size_t rounded = data::rounded(values, shift);
      if (std::pair(found.lost, rounded) >= std::pair(best.lost, best_rounded)) continue;
      best = found, best_shift = shift, best_rounded = rounded;
    }
    code.shift = best_shift + 0.0;  // no negative zero in files
  }
  if (encoding.rounding == Rounding::refuse && !may_lose(best, is_exact)) throw_not_apart(best, column);
}

data::ColumnCode number_code(const Table& table, const Column& column, const Encoding& encoding, Watch& watch) {
  const NumberColumn found = look_at(table, column, encoding.impute == Impute::median, watch);
  const data::NumberStatistics& statistics = found.statistics;
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
  if (!std::isfinite(code.mean) || !std::isfinite(code.deviation) || (has_fill && !std::isfinite(code.fill)))
    fail(Errc::out_of_range, fmt::format("column \"{}\"", column.name),
         "its numbers are too large for a mean and a deviation in float64");
  if (column.type() == ColumnType::int64)
    keep_apart(found.integers.sorted(), encoding, column.name, code);
  else
    keep_apart(found.numbers.sorted(), encoding, column.name, code);
  return code;
}

[[noreturn]] void too_many(std::string_view what, const Column& column, std::size_t limit) {
  fail(Errc::too_large, fmt::format("column \"{}\"", column.name),
       "{} has more than {} distinct values (max_categories){}", what, limit, explained(column));
}

/// The distinct texts in the rows of this table, whose columns may hold more rows than it selects.
std::vector<std::string> distinct_texts(const Table& table, const Column& column, std::size_t limit,
                                        std::string_view what, bool may_be_missing, Watch& watch) {
  const auto& texts = std::get<TextValues>(column.values);
  data::DistinctStatistics<std::string> found{limit};
  std::vector<bool> seen(texts.dictionary.size());
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    watch.check_at(row);
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

data::ColumnCode text_code(const Table& table, const Column& column, const Encoding& encoding, Watch& watch) {
  data::ColumnCode code;
  const auto limit = static_cast<std::size_t>(encoding.max_categories);
  for (const std::string& text : distinct_texts(table, column, limit, "it", true, watch)) code.categories.add(text);
  watch.saw(table.rows());
  code.is_one_hot = encoding.categories == Categories::one_hot;
  if (code.is_one_hot) code.width = static_cast<std::int64_t>(code.categories.size());
  return code;
}

template <class Number>
std::vector<std::string> number_classes(const Table& table, const Column& column, std::size_t limit, Watch& watch) {
  data::DistinctStatistics<Number> found{(std::min)(limit, data::most_number_classes)};
  const auto& values = std::get<std::vector<Number>>(column.values);
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    watch.check_at(row);
    const std::int64_t stored = table.stored_row(row);
    if (column.is_missing(stored)) throw_at(Errc::invalid_argument, column.name, row, "the label is missing");
    const Number value = values[static_cast<std::size_t>(stored)];
    if constexpr (std::is_floating_point_v<Number>)
      if (std::isinf(value)) throw_at(Errc::invalid_argument, column.name, row, "the label is an infinity");
    if (found.add(value)) continue;
    if (limit <= data::most_number_classes) too_many("the label", column, limit);
    data::throw_too_many_numbers(fmt::format("column \"{}\"", column.name));
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

std::vector<std::string> find_classes(const Table& table, const Column& column, std::int64_t max_categories,
                                      Watch& watch) {
  const auto limit = static_cast<std::size_t>(max_categories);
  switch (column.type()) {
    case ColumnType::boolean:
      return number_classes<std::uint8_t>(table, column, limit, watch);
    case ColumnType::int64:
      return number_classes<std::int64_t>(table, column, limit, watch);
    case ColumnType::float64:
      return number_classes<double>(table, column, limit, watch);
    case ColumnType::text:
      break;
  }
  return distinct_texts(table, column, limit, "the label", false, watch);
}

void check_regression_label(const Table& table, const Column& column, const Watch& watch) {
  if (column.type() == ColumnType::text)
    fail(Errc::invalid_argument, fmt::format("column \"{}\"", column.name),
         "the label of a regression must be a number, this column holds text{}", explained(column));
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    watch.check_at(row);
    const double value = column.number(table.stored_row(row));
    if (std::isnan(value)) throw_at(Errc::invalid_argument, column.name, row, "the label is missing");
    if (std::isinf(value))
      throw_at(Errc::invalid_argument, column.name, row, "the label is an infinity, expected a finite number");
  }
}

}  // namespace

Encoder Encoder::fit(const Table& table, const Encoding& encoding, TargetKind kind, const Runtime& runtime,
                     const EncodeOptions& options) {
  validate(encoding);
  if (table.empty()) fail(Errc::empty, {}, "an encoder cannot learn from a table without rows");
  if (table.label().empty())
    fail(Errc::invalid_argument, {},
         "the table names no label; read it with {{.label = \"...\"}} or take with_label(\"...\")");
  auto made = std::make_shared<Data>();
  made->encoding = encoding;
  made->kind = kind;
  made->label = table.label();
  const Column& label = table.column(table.label());
  if (!json::is_utf8(label.name)) fail(Errc::invalid_argument, {}, "the name of the label is not UTF-8");
  Watch watch(options, table.rows() * (table.column_count() - (table.weight().empty() ? 0 : 1) -
                                       (table.offset().empty() ? 0 : 1)));
  if (kind == TargetKind::regression)
    check_regression_label(table, label, watch);
  else
    for (const std::string& name : find_classes(table, label, encoding.max_categories, watch)) made->classes.add(name);
  watch.saw(table.rows());

  std::vector<const Column*> columns;
  for (std::int64_t i = 0; i < table.column_count(); ++i) {
    const Column& column = table.column(i);
    const auto is = [&](const std::string& role) { return !role.empty() && column.name == role; };  // may have no name
    if (is(table.label()) || is(table.weight()) || is(table.offset())) continue;
    if (!json::is_utf8(column.name)) fail(Errc::invalid_argument, {}, "the name of column {} is not UTF-8", i);
    columns.push_back(&column);
    made->inputs.push_back({column.name, column.type() == ColumnType::text});
  }
  made->codes.resize(columns.size());
  parallel_for(runtime, static_cast<std::int64_t>(columns.size()), 1, [&](std::int64_t begin, std::int64_t) {
    const auto i = static_cast<std::size_t>(begin);
    made->codes[i] = made->inputs[i].is_text ? text_code(table, *columns[i], encoding, watch)
                                             : number_code(table, *columns[i], encoding, watch);
  });
  made->finish();
  return Encoder(std::move(made));
}

Encoder Encoder::identity(std::vector<std::string> feature_names, const std::vector<std::string>& classes) {
  auto made = std::make_shared<Data>();
  made->encoding = {.impute = Impute::keep, .scale = Scale::none};
  made->kind = classes.empty() ? TargetKind::regression : TargetKind::classification;
  made->is_identity = true;
  made->add_classes(classes);
  for (std::string& name : feature_names) made->inputs.push_back({std::move(name), false});
  made->codes.resize(made->inputs.size());
  made->finish();
  return Encoder(std::move(made));
}

Encoder Encoder::from_parts(EncoderParts parts) {
  auto made = std::make_shared<Data>();
  made->encoding = {.impute = Impute::keep, .scale = Scale::none, .unknown = parts.unknown};
  made->kind = parts.classes.empty() ? TargetKind::regression : TargetKind::classification;
  made->label = std::move(parts.label);
  made->add_classes(parts.classes);
  data::Dictionary names;
  for (ColumnEncoding& column : parts.columns) {
    const std::size_t known = names.size();
    if (names.add(column.name) != known) fail(Errc::already_exists, {}, "two inputs are called \"{}\"", column.name);
    const std::string place = fmt::format("input \"{}\"", column.name);
    data::ColumnCode code;
    if (!std::isfinite(column.mean) || !std::isfinite(column.deviation) || column.deviation < 0 ||
        std::isinf(column.fill))
      fail(Errc::out_of_range, place, "is scaled by mean {}, deviation {}, and filled with {}, expected finite numbers",
           column.mean, column.deviation, column.fill);
    code.is_scaled = column.is_scaled;
    code.mean = column.mean, code.deviation = column.deviation, code.fill = column.fill;
    code.is_one_hot = column.is_one_hot;
    for (const std::string& category : column.categories) {
      const std::size_t before = code.categories.size();
      if (code.categories.add(category) != before)
        fail(Errc::already_exists, place, "two categories are called \"{}\"", category);
    }
    if (code.is_one_hot) code.width = static_cast<std::int64_t>(code.categories.size());
    code.fill_text = std::move(column.fill_text);
    code.fill_category = code.fill_text.empty() ? data::Dictionary::none : code.categories.find(code.fill_text);
    made->inputs.push_back({std::move(column.name), column.is_text});
    made->codes.push_back(std::move(code));
  }
  made->finish();
  return Encoder(std::move(made));
}

EncoderParts Encoder::parts() const {
  const Data& self = data();
  EncoderParts parts{
      .columns = {}, .classes = self.classes.texts(), .label = self.label, .unknown = self.encoding.unknown};
  for (std::size_t i = 0; i < self.inputs.size(); ++i) {
    const data::ColumnCode& code = self.codes[i];
    const bool is_shifted = !code.is_scaled && code.shift != 0;
    parts.columns.push_back({.name = self.inputs[i].name,
                             .is_text = self.inputs[i].is_text,
                             .fill = code.fill,
                             .is_scaled = code.is_scaled || is_shifted,
                             .mean = is_shifted ? code.shift : code.mean,
                             .deviation = is_shifted ? 1 : code.deviation,
                             .categories = code.categories.texts(),
                             .is_one_hot = code.is_one_hot,
                             .fill_text = code.fill_text});
  }
  return parts;
}

void Encoder::Data::add_classes(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::size_t known = classes.size();
    classes.add(name);
    if (classes.size() == known) fail(Errc::already_exists, {}, "two classes are called \"{}\"", name);
  }
}

void Encoder::Data::finish() {
  std::int64_t next = 0;
  bool any_categories = false;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    codes[i].first = next;
    next += codes[i].width;
    is_numeric = is_numeric && !inputs[i].is_text && !codes[i].is_wide;
    if (!inputs[i].is_text || !codes[i].is_one_hot) {
      feature_names.push_back(inputs[i].name);
      feature_categories.push_back(inputs[i].is_text ? static_cast<std::int64_t>(codes[i].categories.size()) : 0);
      any_categories |= inputs[i].is_text;
      continue;
    }
    for (const std::string& category : codes[i].categories.texts()) {
      feature_names.push_back(inputs[i].name + "=" + category);
      feature_categories.push_back(0);
    }
  }
  if (!any_categories) feature_categories.clear();
}

}  // namespace scalar::inline v0
