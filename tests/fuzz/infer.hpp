#pragma once
/// What the two fuzzers of infer requests do with a body.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "scalar/core/error.hpp"
#include "serve/infer.hpp"
#include "serve/models.hpp"

namespace fuzz {

inline const scalar::serve::Limits& limits() {
  static const scalar::serve::Limits small{.elements = 1 << 16};
  return small;
}

/// Decodes the body for three kinds of model. Refusals must be the client's fault; what is accepted must be whole, and
/// its answer must be written.
inline void infer(std::string_view body, std::optional<std::uint64_t> json_bytes) {
  // Exactly the padding that is promised, so that a sanitizer sees every byte read beyond it.
  const auto storage = std::make_unique<char[]>(body.size() + 64);
  if (!body.empty()) std::memcpy(storage.get(), body.data(), body.size());
  static const scalar::serve::Signature signatures[] = {
      serve_test::dense(2), serve_test::mixed(), {.inputs = {{"t", true}}, .platform = "test"}};
  for (const auto& signature : signatures) {
    scalar::serve::InferRequest request;
    try {
      request.decode(signature, {storage.get(), body.size()}, json_bytes, limits());
    } catch (const scalar::Error& error) {
      if (scalar::http_status(error.code()) >= 500) std::abort();
      continue;
    }
    const auto batch = request.batch();
    if (batch.rows() < 1 || request.wanted().empty()) std::abort();
    std::vector<double> values(static_cast<std::size_t>(batch.rows() * signature.outputs));
    const scalar::BatchOut out(values.data(), batch.rows(), signature.outputs);
    serve_test::Sum(signature).predict(batch, out, {});
    for (double& value : values)
      if (!std::isfinite(value)) value = 0;
    scalar::serve::Response response;
    encode_answer(signature, request, "m", "1", out, response);
    if (response.body.empty()) std::abort();
  }
}

}  // namespace fuzz
