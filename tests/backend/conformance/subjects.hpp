#pragma once
/// The backends and specs of the conformance suite, and problems that fit each spec.
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "scalar/backend/registry.hpp"
#include "scalar/core/error.hpp"
#include "scalar/spec/specs.hpp"

namespace conformance {

using namespace scalar;

/// The backend, or nothing if its framework is not on this machine.
inline std::optional<AnyBackend> open(const std::string& name) {
  try {
    return backend::named(name);
  } catch (const Error& error) {
    if (error.code() != Errc::unavailable) throw;
    return std::nullopt;
  }
}

/// Calls `use(spec)` for small ones of every kind, which take well under a second to learn.
template <class Use>
void each_spec(const Use& use) {
  use(LinearRegression{});
  use(LogisticRegression{.max_iterations = 50});
  for (const Loss loss : {Loss::squared, Loss::softmax})
    use(MultilayerPerceptron{.hidden = {8}, .loss = loss, .learning_rate = 0.01, .batch = 32, .epochs = 40});
  for (const Loss loss : {Loss::squared, Loss::logistic, Loss::softmax})
    use(GradientBoostedTrees{.trees = 5, .depth = 4, .loss = loss});
}

template <Spec S>
inline constexpr bool takes_missing = std::is_same_v<S, GradientBoostedTrees>;

/// The number of classes that a spec learns here; 0: numbers.
inline int classes_of(const LinearRegression&) { return 0; }
inline int classes_of(const LogisticRegression&) { return 3; }
template <class S>
  requires requires(const S& spec) { spec.loss; }
int classes_of(const S& spec) {
  return spec.loss == Loss::squared ? 0 : spec.loss == Loss::logistic ? 2 : 3;
}

/// Rows whose target follows from the first feature; class names are not in sorted order.
template <Spec S>
DatasetParts problem(const S& spec, int rows = 400, int columns = 4, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  const int classes = classes_of(spec);
  DatasetParts parts;
  parts.columns = columns;
  for (int k = 0; k < classes; ++k) parts.classes.push_back(std::string(1, static_cast<char>('z' - k)));
  for (int row = 0; row < rows; ++row) {
    const int kind = row % (classes > 0 ? classes : 5);
    for (int column = 0; column < columns; ++column)
      parts.features.push_back(column == 0 ? static_cast<float>(kind) + 0.1f * normal(random) : normal(random));
    parts.targets.push_back(kind);
  }
  return parts;
}

}  // namespace conformance
