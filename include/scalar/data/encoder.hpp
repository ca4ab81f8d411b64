#pragma once
/// Preprocessing that is learned from the training table and stored inside the model.
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "scalar/core/fields.hpp"
#include "scalar/core/json.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/data/batch.hpp"
#include "scalar/data/dataset.hpp"
#include "scalar/data/table.hpp"

namespace scalar::inline v0 {

enum class Impute : std::uint8_t {
  keep = 0,  ///< a missing number stays NaN
  mean = 1,
  median = 2,  ///< exact up to 65,536 distinct values per column, else within 0.1 % of the ranks
  zero = 3,
};
enum class Scale : std::uint8_t {
  none = 0,
  standard = 1,  ///< (value - mean) / standard deviation; a constant column becomes 0
};
enum class Categories : std::uint8_t {
  ordinal = 0,  ///< one feature: the position of the value among the sorted known values
  one_hot = 1,  ///< one feature per known value
};
enum class Unknown : std::uint8_t {
  missing = 0,  ///< an unknown value counts as missing (NaN where ordinal, all zeros where one-hot)
  error = 1,    ///< an unknown value is `Errc::invalid_argument` naming column and value
};

/// What to do with a column whose numbers float32 features cannot tell apart.
enum class Rounding : std::uint8_t {
  refuse = 0,  ///< `Errc::out_of_range` naming the column and two of the values that would become equal
  accept = 1,  ///< the values become equal
};

/// What preprocessing to do; a spec chooses its own default.
///
/// Statistics are computed from the values that are present (the deviation divides by their number); a column without
/// any has mean and median 0. Missing and empty texts are NaN where ordinal, all zeros where one-hot.
///
/// Features are float32, so digits may be lost; to lose fewer, numbers are moved close to zero first, in float64.
/// Scaling subtracts the mean. In a column that is not scaled, the middle of the range or the middle value is
/// subtracted if float32 would round whole numbers (such as dates written 20240131, Unix times and keys) or would make
/// other numbers equal. A column is refused if values become equal nevertheless: any two values if all are whole (up to
/// 2^53, or int64) and not scaled, more than one value in a hundred otherwise. The check looks at all distinct values
/// up to 65,536, or at a sample of 65,536 if there are more.
struct Encoding {
  Impute impute = Impute::mean;
  Scale scale = Scale::standard;
  Categories categories = Categories::one_hot;
  Unknown unknown = Unknown::missing;
  /// How many distinct texts a column may have; more are `Errc::too_large` naming the column. At most 2^24: float32
  /// cannot count further.
  std::int64_t max_categories = 1024;
  Rounding rounding = Rounding::refuse;

  using Self = Encoding;
  static constexpr std::string_view name = "encoding";
  static constexpr auto fields() {
    return std::tuple{field<&Self::impute>,
                      field<&Self::scale>,
                      field<&Self::categories>,
                      field<&Self::unknown>,
                      field<&Self::max_categories>.in(1, 16'777'216),
                      field<&Self::rounding>};
  }
};

/// One raw input of a model.
struct InputColumn {
  std::string name{};
  bool is_text = false;
};

/// How one raw input becomes features, in an encoder that is put together instead of fitted.
struct ColumnEncoding {
  std::string name{};
  bool is_text = false;
  double fill = std::numeric_limits<double>::quiet_NaN();  ///< replaces a missing number, before scaling
  bool is_scaled = false;                                  ///< a number becomes `(x - mean) / deviation`
  double mean = 0, deviation = 1;                          ///< with a deviation of 0 every number becomes 0
  std::vector<std::string> categories{};                   ///< the known texts, in the order of their numbers
  bool is_one_hot = false;  ///< a text becomes one feature per category, instead of the number of its category
  std::string fill_text{};  ///< replaces a missing or empty text; empty: such a text stays missing
};

/// What an encoder is put together from, such as the preprocessing in another library's model.
struct EncoderParts {
  std::vector<ColumnEncoding> columns{};  ///< the raw inputs in their order
  std::vector<std::string> classes{};     ///< empty: a regression
  std::string label{};
  Unknown unknown = Unknown::missing;
};

/// What the target means.
enum class TargetKind : std::uint8_t { regression = 0, classification = 1 };

/// How to stop work on a table and to follow its progress.
struct EncodeOptions {
  std::stop_token stop{};  ///< a stop request ends the work with `Errc::canceled`
  /// Receives how many values of the table have been seen; called from any thread, one call at a time.
  std::function<void(std::int64_t done, std::int64_t total)> progress{};
};

/// A fitted Encoding: turns raw columns into features, and labels into targets.
///
/// Immutable; copies share. Thread safety: const members may be called from any thread.
class Encoder {
 public:
  Encoder() = default;

  /// Learns from every column of `table` but its label, its weight and its offset, in one mergeable pass.
  ///
  /// The labels of a classification become class indices in sorted order: numbers by value (named by their shortest
  /// decimals), texts by bytes, booleans as "false" and "true". There may be `max_categories` classes, and at most
  /// 1,000 if they are numbers. Errors: `Errc::empty` for no rows; `Errc::invalid_argument` for a table without label,
  /// or, naming column and row, for a missing label, a text label where a number is expected, an infinity, or a text
  /// that is not UTF-8; `Errc::too_large` for too many distinct texts or classes; `Errc::out_of_range` for numbers
  /// whose mean or deviation does not fit float64, or that float32 features cannot tell apart (see Encoding);
  /// `Errc::canceled`.
  static Encoder fit(const Table& table, const Encoding& encoding, TargetKind kind, const Runtime& runtime = {},
                     const EncodeOptions& options = {});
  /// An encoder that passes features through and refuses infinities. Models fitted on a Dataset have one.
  static Encoder identity(std::vector<std::string> feature_names, const std::vector<std::string>& classes);
  /// An encoder that reads the columns of `parts`. Errors: `Errc::already_exists` for two inputs, categories or classes
  /// of one name; `Errc::out_of_range` for a mean, deviation or filling value that is not finite.
  static Encoder from_parts(EncoderParts parts);
  /// What this encoder does, as `from_parts` takes it. A number from which a constant is subtracted is scaled with a
  /// deviation of 1. Errors: `Errc::empty` for an encoder that was not fitted.
  EncoderParts parts() const;

  /// The raw inputs in their order: the columns of the training table without label, weight and offset.
  const std::vector<InputColumn>& inputs() const noexcept;
  /// True if a dense float32 batch may be encoded: every input is a number, and float32 can tell the training values
  /// apart.
  bool is_numeric() const noexcept;
  /// True if the features are the inputs themselves.
  bool is_identity() const noexcept;
  std::int64_t feature_count() const noexcept;
  const std::vector<std::string>& feature_names() const noexcept;
  /// `[feature_count()]`: the number of categories of each feature that is the position of a text among its known
  /// values (`Categories::ordinal`), 0 for numbers; empty: all features are numbers.
  const std::vector<std::int64_t>& feature_categories() const noexcept;
  /// The names of the classes; empty for a regression.
  const std::vector<std::string>& classes() const noexcept;
  /// The name of the label column; empty for `identity`.
  const std::string& label() const noexcept;
  /// The columns that a file must have to be encoded: the inputs, and the label, which may be absent.
  Schema schema() const;

  /// Features, targets, weights and offsets of a table with the columns of the training table, found by name.
  ///
  /// The label may be absent; weights and offsets are those of the table. Errors: those of Table::weights and
  /// Table::offsets; `Errc::not_found`
  /// for a missing column, `Errc::type_mismatch` for one of another type, `Errc::invalid_argument` for an unknown class
  /// or category, each naming column, row and value.
  Dataset encode(const Table& table, const Runtime& runtime = {}, const EncodeOptions& options = {}) const;
  /// The features alone; ignores a label, weight or offset among the columns.
  Dataset encode_inputs(const Table& table, const Runtime& runtime = {}) const;
  /// The label column of a table, `[rows]`: numbers, or class indices. An `identity` encoder takes the table's label.
  /// Errors: as `encode`, and `Errc::not_found` if there is no label.
  std::vector<double> targets(const Table& table) const;
  /// Writes the features of a batch to `out`, `[rows, feature_count()]`. Does not allocate. Errors:
  /// `Errc::shape_mismatch`, `Errc::type_mismatch`, `Errc::invalid_argument`, as `encode(table)`.
  void encode(const BatchView& batch, MatrixView<float> out) const;

  /// To and from the manifest of a model. Errors of `from_json`: `Errc::corrupt` naming the place;
  /// `Errc::unsupported` for an encoder of another version of the form, naming it.
  json::Value to_json() const;
  static Encoder from_json(const json::Value& value);

 private:
  struct Data;
  explicit Encoder(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  const Data& data() const;
  Dataset encode_with(const Table& table, std::vector<double> targets, std::vector<double> weights,
                      std::vector<double> offsets, const Runtime& runtime, const EncodeOptions& options) const;
  std::shared_ptr<const Data> data_;
};

}  // namespace scalar::inline v0
