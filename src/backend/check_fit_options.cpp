#include "scalar/backend/check_fit_options.hpp"

#include <cmath>

#include "core/fail.hpp"

namespace scalar::inline v0::backend {
namespace {

void check_values(const FitOptions& options) {
  const ValidationOptions& validation = options.validation;
  if (!validation.table.empty() || validation.fraction != 0)
    fail(
        Errc::invalid_argument, "FitOptions",
        "a backend takes validation rows as validation.data; validation.table and validation.fraction are for Trainer");
  if (validation.patience < 0)
    fail(Errc::out_of_range, "FitOptions", "validation.patience is {}, expected 0 or more", validation.patience);
  if (!(validation.least_gain >= 0 && std::isfinite(validation.least_gain)))
    fail(Errc::out_of_range, "FitOptions", "validation.least_gain is {}, expected a finite number not below 0",
         validation.least_gain);
  if (validation.patience > 0 && validation.data.empty())
    fail(Errc::invalid_argument, "FitOptions", "validation.patience is {}, but there are no validation rows",
         validation.patience);
  if (options.checkpoint.rounds < 1)
    fail(Errc::out_of_range, "FitOptions", "checkpoint.rounds is {}, expected 1 or more", options.checkpoint.rounds);
}

}  // namespace

void check_fit_options(std::string_view backend, std::string_view spec, const Dataset& data, const FitOptions& options,
                       const FitAbilities& able) {
  require_cpu(options.device, backend);
  check_values(options);
  const auto refuse = [&](std::string_view what) {
    fail(Errc::unsupported, backend, "cannot fit this {} {}", spec, what);
  };
  if (!able.validation && !options.validation.data.empty()) refuse("with validation rows (validation)");
  if (!able.rounds && options.validation.patience > 0) refuse("in rounds that could end early (validation.patience)");
  if (!able.initial && !options.initial.empty()) refuse("from another model (initial)");
  if (!able.checkpoint && !options.checkpoint.directory.empty()) refuse("with checkpoints (checkpoint)");
  if (!able.offsets && data.has_offsets()) refuse("with offsets, which are for models with one margin per row");
}

}  // namespace scalar::inline v0::backend
