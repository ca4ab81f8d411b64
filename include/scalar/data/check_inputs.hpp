#pragma once
/// Checks of the tensors that a model is given.
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "scalar/data/signature.hpp"
#include "scalar/data/tensor.hpp"

namespace scalar::inline v0::data {

/// The number of elements of a shape; nothing when a size is negative or the product does not fit in 63 bits.
std::optional<std::int64_t> elements_of(std::span<const std::int64_t> shape) noexcept;

/// Throws unless the memory of `tensor` has exactly the elements that its type and shape say. Errors:
/// `Errc::shape_mismatch` naming the input.
void check_memory(const TensorView& tensor, std::string_view input);

/// Throws unless there is one tensor for each input of `signature`, of its type, with its rank and the sizes that it
/// fixes, and the memory that its shape needs; and, if the signature is batched, all have the same number of rows.
/// Requires that batched tensors have a dimension. Errors: `Errc::shape_mismatch` and `Errc::type_mismatch`, naming the
/// input.
void check_inputs(const Signature& signature, std::span<const TensorView> inputs);

/// True if `shape` has the rank and the fixed sizes of `expected`, where -1 is any size.
bool fits(std::span<const std::int64_t> shape, std::span<const std::int64_t> expected) noexcept;

}  // namespace scalar::inline v0::data
