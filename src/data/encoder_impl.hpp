#pragma once
/// What a fitted Encoder holds.
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "data/dictionary.hpp"
#include "scalar/data/encoder.hpp"

namespace scalar::inline v0 {

namespace data {

/// How one input becomes features.
struct ColumnCode {
  // A number becomes (value - mean) / deviation where it is scaled, 0 where the deviation is 0.
  bool is_scaled = false;
  double mean = 0, deviation = 1;
  double fill = std::numeric_limits<double>::quiet_NaN();  // in the place of a missing number, before scaling
  // A text becomes its position here, or as many features as there are.
  Dictionary categories{};
  // Where its features are among all.
  std::int64_t first = 0, width = 1;
};

[[noreturn]] void throw_at(Errc code, std::string_view column, std::int64_t row, const std::string& message);

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
