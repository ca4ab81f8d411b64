#pragma once
/// Fits that several processes share, named by the kind of model: run by the tests and by the processes they start.
#include <memory>
#include <string>

#include "backend/native/problems.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/hash.hpp"

namespace fits {

/// The hash of what is learned.
template <class S>
std::string learned(const S& spec, const scalar::Dataset& data, const scalar::FitOptions& options, int threads = 1) {
  const scalar::Runtime runtime({.threads = threads});
  return scalar::hash128(to_bytes(scalar::backend::Native{}.fit(spec, data, options, runtime))).hex();
}

inline constexpr const char* kinds[] = {"linear", "logistic", "mlp", "trees"};

/// Fits that compare their rounds by validation rows, and that keep checkpoints. Noise makes early rounds the best.
inline std::string learned_in_rounds(const std::string& kind, scalar::FitOptions options, int threads = 1) {
  using namespace scalar;
  const int classes = kind == "trees" ? 2 : 3;
  const Dataset all = problems::dataset(400, 6, classes, 7, true);
  options.validation.data = all.slice(300, 100);
  const Dataset train = all.slice(0, 300);
  if (kind == "logistic") return learned(LogisticRegression{.l2 = 0.01, .tolerance = 1e-12}, train, options, threads);
  if (kind == "mlp")
    return learned(MultilayerPerceptron{.hidden = {19}, .batch = 30, .epochs = 12}, train, options, threads);
  return learned(GradientBoostedTrees{.trees = 12, .depth = 4, .loss = Loss::logistic}, train, options, threads);
}
inline constexpr const char* kinds_in_rounds[] = {"logistic", "mlp", "trees"};

inline std::string learned(const std::string& kind, const scalar::FitOptions& options, int threads = 1) {
  using namespace scalar;
  if (kind == "linear") return learned(LinearRegression{.l2 = 0.5}, problems::dataset(1001, 9, 0), options, threads);
  if (kind == "logistic")
    return learned(LogisticRegression{.l2 = 0.1}, problems::dataset(1001, 9, 3), options, threads);
  const MultilayerPerceptron network{.hidden = {19, 8}, .batch = 30, .epochs = 3};
  if (kind == "mlp") return learned(network, problems::dataset(230, 20, 4, 1, true), options, threads);
  const GradientBoostedTrees trees{.trees = 5, .depth = 5, .loss = Loss::softmax};
  return learned(trees, problems::dataset(1001, 7, 3, 5, true), options, threads);
}

}  // namespace fits
