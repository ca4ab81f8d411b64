#pragma once
/// ProcessesChange: the error that ends an attempt at a run, so that the next can begin with other processes.
#include <exception>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {

/// Ends this attempt at a run; the run then continues with another set of processes.
class ProcessesChange : public Error {
 public:
  ProcessesChange() : Error(Errc::aborted, "the set of processes changes", "bsp") {}
};

/// Whether `error` is a `ProcessesChange`.
inline bool changes_processes(const std::exception_ptr& error) noexcept {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const ProcessesChange&) {
    return true;
  } catch (...) {
  }
  return false;
}

}  // namespace scalar::inline v0::bsp::detail
