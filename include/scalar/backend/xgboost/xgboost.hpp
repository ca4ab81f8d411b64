#pragma once
/// XGBoost as a backend. Its library is opened at run time, so this component always builds.
#include <memory>
#include <string>
#include <string_view>

#include "scalar/backend/backend.hpp"
#include "scalar/backend/registry.hpp"
#include "scalar/spec/gradient_boosted_trees.hpp"
#include "scalar/spec/linear_regression.hpp"
#include "scalar/spec/logistic_regression.hpp"

namespace scalar::inline v0::backend {

namespace xgboost {
class Library;
}

/// Trains boosted trees and linear models with XGBoost's C API (1.7 to 3.x) and returns the canonical parameters.
///
/// A forest's margins are bit-identical to XGBoost's own. XGBoost uses the Runtime's thread budget and prints
/// nothing. Copies share the library, which stays open until the process ends.
/// Thread safety: all members may be called from any thread.
class XGBoost {
 public:
  /// Opens `options.library`; if that is empty, the file that `SCALAR_XGBOOST_LIBRARY` names, the one that
  /// `cmake/fetch-frameworks.sh` brought, or the system's.
  ///
  /// A process that has not called `prepare_process()` may have OpenMP threads that spin between loops, which makes a
  /// busy machine many times slower (docs/backends/xgboost.md has the measurements); the first fit says so in the log.
  /// Errors: `Errc::unavailable`, naming the paths tried or the missing function.
  explicit XGBoost(const BackendOptions& options = {});

  std::string_view name() const { return "xgboost"; }
  /// The version of the library, such as "1.7.4".
  std::string version() const;

  Support supports(const GradientBoostedTrees& spec, int peers = 1) const;
  Support supports(const LinearRegression& spec, int peers = 1) const;
  Support supports(const LogisticRegression& spec, int peers = 1) const;

  /// Errors: those of `Trains`; `Errc::invalid_argument`, naming the row and the column, for an infinite feature, which
  /// XGBoost does not accept; `Errc::failed`, with what XGBoost reported.
  Forest fit(const GradientBoostedTrees& spec, const Dataset& data, const FitOptions& options = {},
             const Runtime& runtime = {}) const;

  /// Learn by coordinate descent with the linear booster (`coord_descent`, columns in their order), in float32, until
  /// the weights settle: `max_iterations` rounds at most, 1,000 for LinearRegression. Native finds the minimum itself;
  /// this comes the closer to it the less the columns depend on each other. `tolerance` is not used. A round of 1.7 to
  /// 3.x does not move the weight of a column whose curvature, `sum_i w_i x_ij^2` times that of the loss, is below
  /// 1e-5.
  LinearParameters fit(const LinearRegression& spec, const Dataset& data, const FitOptions& options = {},
                       const Runtime& runtime = {}) const;
  LinearParameters fit(const LogisticRegression& spec, const Dataset& data, const FitOptions& options = {},
                       const Runtime& runtime = {}) const;

 private:
  std::shared_ptr<const xgboost::Library> library_;
};

/// XGBoost as an AnyBackend, for the registry.
std::shared_ptr<const AnyBackend::Interface> make_xgboost(const BackendOptions& options);

}  // namespace scalar::inline v0::backend
