#pragma once
/// Checks that all readers of canonical parameters make.
#include <string>
#include <vector>

#include "core/fail.hpp"
#include "scalar/spec/parameters.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0::detail {

/// Reads an enum that is stored as one byte; `last` is its largest enumerator.
template <class E>
E read_enum(const TensorReader& reader, std::string_view name, E last) {
  const std::vector<std::uint8_t> value = reader.read<std::uint8_t>(name, {1});
  if (value[0] > static_cast<std::uint8_t>(last))
    fail(Errc::corrupt, "parameters", "{} has the unknown value {}", name, value[0]);
  return static_cast<E>(value[0]);
}

/// Checks the number of margins: exactly one for a logistic link, two or more for softmax, one or more for identity.
inline void check_link(Link link, std::int64_t outputs) {
  const bool fits = link == Link::softmax ? outputs >= 2 : link == Link::logistic ? outputs == 1 : outputs >= 1;
  if (!fits) fail(Errc::corrupt, "parameters", "{} margins do not fit the link", outputs);
}

}  // namespace scalar::inline v0::detail
