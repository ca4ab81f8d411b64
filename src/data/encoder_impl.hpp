#pragma once
/// The contents of a fitted Encoder.
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <vector>

#include "data/dictionary.hpp"
#include "scalar/data/encoder.hpp"

namespace scalar::inline v0 {

namespace data {

/// How one input becomes features.
struct ColumnCode {
  // A number becomes (value - mean) / deviation if it is scaled (0 if the deviation is 0), else value - shift.
  bool is_scaled = false;
  double mean = 0, deviation = 1;
  double shift = 0;
  bool is_wide = false;  // float32 cannot tell the column's values apart, so they must come as float64
  double fill = std::numeric_limits<double>::quiet_NaN();  // replaces a missing number, before scaling
  // A text becomes its position among these, or one feature for each of them.
  Dictionary categories{};
  bool is_one_hot = false;
  std::string fill_text{};                         // replaces a missing or empty text
  std::uint32_t fill_category = Dictionary::none;  // of `fill_text`
  // The column's features are `[first, first + width)` of all.
  std::int64_t first = 0, width = 1;
};

/// The category of a text. A missing text is the empty one.
inline std::uint32_t category_of(const ColumnCode& code, std::string_view text) {
  return text.empty() ? code.fill_category : code.categories.find(text);
}

/// The feature of a number that is present. Subtracts in float64, before rounding to float32.
inline float feature_of(const ColumnCode& code, double value) {
  if (!code.is_scaled) return static_cast<float>(value - code.shift);
  return code.deviation == 0 ? 0.0f : static_cast<float>((value - code.mean) / code.deviation);
}

[[noreturn]] void throw_at(Errc code, std::string_view column, std::int64_t row, std::string_view message);

/// Checks the stop token and reports progress. Members may be called from any thread.
class Watch {
 public:
  static constexpr std::int64_t piece_rows = 65536;

  Watch(const EncodeOptions& options, std::int64_t total) : options_(options), total_(total) {}

  /// Throws `Errc::canceled` if a stop was requested.
  void check() const;
  /// Calls `check` at the first row of each piece.
  void check_at(std::int64_t row) const {
    if (row % piece_rows == 0) check();
  }
  /// Calls `check`, then reports `values` more values as seen.
  void saw(std::int64_t values);

 private:
  const EncodeOptions& options_;
  std::int64_t total_;
  std::mutex mutex_{};
  std::int64_t done_ = 0;  // guarded by mutex_
};

}  // namespace data

struct Encoder::Data {
  Encoding encoding{};
  TargetKind kind = TargetKind::regression;
  bool is_identity = false, is_numeric = true;
  std::vector<InputColumn> inputs{};
  std::vector<data::ColumnCode> codes{};  // `[inputs]`
  std::vector<std::string> feature_names{};
  std::vector<std::int64_t> feature_categories{};
  data::Dictionary classes{};
  std::string label{};

  /// Errors: `Errc::already_exists`.
  void add_classes(const std::vector<std::string>& names);
  /// Sets the positions and the names of the features of each input.
  void finish();
};

}  // namespace scalar::inline v0
