#pragma once
/// The part of a message that says why a column has its type.
#include <string>

#include "scalar/data/column.hpp"

namespace scalar::inline v0 {

/// "; it is text because of ..." if the column has a note, else nothing.
inline std::string explained(const Column& column) {
  const std::string reason = column.reason();
  return reason.empty() ? reason : "; it is " + reason;
}

}  // namespace scalar::inline v0
