#pragma once
/// What frameworks with float32 rows refuse, and numbers in the form in which they take them.
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "scalar/core/tensor.hpp"
#include "scalar/data/dataset.hpp"

namespace scalar::inline v0::backend {

/// Errors: `Errc::invalid_argument`, naming the row and the column, for an infinite feature. `first_row` is the number
/// of the first row, and `data` knows the names of the columns.
void refuse_infinities(std::string_view backend, FloatMatrix features, std::int64_t first_row, const Dataset& data);

/// `numbers`, less `mean`, as float32. `field` says what they are, in the singular. Errors: `Errc::out_of_range`,
/// naming the row, for a number that a float32 cannot hold.
std::vector<float> narrowed(std::string_view backend, std::string_view field, std::span<const double> numbers,
                            double mean = 0, std::int64_t first_row = 0);

}  // namespace scalar::inline v0::backend
