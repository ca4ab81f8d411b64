#pragma once
/// What a fitted Encoder holds.
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
  // A number becomes (value - mean) / deviation where it is scaled, 0 where the deviation is 0; else value - shift.
  bool is_scaled = false;
  double mean = 0, deviation = 1;
  double shift = 0;
  bool is_wide = false;  // a float32 does not tell the column's values apart, so they must come as float64
  double fill = std::numeric_limits<double>::quiet_NaN();  // in the place of a missing number, before scaling
  // A text becomes its position here, or as many features as there are.
  Dictionary categories{};
  // Where its features are among all.
  std::int64_t first = 0, width = 1;
};

/// The feature of a number that is there. The difference is taken before digits are dropped.
inline float feature_of(const ColumnCode& code, double value) {
  if (!code.is_scaled) return static_cast<float>(value - code.shift);
  return code.deviation == 0 ? 0.0f : static_cast<float>((value - code.mean) / code.deviation);
}

[[noreturn]] void throw_at(Errc code, std::string_view column, std::int64_t row, const std::string& message);

/// Looks at the stop token and reports values that were seen. Members may be called from any thread.
class Watch {
 public:
  static constexpr std::int64_t piece_rows = 65536;

  Watch(const EncodeOptions& options, std::int64_t total) : options_(options), total_(total) {}

  /// Throws `Errc::canceled` once asked to stop.
  void check() const;
  /// As `check`, at the first row of a piece.
  void check_at(std::int64_t row) const {
    if (row % piece_rows == 0) check();
  }
  void saw(std::int64_t values);

 private:
  const EncodeOptions& options_;
  std::int64_t total_;
  std::mutex mutex_{};
  std::int64_t done_ = 0;  // under the mutex
};

}  // namespace data

struct Encoder::Data {
  Encoding encoding{};
  TargetKind kind = TargetKind::regression;
  bool is_identity = false, is_numeric = true;
  std::vector<Input> inputs{};
  std::vector<data::ColumnCode> codes{};  // `[inputs]`
  std::vector<std::string> feature_names{};
  data::Dictionary classes{};
  std::string label{};

  /// Places the features of each input and names them.
  void finish();
};

}  // namespace scalar::inline v0
