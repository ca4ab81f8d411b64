#pragma once
/// Makes all processes that share a fit fail together when one of them cannot go on.
#include <exception>
#include <utility>

#include "scalar/backend/backend.hpp"
#include "scalar/core/runtime.hpp"

namespace scalar::inline v0::backend {

/// Throws `error` in all processes that share the fit, in place of the run that the others have begun or will begin.
/// When several processes call this, all throw the error of the first one. Returns when there are no other processes,
/// or when they do not come.
void throw_together(const FitOptions& options, const Runtime& runtime, const std::exception_ptr& error);

/// Returns what `prepare()` returns. An exception that it throws is thrown in all processes that share the fit.
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
