#include "scalar/data/encoder.hpp"

#include <cmath>
#include <limits>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "data/encoder_impl.hpp"
#include "data/labels.hpp"
#include "data/number.hpp"
#include "data/reason.hpp"
#include "scalar/core/parallel.hpp"

namespace scalar::inline v0 {

namespace data {

void Watch::check() const {
  if (options_.stop.stop_requested()) fail(Errc::canceled, "encoder", "asked to stop");
}
void Watch::saw(std::int64_t values) {
  check();
  if (!options_.progress) return;
  const std::lock_guard lock(mutex_);
  done_ += values;
  options_.progress(done_, total_);
}

void throw_at(Errc code, std::string_view column, std::int64_t row, std::string_view message) {
  fail(code, fmt::format("column \"{}\", row {}", column, row), "{}", message);
}

}  // namespace data

namespace {

using data::ColumnCode;
using data::throw_at;

constexpr float missing = std::numeric_limits<float>::quiet_NaN();
constexpr std::int64_t piece_rows = 1024;

using data::Watch;

/// The feature of one number.
inline float encode_number(const ColumnCode& code, double value, std::string_view column, std::int64_t row) {
  if (std::isnan(value)) {
    if (std::isnan(code.fill)) return missing;
    value = code.fill;
  } else if (std::isinf(value)) {
    throw_at(Errc::invalid_argument, column, row, "an infinity, expected a finite number");
  }
  const float feature = data::feature_of(code, value);
  if (std::isinf(feature)) throw_at(Errc::out_of_range, column, row, "a number that no float32 holds");
  return feature;
}

/// The features of one text, given the position of its category or `Dictionary::none`.
inline void encode_text(const ColumnCode& code, std::uint32_t category, std::span<float> row) {
  const auto first = static_cast<std::size_t>(code.first);
  if (!code.is_one_hot) {
    row[first] = category == data::Dictionary::none ? missing : static_cast<float>(category);
    return;
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(code.width); ++i) row[first + i] = 0;
  if (category != data::Dictionary::none) row[first + category] = 1;
}

[[noreturn]] void throw_unknown_category(std::string_view column, std::int64_t row, std::string_view text) {
  throw_at(Errc::invalid_argument, column, row,
           fmt::format("the category {} was not in the training data", quoted(text)));
}

/// The column of a table that one input reads.
struct Source {
  const Column* column = nullptr;
  bool is_empty = false;                  // has nothing but missing values, of any type
  std::vector<std::uint32_t> categories;  // for each text in the column's dictionary, its category
};

bool has_values(const Table& table, const Column& column) {
  for (std::int64_t row = 0; row < table.rows(); ++row)
    if (!column.is_missing(table.stored_row(row))) return true;
  return false;
}

Source source_of(const Table& table, const InputColumn& input, const ColumnCode& code) {
  const std::int64_t position = table.find(input.name);
  if (position < 0) fail(Errc::not_found, {}, "the table has no column \"{}\", which the model reads", input.name);
  Source source{&table.column(position), false, {}};
  if ((source.column->type() == ColumnType::text) != input.is_text) {
    source.is_empty = !has_values(table, *source.column);
    if (!source.is_empty)
      fail(Errc::type_mismatch, fmt::format("column \"{}\"", input.name), "expected {}, got {}{}",
           input.is_text ? "text" : "numbers", name(source.column->type()), explained(*source.column));
  } else if (input.is_text) {
    for (const std::string& text : std::get<TextValues>(source.column->values).dictionary)
      source.categories.push_back(data::category_of(code, text));
  }
  return source;
}

}  // namespace

const Encoder::Data& Encoder::data() const {
  if (data_ == nullptr) fail(Errc::empty, {}, "this encoder was not fitted");
  return *data_;
}

namespace {
template <class T>
const T& nothing() noexcept {
  static const T none{};
  return none;
}
}  // namespace

const std::vector<InputColumn>& Encoder::inputs() const noexcept {
  return data_ == nullptr ? nothing<std::vector<InputColumn>>() : data_->inputs;
}
bool Encoder::is_numeric() const noexcept { return data_ != nullptr && data_->is_numeric; }
bool Encoder::is_identity() const noexcept { return data_ != nullptr && data_->is_identity; }
std::int64_t Encoder::feature_count() const noexcept { return static_cast<std::int64_t>(feature_names().size()); }
const std::vector<std::string>& Encoder::feature_names() const noexcept {
  return data_ == nullptr ? nothing<std::vector<std::string>>() : data_->feature_names;
}
const std::vector<std::int64_t>& Encoder::feature_categories() const noexcept {
  return data_ == nullptr ? nothing<std::vector<std::int64_t>>() : data_->feature_categories;
}
const std::vector<std::string>& Encoder::classes() const noexcept {
  return data_ == nullptr ? nothing<std::vector<std::string>>() : data_->classes.texts();
}
const std::string& Encoder::label() const noexcept { return data_ == nullptr ? nothing<std::string>() : data_->label; }

Dataset Encoder::encode_with(const Table& table, std::vector<double> targets, std::vector<double> weights,
                             std::vector<double> offsets, const Runtime& runtime, const EncodeOptions& options) const {
  const Data& self = data();
  Watch watch(options, table.rows() * static_cast<std::int64_t>(self.inputs.size()));
  std::vector<Source> sources;
  for (std::size_t i = 0; i < self.inputs.size(); ++i)
    sources.push_back(source_of(table, self.inputs[i], self.codes[i]));
  const std::int64_t width = feature_count();
  std::vector<float> features(static_cast<std::size_t>(table.rows() * width));
  const MatrixView<float> out(features.data(), table.rows(), width);
  parallel_for(runtime, table.rows(), piece_rows, [&](std::int64_t begin, std::int64_t end) {
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const Source& source = sources[i];
      const ColumnCode& code = self.codes[i];
      const std::string& column = self.inputs[i].name;
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int64_t stored = table.stored_row(row);
        if (!self.inputs[i].is_text) {
          out(row, code.first) =
              encode_number(code, source.is_empty ? double{missing} : source.column->number(stored), column, row);
          continue;
        }
        std::uint32_t category = code.fill_category;
        if (!source.is_empty && !source.column->is_missing(stored)) {
          const auto& texts = std::get<TextValues>(source.column->values);
          const std::uint32_t known = texts.codes[static_cast<std::size_t>(stored)];
          category = source.categories[known];
          if (category == data::Dictionary::none && self.encoding.unknown == Unknown::error &&
              !texts.dictionary[known].empty())
            throw_unknown_category(column, row, texts.dictionary[known]);
        }
        encode_text(code, category, out.row(row));
      }
    }
    watch.saw((end - begin) * static_cast<std::int64_t>(sources.size()));
  });
  DatasetParts parts;
  parts.features = std::move(features);
  parts.columns = width;
  parts.targets = std::move(targets);
  parts.weights = std::move(weights);
  parts.offsets = std::move(offsets);
  parts.feature_names = self.feature_names;
  parts.classes = self.classes.texts();
  parts.categories = self.feature_categories;
  return Dataset(std::move(parts));
}

Dataset Encoder::encode_inputs(const Table& table, const Runtime& runtime) const {
  return encode_with(table, {}, {}, {}, runtime, {});
}

namespace {

/// Reads the class of a row as its index.
class ClassReader {
 public:
  ClassReader(const data::Dictionary& classes, const Column& column) : classes_(classes), column_(column) {
    if (const auto* texts = std::get_if<TextValues>(&column.values))
      for (const std::string& text : texts->dictionary) indices_.push_back(classes.find(text));
  }
  double read(std::int64_t stored, std::int64_t row) const {
    const auto i = static_cast<std::size_t>(stored);
    const std::uint32_t index = column_.type() == ColumnType::text
                                    ? indices_[std::get<TextValues>(column_.values).codes[i]]
                                    : classes_.find(spelling(i));
    if (index != data::Dictionary::none) return index;
    std::string known;
    for (std::size_t k = 0; k < classes_.size() && k < 20; ++k)
      known += (k == 0 ? "" : ", ") + quoted(classes_.texts()[k]);
    const std::string seen = column_.type() == ColumnType::text ? std::string(column_.text(stored)) : spelling(i);
    throw_at(Errc::invalid_argument, column_.name, row,
             fmt::format("the class {} is none of {}{}", quoted(seen), known, classes_.size() > 20 ? ", ..." : ""));
  }

 private:
  std::string spelling(std::size_t i) const {
    if (const auto* numbers = std::get_if<std::vector<double>>(&column_.values)) return data::shortest((*numbers)[i]);
    if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&column_.values))
      return data::shortest((*integers)[i]);
    return std::get<std::vector<std::uint8_t>>(column_.values)[i] != 0 ? "true" : "false";
  }

  const data::Dictionary& classes_;
  const Column& column_;
  std::vector<std::uint32_t> indices_;  // for each text in the column's dictionary, its class
};

/// How to read the label. If all classes look like numbers or booleans, its type is inferred, as it was when the model
/// was fitted; other classes are texts.
ReadAs label_type(const std::vector<std::string>& classes) {
  if (classes.empty()) return ReadAs::number;
  const bool may_be_inferred = std::all_of(classes.begin(), classes.end(), [](const std::string& text) {
    double number = 0;
    return text == "true" || text == "false" ||
           (data::parse_double(text, number) == data::Parsed::number && data::shortest(number) == text);
  });
  return may_be_inferred ? ReadAs::inferred : ReadAs::text;
}

/// The targets of a table: of the column `label`, or of the table's own label if that is empty.
std::vector<double> targets_of(const Table& table, const std::string& label, TargetKind kind,
                               const data::Dictionary& classes, const Watch& watch) {
  const std::string& name = label.empty() ? table.label() : label;
  if (name.empty()) fail(Errc::not_found, {}, "the table names no label");
  const Column& column = table.column(name);
  const bool is_class = kind == TargetKind::classification;
  if (!is_class && column.type() == ColumnType::text)
    fail(Errc::type_mismatch, fmt::format("column \"{}\"", name), "expected a label that is a number, got text{}",
         explained(column));
  const ClassReader reader(classes, column);
  std::vector<double> targets(static_cast<std::size_t>(table.rows()));
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    watch.check_at(row);
    const std::int64_t stored = table.stored_row(row);
    if (column.is_missing(stored)) throw_at(Errc::invalid_argument, name, row, "the label is missing");
    const double target = is_class ? reader.read(stored, row) : column.number(stored);
    if (std::isinf(target))
      throw_at(Errc::invalid_argument, name, row, "the label is an infinity, expected a finite number");
    targets[static_cast<std::size_t>(row)] = target;
  }
  return targets;
}

}  // namespace

Schema Encoder::schema() const {
  const Data& self = data();
  Schema schema{{}, self.label, {}, {}};
  for (std::size_t i = 0; i < self.inputs.size(); ++i)
    schema.columns.push_back({.name = self.inputs[i].name,
                              .type = self.inputs[i].is_text ? ReadAs::text : ReadAs::number,
                              .quoted_values = data::spell_missing(self.codes[i].categories.texts())});
  if (!schema.label.empty())
    schema.columns.push_back({.name = schema.label,
                              .type = label_type(self.classes.texts()),
                              .quoted_values = data::spell_missing(self.classes.texts()),
                              .optional = true});
  return schema;
}

std::vector<double> Encoder::targets(const Table& table) const {
  const Data& self = data();
  return targets_of(table, self.label, self.kind, self.classes, Watch({}, 0));
}
Dataset Encoder::encode(const Table& table, const Runtime& runtime, const EncodeOptions& options) const {
  const Data& self = data();
  std::vector<double> targets;
  if (table.find(self.label.empty() ? table.label() : self.label) >= 0 && !table.empty())
    targets = targets_of(table, self.label, self.kind, self.classes, Watch(options, 0));
  return encode_with(table, std::move(targets), table.weights(), table.offsets(), runtime, options);
}

namespace {

void check_shapes(const BatchView& batch, const MatrixView<float>& out, const std::vector<InputColumn>& inputs,
                  bool is_numeric, std::int64_t features) {
  const auto width = static_cast<std::int64_t>(inputs.size());
  const std::int64_t given =
      batch.is_dense() ? batch.dense().columns : static_cast<std::int64_t>(batch.columns().size());
  if (given != width) fail(Errc::shape_mismatch, {}, "the batch has {} inputs, the model reads {}", given, width);
  if (out.rows != batch.rows() || out.columns != features)
    fail(Errc::shape_mismatch, {}, "the output is [{}, {}], expected [{}, {}]", out.rows, out.columns, batch.rows(),
         features);
  if (batch.is_dense() && !is_numeric && width != 0)
    fail(Errc::type_mismatch, {},
         "a dense float32 batch for a model that reads text, or numbers that a float32 does not tell apart");
}

/// Copies the values; false if an infinity is among them.
bool copy_finite(std::span<const float> from, std::span<float> to) {
  int infinities = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    to[i] = from[i];
    infinities |= std::fabs(from[i]) > std::numeric_limits<float>::max() ? 1 : 0;
  }
  return infinities == 0;
}

void check_column(const BatchColumn& column, const InputColumn& input, std::int64_t rows) {
  const std::size_t right = input.is_text ? column.texts.size() : column.numbers.size();
  const std::size_t wrong = input.is_text ? column.numbers.size() : column.texts.size();
  if (wrong != 0)
    fail(Errc::type_mismatch, fmt::format("input \"{}\"", input.name), "{}",
         input.is_text ? "expected texts, got numbers" : "expected numbers, got texts");
  if (static_cast<std::int64_t>(right) != rows)
    fail(Errc::shape_mismatch, fmt::format("input \"{}\"", input.name), "has {} values for {} rows", right, rows);
}

}  // namespace

void Encoder::encode(const BatchView& batch, MatrixView<float> out) const {
  const Data& self = data();
  check_shapes(batch, out, self.inputs, self.is_numeric, feature_count());
  if (batch.is_dense()) {
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (self.is_identity && copy_finite(batch.dense().row(row), out.row(row))) continue;
      const auto values = batch.dense().row(row);
      for (std::size_t i = 0; i < self.codes.size(); ++i)
        out(row, static_cast<std::int64_t>(i)) = encode_number(self.codes[i], values[i], self.inputs[i].name, row);
    }
    return;
  }
  for (std::size_t i = 0; i < self.codes.size(); ++i) check_column(batch.columns()[i], self.inputs[i], batch.rows());
  for (std::size_t i = 0; i < self.codes.size(); ++i) {
    const BatchColumn& column = batch.columns()[i];
    const ColumnCode& code = self.codes[i];
    const InputColumn& input = self.inputs[i];
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (!input.is_text) {
        out(row, code.first) = encode_number(code, column.numbers[static_cast<std::size_t>(row)], input.name, row);
        continue;
      }
      const std::string_view text = column.texts[static_cast<std::size_t>(row)];
      const std::uint32_t category = data::category_of(code, text);
      if (category == data::Dictionary::none && !text.empty() && self.encoding.unknown == Unknown::error)
        throw_unknown_category(input.name, row, text);
      encode_text(code, category, out.row(row));
    }
  }
}

}  // namespace scalar::inline v0
