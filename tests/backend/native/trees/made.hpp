#pragma once
/// Data sets made for trees: numbers, classes, missing values, weights.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "scalar/data/dataset.hpp"
#include "scalar/spec/spec.hpp"

namespace made {

inline constexpr float missing_value = std::numeric_limits<float>::quiet_NaN();

struct Made {
  int rows = 400, columns = 5, distinct = 0;  // distinct > 0: small whole numbers
  double missing = 0;
  scalar::Loss loss = scalar::Loss::squared;
  bool weights = false;
  int classes = 3;
};

inline scalar::DatasetParts make(const Made& made, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<double> uniform(0, 1);
  scalar::DatasetParts parts;
  parts.columns = made.columns;
  for (int row = 0; row < made.rows; ++row) {
    float sum = 0.5f * normal(random);
    for (int column = 0; column < made.columns; ++column) {
      float x =
          made.distinct > 0 ? static_cast<float>(random() % static_cast<unsigned>(made.distinct)) : normal(random);
      if (uniform(random) < made.missing) x = missing_value;
      parts.features.push_back(x);
      sum += std::isnan(x) ? 0.7f : std::sin(x * static_cast<float>(column + 1));
    }
    if (made.loss == scalar::Loss::squared)
      parts.targets.push_back(sum);
    else if (made.loss == scalar::Loss::logistic)
      parts.targets.push_back(sum > 0 ? 1.0f : 0.0f);
    else
      parts.targets.push_back(static_cast<float>(std::clamp(static_cast<int>(sum + 1.5f), 0, made.classes - 1)));
    if (made.weights) parts.weights.push_back(static_cast<float>(random() % 4) * 0.5f);
  }
  if (made.loss == scalar::Loss::logistic) parts.classes = {"no", "yes"};
  if (made.loss == scalar::Loss::softmax)
    for (int k = 0; k < made.classes; ++k) parts.classes.push_back("class " + std::to_string(k));
  return parts;
}

}  // namespace made
