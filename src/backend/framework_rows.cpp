#include "backend/framework_rows.hpp"

#include <cmath>
#include <string>

#include "core/fail.hpp"
#include "scalar/core/json.hpp"

namespace scalar::inline v0::backend {
namespace {

std::string text(double number) {
  std::string out;
  json::append_number(out, number);
  return out;
}

}  // namespace

void refuse_infinities(std::string_view backend, FloatMatrix features, std::int64_t first_row, const Dataset& data) {
  for (std::int64_t row = 0; row < features.rows; ++row)
    for (std::int64_t column = 0; column < features.columns; ++column)
      if (std::isinf(features(row, column)))
        fail(Errc::invalid_argument, backend,
             "row {} of feature \"{}\" is infinite, expected a number or NaN (missing)", first_row + row,
             data.feature_names()[static_cast<std::size_t>(column)]);
}

std::vector<float> narrowed(std::string_view backend, std::string_view field, std::span<const double> numbers,
                            double mean, std::int64_t first_row) {
  std::vector<float> narrow;
  narrow.reserve(numbers.size());
  for (const double number : numbers) {
    narrow.push_back(static_cast<float>(number - mean));
    if (!std::isfinite(narrow.back()))
      fail(Errc::out_of_range, backend, "the {} of row {} is {}{}, expected a number that a float32 holds", field,
           first_row + static_cast<std::int64_t>(narrow.size()) - 1, text(number),
           mean != 0 ? ", less the mean " + text(mean) : "");
  }
  return narrow;
}

}  // namespace scalar::inline v0::backend
