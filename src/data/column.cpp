#include "scalar/data/column.hpp"

#include <limits>

#include "scalar/core/error.hpp"

namespace scalar::inline v0 {

std::string_view name(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::boolean:
      return "boolean";
    case ColumnType::int64:
      return "int64";
    case ColumnType::float64:
      return "float64";
    case ColumnType::text:
      return "text";
  }
  return "unknown";
}

std::int64_t Column::rows() const noexcept {
  switch (type()) {
    case ColumnType::boolean:
      return static_cast<std::int64_t>(std::get_if<0>(&values)->size());
    case ColumnType::int64:
      return static_cast<std::int64_t>(std::get_if<1>(&values)->size());
    case ColumnType::float64:
      return static_cast<std::int64_t>(std::get_if<2>(&values)->size());
    case ColumnType::text:
      return static_cast<std::int64_t>(std::get_if<3>(&values)->codes.size());
  }
  return 0;
}

double Column::number(std::int64_t row) const {
  if (type() == ColumnType::text)
    throw Error(Errc::type_mismatch, "expected a column of numbers, got one of text", "column \"" + name + "\"");
  if (is_missing(row)) return std::numeric_limits<double>::quiet_NaN();
  const auto i = static_cast<std::size_t>(row);
  if (const auto* numbers = std::get_if<2>(&values)) return (*numbers)[i];
  if (const auto* integers = std::get_if<1>(&values)) return static_cast<double>((*integers)[i]);
  return std::get_if<0>(&values)->at(i) != 0 ? 1.0 : 0.0;
}

std::string_view Column::text(std::int64_t row) const {
  const auto* texts = std::get_if<3>(&values);
  if (texts == nullptr) {
    throw Error(Errc::type_mismatch, "expected a column of text, got one of " + std::string(scalar::name(type())),
                "column \"" + name + "\"");
  }
  if (is_missing(row)) return {};
  return texts->dictionary[texts->codes[static_cast<std::size_t>(row)]];
}

}  // namespace scalar::inline v0
