#pragma once
/// Scalar's own backend: learns every spec with Eigen and the Runtime's threads, and over BSP peers.
#include <string_view>

#include "scalar/backend/backend.hpp"
#include "scalar/backend/compiled_model.hpp"
#include "scalar/spec/specs.hpp"

namespace scalar::inline v0::backend {

/// Trains every spec, and predicts from canonical parameters, no matter which backend learned them.
///
/// Stateless. Kernels use AVX-512, or AVX2 and FMA, if the machine has them, whatever the program was compiled for.
/// Thread safety: all members may be called from any thread.
class Native {
 public:
  std::string_view name() const { return "native"; }

  Support supports(const LinearRegression& spec, int peers = 1) const;
  Support supports(const LogisticRegression& spec, int peers = 1) const;
  Support supports(const MultilayerPerceptron& spec, int peers = 1) const;
  Support supports(const GradientBoostedTrees& spec, int peers = 1) const;

  LinearParameters fit(const LinearRegression& spec, const Dataset& data, const FitOptions& options = {},
                       const Runtime& runtime = {}) const;
  LinearParameters fit(const LogisticRegression& spec, const Dataset& data, const FitOptions& options = {},
                       const Runtime& runtime = {}) const;
  MlpParameters fit(const MultilayerPerceptron& spec, const Dataset& data, const FitOptions& options = {},
                    const Runtime& runtime = {}) const;
  Forest fit(const GradientBoostedTrees& spec, const Dataset& data, const FitOptions& options = {},
             const Runtime& runtime = {}) const;
};

/// Prepares canonical parameters for prediction.
CompiledModel compile(const LinearParameters& parameters, const Runtime& runtime = {});
CompiledModel compile(const MlpParameters& parameters, const Runtime& runtime = {});
CompiledModel compile(const Forest& forest, const Runtime& runtime = {});

}  // namespace scalar::inline v0::backend
