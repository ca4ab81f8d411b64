#pragma once
/// Why a column has its type, at the end of messages.
#include <string>

#include "scalar/data/column.hpp"

namespace scalar::inline v0 {

/// "; it is text because of ..." where the column has a note, else nothing.
inline std::string explained(const Column& column) {
  const std::string reason = column.reason();
  return reason.empty() ? reason : "; it is " + reason;
}

}  // namespace scalar::inline v0
