#pragma once
/// The encoders of imported models.
#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/fail.hpp"
#include "scalar/data/encoder.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0::interchange {

/// How many classes a model of `outputs` margins has.
inline std::size_t class_count(Link link, std::int64_t outputs) {
  return link == Link::logistic ? 2 : link == Link::softmax ? static_cast<std::size_t>(outputs) : 0;
}

/// "0", "1", ...: for files that do not name the classes.
inline std::vector<std::string> numbered_classes(Link link, std::int64_t outputs) {
  std::vector<std::string> classes;
  for (std::size_t k = 0; k < class_count(link, outputs); ++k) classes.push_back(fmt::format("{}", k));
  return classes;
}

/// The encoder of `parts`, which passes features through if that is all there is to do. Errors: `Errc::corrupt` at
/// `place` for two inputs, categories or classes of one name.
inline Encoder make_encoder(EncoderParts parts, std::string_view place) {
  const auto is_plain = [](const ColumnEncoding& column) {
    return !column.is_text && !column.is_scaled && std::isnan(column.fill);
  };
  try {
    if (!std::all_of(parts.columns.begin(), parts.columns.end(), is_plain))
      return Encoder::from_parts(std::move(parts));
    std::vector<std::string> names;
    for (ColumnEncoding& column : parts.columns) names.push_back(std::move(column.name));
    std::vector<std::string_view> sorted(names.begin(), names.end());
    std::sort(sorted.begin(), sorted.end());
    if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
      fail(Errc::corrupt, place, "two inputs are called \"{}\"", *twice);
    return Encoder::identity(std::move(names), std::move(parts.classes));
  } catch (const Error& error) {
    if (error.code() == Errc::already_exists) fail(Errc::corrupt, place, "{}", error.what());
    throw;
  }
}

}  // namespace scalar::inline v0::interchange
