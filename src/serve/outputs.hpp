#pragma once
/// How much memory outputs and answers take, and whether outputs are what a model promises.
#include <cstdint>
#include <span>

#include "scalar/data/tensor.hpp"
#include "scalar/serve/options.hpp"
#include "serve/infer.hpp"
#include "serve/request_form.hpp"

namespace scalar::inline v0::serve {

/// An upper bound on the memory that `encode_answer` needs for a decoded request, without the request's id and names,
/// as far as the form and the number of rows tell: a length that is free counts as 1.
std::uint64_t expected_answer_bytes(const RequestForm& form, const InferRequest& request);
/// As `expected_answer_bytes`, for outputs that are known.
std::uint64_t answer_bytes(const RequestForm& form, const InferRequest& request, std::span<const Tensor> outputs);
/// The memory of all outputs, and of what they are made from, as far as the form and the number of rows tell.
std::uint64_t expected_output_bytes(const RequestForm& form, std::int64_t rows);
/// The memory of `outputs`.
std::uint64_t output_bytes(std::span<const Tensor> outputs);
/// The number of elements of all outputs, at least.
std::uint64_t least_outputs(const RequestForm& form, std::int64_t rows);

/// Throws when `outputs` are not those that the form promises. Errors: `Errc::failed`, since the model is at fault;
/// `Errc::too_large` for more elements than the limit.
void check_outputs(const RequestForm& form, const InferRequest& request, std::span<const Tensor> outputs,
                   const Limits& limits);

}  // namespace scalar::inline v0::serve
