#pragma once
/// A fit that several processes share: run by the tests and by the processes that they start.
#include <string>
#include <vector>

#include "backend/native/problems.hpp"
#include "scalar/backend/lightgbm/lightgbm.hpp"
#include "scalar/core/hash.hpp"

namespace lightgbm_fits {

/// The hash of the forest.
inline std::string learned(const scalar::GradientBoostedTrees& spec, const scalar::Dataset& data,
                           const scalar::FitOptions& options) {
  const scalar::Runtime runtime({.threads = 2});
  return scalar::hash128(to_bytes(scalar::backend::LightGbm().fit(spec, data, options, runtime))).hex();
}

inline std::string learned(const scalar::FitOptions& options) {
  return learned({.trees = 5, .depth = 5, .loss = scalar::Loss::softmax}, problems::dataset(1001, 7, 3, 5, true),
                 options);
}

}  // namespace lightgbm_fits
