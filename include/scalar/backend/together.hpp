#pragma once
/// What keeps the processes that share a fit together when one of them cannot go on.
#include <exception>
#include <utility>

#include "scalar/backend/backend.hpp"
#include "scalar/core/runtime.hpp"

namespace scalar::inline v0::backend {

/// Throws `error` in all processes that share the fit, in place of the run that the others have begun or will begin;
/// where several do so, the error of the first one. Returns when there are no others, or they do not come.
void throw_together(const FitOptions& options, const Runtime& runtime, const std::exception_ptr& error);

/// Returns what `prepare()` does. What it throws is thrown in all processes that share the fit.
template <class Prepare>
auto prepare_together(const FitOptions& options, const Runtime& runtime, Prepare&& prepare) {
  try {
    return std::forward<Prepare>(prepare)();
  } catch (...) {
    throw_together(options, runtime, std::current_exception());
    throw;
  }
}

}  // namespace scalar::inline v0::backend
