#pragma once
/// JSON values: read strictly, written canonically (sorted keys, shortest numbers that read back to the same value).
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace scalar::inline v0::json {

class Value;
using Array = std::vector<Value>;
using Object = std::map<std::string, Value, std::less<>>;

/// True if `text` is UTF-8 (RFC 3629), so that it passes through JSON unchanged.
bool is_utf8(std::string_view text) noexcept;

/// Appends `text` as a JSON string, quotes and escapes included. Bytes that are not UTF-8 are replaced by U+FFFD.
void append_string(std::string& out, std::string_view text);
/// Appends the shortest decimal number that reads back to the same value. NaN and infinities become `null`.
void append_number(std::string& out, double number);
void append_number(std::string& out, float number);
void append_number(std::string& out, std::int64_t number);
void append_number(std::string& out, std::uint64_t number);

/// Any JSON value. Integers that fit 64 bits stay exact.
///
/// The accessors throw `Error{Errc::type_mismatch}` when the value is of another kind, and `at` throws
/// `Error{Errc::not_found}` for a missing key; the message names the key. Thread safety: as a standard container.
class Value {
 public:
  Value() = default;
  Value(std::nullptr_t) {}                                      // NOLINT: a JSON value is made from any of these
  Value(bool value) : data_(value) {}                           // NOLINT
  Value(double value) : data_(value) {}                         // NOLINT
  Value(int value) : data_(std::int64_t{value}) {}              // NOLINT
  Value(std::int64_t value) : data_(value) {}                   // NOLINT
  Value(std::uint64_t value) : data_(value) {}                  // NOLINT
  Value(const char* value) : data_(std::string(value)) {}       // NOLINT
  Value(std::string_view value) : data_(std::string(value)) {}  // NOLINT
  Value(std::string value) : data_(std::move(value)) {}         // NOLINT
  Value(Array value) : data_(std::move(value)) {}               // NOLINT
  Value(Object value) : data_(std::move(value)) {}              // NOLINT

  bool is_null() const noexcept { return std::holds_alternative<std::monostate>(data_); }
  bool is_bool() const noexcept { return std::holds_alternative<bool>(data_); }
  bool is_string() const noexcept { return std::holds_alternative<std::string>(data_); }
  bool is_array() const noexcept { return std::holds_alternative<Array>(data_); }
  bool is_object() const noexcept { return std::holds_alternative<Object>(data_); }
  bool is_number() const noexcept { return !is_null() && !is_bool() && !is_string() && !is_array() && !is_object(); }

  bool as_bool() const;
  double as_double() const;
  /// The integer. A number whose fraction is zero counts as one if it fits.
  std::int64_t as_int() const;
  std::uint64_t as_uint() const;
  const std::string& as_string() const;
  const Array& as_array() const;
  const Object& as_object() const;

  /// The member called `key`.
  const Value& at(std::string_view key) const;
  /// The member called `key`, or null if there is none or this is not an object.
  const Value* find(std::string_view key) const noexcept;

  /// Canonical text: equal values give equal bytes.
  std::string dump() const;
  void dump(std::string& out) const;

  friend bool operator==(const Value&, const Value&) = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object> data_;
};

/// Parses one JSON document (RFC 8259, at most `max_depth` levels deep).
///
/// Errors: `Errc::parse` with the reason; duplicate keys are refused. `context` becomes the error's context.
Value parse(std::string_view text, std::string_view context = {}, int max_depth = 100);

}  // namespace scalar::inline v0::json
