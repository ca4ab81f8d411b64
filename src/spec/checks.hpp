#pragma once
/// What every reader of canonical parameters checks.
#include <string>
#include <vector>

#include "scalar/core/error.hpp"
#include "scalar/spec/parameters.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0::detail {

/// An enum stored as one byte; `last` is its largest enumerator.
template <class E>
E read_enum(const TensorReader& reader, std::string_view name, E last) {
  const std::vector<std::uint8_t> value = reader.read<std::uint8_t>(name, {1});
  if (value[0] > static_cast<std::uint8_t>(last))
    throw Error(Errc::corrupt, std::string(name) + " has the unknown value " + std::to_string(value[0]), "parameters");
  return static_cast<E>(value[0]);
}

/// A link asks for a number of margins: one for identity and logistic, two or more for softmax.
inline void check_link(Link link, std::int64_t outputs) {
  const bool fits = link == Link::softmax ? outputs >= 2 : link == Link::logistic ? outputs == 1 : outputs >= 1;
  if (!fits) throw Error(Errc::corrupt, std::to_string(outputs) + " margins do not fit the link", "parameters");
}

}  // namespace scalar::inline v0::detail
