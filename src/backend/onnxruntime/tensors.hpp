#pragma once
/// Tensors of ONNX Runtime over those of requests, and back.
#include <string_view>

#include "backend/onnxruntime/library.hpp"
#include "scalar/data/tensor.hpp"

namespace scalar::inline v0::backend::onnxruntime {

/// The value of an input: a view of `tensor`'s memory, or a copy of its texts. Requires that the tensor has the number
/// of elements that its shape says. Errors: `Errc::invalid_argument` for a text with a NUL byte, which ONNX Runtime
/// would cut; `Errc::failed`.
Owned<Value> wrap(const Library& library, const TensorView& tensor, std::string_view place);

/// Copies a tensor, into memory that `to` has already. Errors: `Errc::unsupported` for an element type that no DataType
/// is; `Errc::failed`.
void copy(const Library& library, Value* from, std::string_view place, Tensor& to);

/// As `copy`, from a sequence of maps from class to number: a row for each map, a column for each class in the order of
/// the maps. Errors: also `Errc::failed` for maps of different sizes.
void copy_maps(const Library& library, Value* from, std::string_view place, Tensor& to);

}  // namespace scalar::inline v0::backend::onnxruntime
