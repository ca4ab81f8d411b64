#pragma once
/// Small problems that several tests learn.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "scalar/core/random.hpp"
#include "scalar/data/dataset.hpp"

namespace problems {

inline std::vector<std::string> class_names(int count) {
  std::vector<std::string> names;
  for (int k = 0; k < count; ++k) names.push_back("class " + std::to_string(k));
  return names;
}

/// `classes == 0`: a regression. Targets follow a random linear model with noise.
inline scalar::DatasetParts parts(std::int64_t rows, std::int64_t columns, int classes, std::uint64_t seed = 1,
                                  bool weighted = false) {
  scalar::Philox random(seed);
  const auto uniform = [&] { return static_cast<float>(2 * random.uniform() - 1); };
  const int outputs = classes == 0 ? 1 : classes;
  std::vector<float> truth(static_cast<std::size_t>(columns * outputs));
  for (float& value : truth) value = uniform();
  scalar::DatasetParts made{.columns = columns};
  if (classes > 0) made.classes = class_names(classes);
  for (std::int64_t i = 0; i < rows; ++i) {
    std::vector<float> scores(static_cast<std::size_t>(outputs));
    for (float& score : scores) score = uniform();
    for (std::int64_t j = 0; j < columns; ++j) {
      made.features.push_back(uniform());
      for (int k = 0; k < outputs; ++k)
        scores[static_cast<std::size_t>(k)] +=
            2 * made.features.back() * truth[static_cast<std::size_t>(j * outputs + k)];
    }
    int best = 0;
    for (int k = 1; k < outputs; ++k)
      if (scores[static_cast<std::size_t>(k)] > scores[static_cast<std::size_t>(best)]) best = k;
    made.targets.push_back(classes == 0 ? scores[0] : static_cast<float>(best));
    if (weighted) made.weights.push_back(static_cast<float>(random.below(4)) / 2);
  }
  return made;
}

inline scalar::Dataset dataset(std::int64_t rows, std::int64_t columns, int classes, std::uint64_t seed = 1,
                               bool weighted = false) {
  return scalar::Dataset(parts(rows, columns, classes, seed, weighted));
}

}  // namespace problems
