#include <algorithm>
#include <cmath>
#include <limits>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "data/csv_lexer.hpp"
#include "data/labels.hpp"
#include "scalar/data/csv.hpp"

namespace scalar::inline v0::data {
namespace {

constexpr std::size_t unused = static_cast<std::size_t>(-1);

/// Collects rows of floats.
class MatrixBuilder {
 public:
  explicit MatrixBuilder(const CsvLayout& layout) : names_(layout.names), place_(names_.size(), unused) {
    for (const std::size_t position : layout.wanted) {
      const std::string& name = names_[position];  // which may be empty
      if (!layout.label.empty() && name == layout.label) {
        label_ = position;
      } else if (!layout.weight.empty() && name == layout.weight) {
        weight_ = position;
      } else if (!layout.offset.empty() && name == layout.offset) {
        offset_ = position;
      } else {
        place_[position] = feature_names_.size();
        feature_names_.push_back(name);
      }
    }
    row_.resize(feature_names_.size());
  }

  Next read(CsvLexer& lexer, std::size_t column) {
    double value = 0;
    std::string_view text;
    Next next = lexer.number(value);
    if (next == Next::more) return next;
    if (next == Next::other) {
      next = lexer.field(text);
      if (next == Next::more || !is_used(column)) return next;
      value = convert(text, column, lexer);
    }
    if (place_[column] != unused) {
      const auto narrow = static_cast<float>(value);
      // `number` reads at most 19 digits, so only a number that `field` read can be too large.
      if (std::isinf(narrow)) refuse(text, column, lexer);
      if (static_cast<double>(narrow) != value && value == std::floor(value)) refuse_whole(value, column, lexer);
      row_[place_[column]] = narrow;
    } else if (column == label_) {
      target_ = value;
    } else if (column == weight_) {
      if (!(value >= 0)) refuse(shortest(value), column, lexer);
      row_weight_ = value;
    } else if (column == offset_) {
      row_offset_ = value;
    }
    return next;
  }

  void done() {
    features_.insert(features_.end(), row_.begin(), row_.end());
    if (label_ != unused) targets_.push_back(target_);
    if (weight_ != unused) weights_.push_back(row_weight_);
    if (offset_ != unused) offsets_.push_back(row_offset_);
  }

  Dataset release(TargetKind kind, const std::string& context) {
    DatasetParts parts;
    parts.features = std::move(features_);
    parts.columns = static_cast<std::int64_t>(feature_names_.size());
    parts.feature_names = std::move(feature_names_);
    if (label_ != unused) {
      if (kind == TargetKind::classification) {
        const std::vector<double> sorted = distinct(targets_);
        if (sorted.size() > most_number_classes) throw_too_many_numbers(context + ": column " + quoted(names_[label_]));
        for (const double value : sorted) parts.classes.push_back(shortest(value));
        for (double& target : targets_)
          target = static_cast<double>(std::lower_bound(sorted.begin(), sorted.end(), target) - sorted.begin());
      }
      parts.targets = std::move(targets_);
    }
    parts.weights = std::move(weights_);
    parts.offsets = std::move(offsets_);
    return Dataset(std::move(parts));
  }

 private:
  bool is_used(std::size_t column) const {
    return place_[column] != unused || column == label_ || column == weight_ || column == offset_;
  }
  [[noreturn]] void refuse(std::string_view seen, std::size_t column, const CsvLexer& lexer) const {
    lexer.fail(Errc::parse, "column {}: expected {}, got {}", quoted(names_[column]),
               column == label_    ? "a label that is a number"
               : column == weight_ ? "a weight, which is a number not below 0"
               : column == offset_ ? "an offset, which is a number"
                                   : "a number that a float32 can hold",
               quoted(seen));
  }
  [[noreturn]] void refuse_whole(double value, std::size_t column, const CsvLexer& lexer) const {
    lexer.fail(
        Errc::parse,
        "column {}: {} is a whole number that a float32 does not hold; read_csv and an Encoder keep dates, times "
        "and keys apart",
        quoted(names_[column]), shown(value));
  }
  double convert(std::string_view text, std::size_t column, const CsvLexer& lexer) const {
    double value = std::numeric_limits<double>::quiet_NaN();
    if (lexer.is_missing(text)) {
      if (column == label_) lexer.fail(Errc::parse, "column {}: the label is missing", quoted(names_[column]));
      if (column == weight_) lexer.fail(Errc::parse, "column {}: the weight is missing", quoted(names_[column]));
      if (column == offset_) lexer.fail(Errc::parse, "column {}: the offset is missing", quoted(names_[column]));
      return value;
    }
    if (parse_double(text, value) != Parsed::number || std::isinf(value)) refuse(text, column, lexer);
    return value;
  }

  std::vector<std::string> names_, feature_names_;
  std::vector<std::size_t> place_;  // of each column among the features
  std::size_t label_ = unused, weight_ = unused, offset_ = unused;
  std::vector<float> row_, features_;
  double target_ = 0, row_weight_ = 0, row_offset_ = 0;
  std::vector<double> targets_, weights_, offsets_;
};

}  // namespace

Dataset read_csv_matrix(const Uri& uri, const ReadCsvOptions& options, TargetKind kind, const Runtime& runtime) {
  const std::string context = uri.string();
  if (!options.types.empty())
    fail(Errc::invalid_argument, context, "ReadCsvOptions.types: every column of a matrix is a number");
  CsvLayout layout;
  CsvLexer lexer = open_csv([&] { return open_stream(uri, runtime); }, options, context, layout);
  for (const std::size_t position : layout.wanted)
    if (layout.schema[position].type == ReadAs::text && layout.names[position] != layout.label)
      fail(Errc::invalid_argument, context,
           "ReadCsvOptions.schema: column {} is text, but every column of a matrix is a number",
           quoted(layout.names[position]));
  MatrixBuilder builder(layout);
  for_each_field(
      lexer, layout.names.size(), [&](std::size_t column) { return builder.read(lexer, column); }, [] {},
      [&] { builder.done(); });
  return builder.release(kind, context);
}

}  // namespace scalar::inline v0::data
