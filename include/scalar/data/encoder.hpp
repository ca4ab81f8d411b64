#pragma once
/// Preprocessing that is learned from the training table and travels inside the model.
#include <cstdint>
#include <memory>
#include <span>
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
  median = 2,  ///< exact up to 65,536 distinct values a column, else within 0.1 % of the ranks
  zero = 3,
};
enum class Scale : std::uint8_t {
  none = 0,
  standard = 1,  ///< (value - mean) / standard deviation; a constant column becomes 0
};
enum class Categories : std::uint8_t {
  ordinal = 0,  ///< one feature: the position of the value among the sorted known ones
  one_hot = 1,  ///< one feature per known value
};
enum class Unknown : std::uint8_t {
  missing = 0,  ///< an unknown value counts as missing (NaN where ordinal, all zeros where one-hot)
  error = 1,    ///< an unknown value is `Errc::invalid_argument` naming column and value
};

/// What preprocessing to do; a spec chooses its own default.
///
/// Statistics are those of the values that are there (the deviation divides by their number); a column without any has
/// mean and median 0. Missing and empty texts are NaN where ordinal, all zeros where one-hot.
struct Encoding {
  Impute impute = Impute::mean;
  Scale scale = Scale::standard;
  Categories categories = Categories::one_hot;
  Unknown unknown = Unknown::missing;
  std::int64_t max_categories = 1024;  ///< distinct texts a column may have, else `Errc::too_large` naming the column

  using Self = Encoding;
  static constexpr std::string_view name = "encoding";
  static constexpr auto fields() {
    return std::tuple{field<&Self::impute>, field<&Self::scale>, field<&Self::categories>, field<&Self::unknown>,
                      field<&Self::max_categories>.in(1, 1e9)};
  }
};

/// One raw input of a model.
struct Input {
  std::string name{};
  bool is_text = false;
};

/// What the target means.
enum class TargetKind : std::uint8_t { regression = 0, classification = 1 };

/// A fitted Encoding: turns raw columns into features, and labels into targets.
///
/// Immutable; copies share. Thread safety: const members may be called from any thread.
class Encoder {
 public:
  Encoder() = default;

  /// Learns from every column of `table` but its label, in one mergeable pass.
  ///
  /// Labels of a classification become class indices in sorted order (numbers by value and named by their shortest
  /// decimal, texts by bytes, booleans "false" and "true"), at most `max_categories`.
  /// Errors: `Errc::empty` for no rows; `Errc::invalid_argument` for a table without label, a missing label, or a
  /// text label where a number is wanted, an infinity or a text that is not UTF-8, naming column and row;
  /// `Errc::too_large` for too many distinct texts; `Errc::out_of_range` for numbers whose mean or deviation no float64
  /// holds.
  static Encoder fit(const Table& table, const Encoding& encoding, TargetKind kind, const Runtime& runtime = {});
  /// Takes features as they are, infinities excepted: what a model fitted on a Dataset has.
  static Encoder identity(std::vector<std::string> feature_names, std::vector<std::string> classes);

  /// The raw inputs in their order: the columns of the training table without the label.
  const std::vector<Input>& inputs() const noexcept;
  /// True when every input is a number, so that a dense batch may be encoded.
  bool is_numeric() const noexcept;
  /// True when features are the inputs themselves.
  bool is_identity() const noexcept;
  std::int64_t feature_count() const noexcept;
  const std::vector<std::string>& feature_names() const noexcept;
  /// The names of the classes; empty for a regression.
  const std::vector<std::string>& classes() const noexcept;
  /// The name of the label column; empty for `identity`.
  const std::string& label() const noexcept;

  /// Features and targets of a table with the columns of the training table, found by name.
  ///
  /// The label may be absent. Errors: `Errc::not_found` for a missing column, `Errc::type_mismatch` for one of another
  /// type, `Errc::invalid_argument` for an unknown class or category, each naming column, row and value.
  Dataset encode(const Table& table, const Runtime& runtime = {}) const;
  /// The features alone; a label among the columns is not looked at.
  Dataset encode_inputs(const Table& table, const Runtime& runtime = {}) const;
  /// The label column of a table, `[rows]`: numbers, or class indices. An identity takes the label the table names.
  /// Errors: as `encode`, and `Errc::not_found` where there is no label.
  std::vector<double> targets(const Table& table) const;
  /// Features of a batch into `out`, `[rows, feature_count()]`. Does not allocate.
  /// Errors: `Errc::shape_mismatch`, `Errc::type_mismatch`, `Errc::invalid_argument`, as `encode(table)`.
  void encode(const BatchView& batch, MatrixView<float> out) const;

  /// To and from the manifest of a model. Errors of `from_json`: `Errc::corrupt` naming what is wrong.
  json::Value to_json() const;
  static Encoder from_json(const json::Value& value);

 private:
  struct Data;
  explicit Encoder(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  const Data& data() const;
  Dataset encode_with(const Table& table, std::vector<double> targets, const Runtime& runtime) const;
  std::shared_ptr<const Data> data_;
};

}  // namespace scalar::inline v0
