#include "scalar/data/column.hpp"

#include <limits>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "data/dictionary.hpp"
#include "data/reason.hpp"
#include "scalar/data/column_from.hpp"
#include "scalar/data/schema.hpp"

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

std::string_view name(ReadAs type) noexcept {
  switch (type) {
    case ReadAs::boolean:
    case ReadAs::int64:
    case ReadAs::float64:
    case ReadAs::text:
      return name(static_cast<ColumnType>(type));
    case ReadAs::number:
      return "number";
    case ReadAs::inferred:
      return "inferred";
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
    fail(Errc::type_mismatch, "column " + quoted(name), "expected a column of numbers, got one of text{}",
         explained(*this));
  if (is_missing(row)) return std::numeric_limits<double>::quiet_NaN();
  const auto i = static_cast<std::size_t>(row);
  if (const auto* numbers = std::get_if<2>(&values)) return (*numbers)[i];
  if (const auto* integers = std::get_if<1>(&values)) return static_cast<double>((*integers)[i]);
  return std::get_if<0>(&values)->at(i) != 0 ? 1.0 : 0.0;
}

std::string_view Column::text(std::int64_t row) const {
  const auto* texts = std::get_if<3>(&values);
  if (texts == nullptr)
    fail(Errc::type_mismatch, "column " + quoted(name), "expected a column of text, got one of {}",
         scalar::name(type()));
  if (is_missing(row)) return {};
  return texts->dictionary[texts->codes[static_cast<std::size_t>(row)]];
}

std::string Column::reason() const {
  if (note.place.empty()) return {};
  std::string text = fmt::format("{} because of \"{}\" at {}", scalar::name(type()), note.value, note.place);
  const std::string_view before = scalar::name(note.before_type);
  if (note.before == 0) return text;
  if (note.before == 1) return fmt::format("{} (the value before it is {})", text, before);
  return fmt::format("{} (the {} values before it are {})", text, note.before, before);
}

namespace detail {

TextValues text_values(const std::vector<std::string>& texts, const std::vector<std::uint8_t>& present) {
  data::Dictionary dictionary;
  TextValues values;
  values.codes.reserve(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) values.codes.push_back(present[i] != 0 ? dictionary.add(texts[i]) : 0);
  values.dictionary = dictionary.release();
  return values;
}

void throw_above_int64(std::uint64_t value) { fail(Errc::out_of_range, {}, "{} is above the largest int64", value); }

}  // namespace detail

}  // namespace scalar::inline v0
