#pragma once
/// The numbers of a tensor of any type, as doubles or floats.
#include <span>

#include "scalar/data/tensor.hpp"

namespace scalar::inline v0::data {

/// Writes the elements of `tensor` to `out`, each exactly; booleans are 0 and 1. Its memory may lie at any address.
/// Requires as many elements as `out` has (data::check_memory). Errors: `Errc::type_mismatch` for texts;
/// `Errc::out_of_range` naming the element and its value for a number that the type of `out` does not hold exactly.
void copy_numbers(const TensorView& tensor, std::span<double> out);
void copy_numbers(const TensorView& tensor, std::span<float> out);

}  // namespace scalar::inline v0::data
