#include "scalar/core/json.hpp"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/fail.hpp"

namespace scalar::inline v0::json {
namespace {

std::string_view kind(const Value& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "a bool";
  if (value.is_string()) return "a string";
  if (value.is_array()) return "an array";
  return value.is_object() ? "an object" : "a number";
}

[[noreturn]] void wrong_kind(std::string_view expected, const Value& seen) {
  fail(Errc::type_mismatch, {}, "expected {}, got {}", expected, kind(seen));
}

template <class Number>
void append_chars(std::string& out, Number number) {
  std::array<char, 32> text;
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
}

/// Appends a floating-point number. -0 and whole numbers beyond 64 bits get a fraction, so that they read back as
/// doubles and not as integers.
template <class Real>
void append_real(std::string& out, Real number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  const std::size_t begin = out.size();
  append_chars(out, number);
  const bool is_integer_text = out.find_first_of(".e", begin) == std::string::npos;
  if (is_integer_text && ((number == 0 && std::signbit(number)) || std::abs(number) >= static_cast<Real>(0x1p63)))
    out += ".0";
}

/// The length of the UTF-8 sequence at `text[i]`, or 0 if there is no valid one (RFC 3629, section 4).
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return k < text.size() ? static_cast<unsigned char>(text[k]) : 0u; };
  const auto follows = [&](std::size_t k, unsigned low = 0x80, unsigned high = 0xbf) {
    return byte(k) >= low && byte(k) <= high;
  };
  const unsigned first = byte(i);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(i + 1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef)
    return follows(i + 1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf) && follows(i + 2) ? 3 : 0;
  if (first >= 0xf0 && first <= 0xf4)
    return follows(i + 1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf) && follows(i + 2) && follows(i + 3)
               ? 4
               : 0;
  return 0;
}

class Reader {
 public:
  Reader(std::string_view context, int max_depth) : context_(context), max_depth_(max_depth) {}

  Value read(const simdjson::dom::element& element, int depth) const {
    using simdjson::dom::element_type;
    if (depth > max_depth_) fail("is nested deeper than {} levels", max_depth_);
    switch (element.type()) {
      case element_type::NULL_VALUE:
        return {};
      case element_type::BOOL:
        return bool(element);
      case element_type::INT64:
        return std::int64_t(element);
      case element_type::UINT64:
        return std::uint64_t(element);
      case element_type::DOUBLE:
        return double(element);
      case element_type::STRING:
        return std::string_view(element);
      case element_type::ARRAY: {
        Array array;
        for (const auto item : simdjson::dom::array(element)) array.push_back(read(item, depth + 1));
        return array;
      }
      case element_type::OBJECT: {
        Object object;
        for (const auto [key, value] : simdjson::dom::object(element))
          if (!object.emplace(std::string(key), read(value, depth + 1)).second) fail("has the key \"{}\" twice", key);
        return object;
      }
    }
    fail("holds a value of an unknown kind");
  }

  template <class... Arguments>
  [[noreturn]] void fail(fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    scalar::fail(Errc::parse, context_, "JSON {}", fmt::format(format, std::forward<Arguments>(arguments)...));
  }

 private:
  std::string_view context_;
  int max_depth_;
};

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

void append_string(std::string& out, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const std::size_t length = utf8_length(text, i);
    if (length == 0)
      out += "\xef\xbf\xbd";
    else if (length > 1)
      out.append(text, i, length);
    else if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else if (static_cast<unsigned char>(c) < 0x20)
      ((out += "\\u00") += digits[c >> 4]) += digits[c & 15];
    else
      out += c;
    i += length == 0 ? 1 : length;
  }
  out += '"';
}

void append_number(std::string& out, double number) { append_real(out, number); }
void append_number(std::string& out, float number) { append_real(out, number); }
void append_number(std::string& out, std::int64_t number) { append_chars(out, number); }
void append_number(std::string& out, std::uint64_t number) { append_chars(out, number); }

bool Value::as_bool() const {
  if (const auto* value = std::get_if<bool>(&data_)) return *value;
  wrong_kind("a bool", *this);
}

double Value::as_double() const {
  if (const auto* value = std::get_if<double>(&data_)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&data_)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<std::uint64_t>(&data_)) return static_cast<double>(*value);
  wrong_kind("a number", *this);
}

std::int64_t Value::as_int() const {
  if (const auto* value = std::get_if<std::int64_t>(&data_)) return *value;
  if (const auto* value = std::get_if<double>(&data_);
      value != nullptr && *value == std::floor(*value) && *value >= -0x1p63 && *value < 0x1p63)
    return static_cast<std::int64_t>(*value);
  wrong_kind("an integer of 64 bits", *this);
}

std::uint64_t Value::as_uint() const {
  if (const auto* value = std::get_if<std::uint64_t>(&data_)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&data_); value != nullptr && *value >= 0)
    return static_cast<std::uint64_t>(*value);
  if (const auto* value = std::get_if<double>(&data_);
      value != nullptr && *value == std::floor(*value) && *value >= 0 && *value < 0x1p64)
    return static_cast<std::uint64_t>(*value);
  wrong_kind("an unsigned integer of 64 bits", *this);
}

const std::string& Value::as_string() const {
  if (const auto* value = std::get_if<std::string>(&data_)) return *value;
  wrong_kind("a string", *this);
}

const Array& Value::as_array() const {
  if (const auto* value = std::get_if<Array>(&data_)) return *value;
  wrong_kind("an array", *this);
}

const Object& Value::as_object() const {
  if (const auto* value = std::get_if<Object>(&data_)) return *value;
  wrong_kind("an object", *this);
}

const Value* Value::find(std::string_view key) const noexcept {
  const auto* object = std::get_if<Object>(&data_);
  if (object == nullptr) return nullptr;
  const auto found = object->find(key);
  return found == object->end() ? nullptr : &found->second;
}

const Value& Value::at(std::string_view key) const {
  as_object();
  if (const Value* found = find(key)) return *found;
  fail(Errc::not_found, {}, "JSON object has no key \"{}\"", key);
}

void Value::dump(std::string& out) const {
  if (is_null())
    out += "null";
  else if (const auto* flag = std::get_if<bool>(&data_))
    out += *flag ? "true" : "false";
  else if (const auto* signed_number = std::get_if<std::int64_t>(&data_))
    append_number(out, *signed_number);
  else if (const auto* unsigned_number = std::get_if<std::uint64_t>(&data_))
    append_number(out, *unsigned_number);
  else if (const auto* number = std::get_if<double>(&data_))
    append_number(out, *number);
  else if (const auto* text = std::get_if<std::string>(&data_))
    append_string(out, *text);
  else if (const auto* array = std::get_if<Array>(&data_)) {
    out += '[';
    for (const Value& item : *array) {
      if (&item != array->data()) out += ',';
      item.dump(out);
    }
    out += ']';
  } else {
    out += '{';
    for (const auto& [key, value] : std::get<Object>(data_)) {
      if (out.back() != '{') out += ',';
      append_string(out, key);
      out += ':';
      value.dump(out);
    }
    out += '}';
  }
}

std::string Value::dump() const {
  std::string out;
  dump(out);
  return out;
}

Value parse(std::string_view text, std::string_view context, int max_depth) {
  const Reader reader(context, max_depth);
  simdjson::dom::parser parser;
  // simdjson counts nested scopes. It may go one level deeper, so that the reader's own count gives the message.
  if (parser.allocate(text.size(), static_cast<std::size_t>(max_depth) + 1) != simdjson::SUCCESS)
    reader.fail("of {} bytes does not fit in memory", text.size());
  simdjson::dom::element root;
  const auto error = parser.parse(text.data(), text.size(), true).get(root);
  if (error == simdjson::DEPTH_ERROR) reader.fail("is nested deeper than {} levels", max_depth);
  if (error != simdjson::SUCCESS) reader.fail("does not parse: {}", simdjson::error_message(error));
  return reader.read(root, 1);
}

}  // namespace scalar::inline v0::json
