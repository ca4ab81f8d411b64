#pragma once
/// What the fuzzers of model readers do with their bytes.
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <variant>
#include <vector>

#include "scalar/backend/native/native.hpp"
#include "scalar/core/error.hpp"
#include "scalar/interchange/imported_model.hpp"

namespace imported {

/// Predicts two rows with a model that a reader accepted.
inline void predict(const scalar::interchange::ImportedModel& model) {
  static const scalar::Runtime one(scalar::RuntimeOptions{.threads = 1});
  const scalar::CompiledModel compiled =
      std::visit([](const auto& parameters) { return scalar::backend::compile(parameters, one); }, model.parameters);
  if (compiled.features() != model.encoder.feature_count()) __builtin_trap();
  if (compiled.features() > 4096 || compiled.outputs() > 4096) return;
  std::vector<float> rows(static_cast<std::size_t>(2 * compiled.features()), 1.5F);
  for (std::size_t i = 0; i < rows.size() / 2; ++i) rows[i] = __builtin_nanf("");
  std::vector<double> out(static_cast<std::size_t>(2 * compiled.outputs()));
  compiled.predict({rows.data(), 2, compiled.features()}, {out.data(), 2, compiled.outputs()});
}

template <class Read>
int read_and_predict(const std::uint8_t* data, std::size_t size, const Read& read) {
  try {
    predict(read(std::string_view(reinterpret_cast<const char*>(data), size)));
  } catch (const scalar::Error&) {  // the answer to bad bytes
  } catch (const std::bad_alloc&) {
  }
  return 0;
}

}  // namespace imported
