#pragma once
/// LightGBM as a backend. Its library is opened at run time, so this component always builds.
#include <memory>
#include <string>
#include <string_view>

#include "scalar/backend/backend.hpp"
#include "scalar/backend/registry.hpp"
#include "scalar/spec/gradient_boosted_trees.hpp"

namespace scalar::inline v0::backend {

namespace lightgbm {
class Library;
}

/// Trains boosted trees with LightGBM's C API (4.3 to 4.7) and returns the canonical forest.
///
/// LightGBM uses the Runtime's thread budget and prints nothing, as long as it does not fail. A fit may be shared by
/// BSP peers, in one process or several: each peer has a part of the rows, LightGBM's collectives are barriers of the
/// peer, and all get the same forest. Copies share the library, which stays open until the process ends.
/// Thread safety: all members may be called from any thread. LightGBM keeps one number of threads for the whole
/// process: of fits that run at the same time with different budgets, the one that began last decides.
class LightGbm {
 public:
  /// Opens `options.library`; if that is empty, the file that `SCALAR_LIGHTGBM_LIBRARY` names, the one that
  /// `cmake/fetch-frameworks.sh` brought, or the system's.
  /// Errors: `Errc::unavailable`, naming the paths tried or the missing function.
  explicit LightGbm(const BackendOptions& options = {});

  std::string_view name() const { return "lightgbm"; }

  Support supports(const GradientBoostedTrees& spec, int peers = 1) const;

  /// Errors: those of `Trains`; `Errc::invalid_argument`, naming the row and the column, for an infinite feature, and
  /// for more peers than rows; `Errc::out_of_range` for targets and weights beyond float32; `Errc::failed`, with what
  /// LightGBM reported.
  Forest fit(const GradientBoostedTrees& spec, const Dataset& data, const FitOptions& options = {},
             const Runtime& runtime = {}) const;

 private:
  std::shared_ptr<const lightgbm::Library> library_;
};

/// LightGBM as an AnyBackend, for the registry.
std::shared_ptr<const AnyBackend::Interface> make_lightgbm(const BackendOptions& options);

}  // namespace scalar::inline v0::backend
