#pragma once
/// check_fit_options: refuses, by name, the options of a fit that a backend cannot honor.
#include <string_view>

#include "scalar/backend/backend.hpp"
#include "scalar/data/dataset.hpp"

namespace scalar::inline v0::backend {

/// What a backend can do in the fits of one spec besides learning.
struct FitAbilities {
  bool validation = false;  ///< reports the metric of validation rows
  bool rounds = false;      ///< learns in rounds: can end early, and returns the model of the best round
  bool initial = false;     ///< goes on from `FitOptions::initial`
  bool offsets = false;     ///< adds `Dataset::offset` to the margin; for models with one margin per row
  bool checkpoint = false;  ///< keeps checkpoints
};

/// Checks the options and the data of a fit; every backend calls it first.
///
/// Errors: `Errc::unsupported` naming backend, spec and option for one that is set and not among the abilities, and for
/// a device other than the processor; `Errc::invalid_argument` for validation rows that are not a Dataset and for
/// patience without validation rows; `Errc::out_of_range` for negative numbers.
void check_fit_options(std::string_view backend, std::string_view spec, const Dataset& data, const FitOptions& options,
                       const FitAbilities& able);

}  // namespace scalar::inline v0::backend
