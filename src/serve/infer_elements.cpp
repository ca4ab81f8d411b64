#include "serve/infer_elements.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/fail.hpp"
#include "core/numbers.hpp"
#include "serve/json_text.hpp"
#include "serve/quote.hpp"

namespace scalar::inline v0::serve {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr std::size_t spelled_json_bytes = 256 << 10;  // to parse a longer text again takes memory that is not counted

/// Whether a `Wanted` holds `number` exactly. JSON numbers were rounded to the type of their tensor before.
template <class Wanted>
bool is_held(double number) noexcept {
  return std::isnan(number) || static_cast<double>(static_cast<Wanted>(number)) == number;
}

template <class Wanted>
std::string why_inexact() {
  return fmt::format("which {} does not hold exactly",
                     name(sizeof(Wanted) == sizeof(float) ? DataType::float32 : DataType::float64));
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

/// Makes room for the elements of `input`, but not for more than the JSON can hold: the shape is only a claim.
template <class T>
T* ElementReader::make_room(const Described& input, std::vector<std::byte>& memory) {
  const std::uint64_t most = input.binary_bytes ? input.elements() : std::min(input.elements(), json_.size() / 2);
  memory_.hold(most * sizeof(T));
  memory.resize(static_cast<std::size_t>(most) * sizeof(T));
  return reinterpret_cast<T*>(memory.data());
}

template <class T>
std::span<const std::byte> ElementReader::same_numbers(const Described& input, std::string_view binary,
                                                       std::vector<std::byte>& memory) {
  if (!input.binary_bytes) {
    T* const numbers = make_room<T>(input, memory);
    for_each_value(input, [&](element value, std::uint64_t at) {
      const std::optional<T> number = number_of<T>(value);
      if (!number) refuse_unheld(input, value, at, is_floating<T>);
      numbers[at] = *number;
    });
    return memory;
  }
  if constexpr (std::is_same_v<T, Flag>) {
    const auto wrong = std::find_if(binary.begin(), binary.end(), [](char byte) { return byte != 0 && byte != 1; });
    if (wrong != binary.end())
      fail(Errc::out_of_range, tensor(input.name), "element {} is the byte {}, expected 0 or 1", wrong - binary.begin(),
           static_cast<unsigned char>(*wrong));
  }
  if (reinterpret_cast<std::uintptr_t>(binary.data()) % alignof(T) == 0) return bytes_of(binary);
  memory_.hold(binary.size());
  const std::span<const std::byte> bytes = bytes_of(binary);
  memory.assign(bytes.begin(), bytes.end());
  return memory;
}

template <class T, class Wanted>
std::span<const std::byte> ElementReader::converted_numbers(const Described& input, std::string_view binary,
                                                            std::vector<std::byte>& memory) {
  Wanted* const numbers = make_room<Wanted>(input, memory);
  if (!input.binary_bytes) {
    for_each_value(input, [&](element value, std::uint64_t at) {
      if (value.is_null()) {
        numbers[at] = std::numeric_limits<Wanted>::quiet_NaN();
        return;
      }
      const std::optional<T> given = number_of<T>(value);
      if (!given) refuse_unheld(input, value, at, is_floating<T>);
      const std::optional<double> number = exactly(*given);
      if (!number || !is_held<Wanted>(*number)) refuse(input, value, at, why_inexact<Wanted>());
      numbers[at] = static_cast<Wanted>(*number);
    });
    return memory;
  }
  for (std::size_t at = 0; at * sizeof(T) < binary.size(); ++at) {
    const char* const bytes = binary.data() + at * sizeof(T);
    const std::optional<double> number = loaded<T>(bytes);
    if (!number || !is_held<Wanted>(*number))
      fail(Errc::out_of_range, tensor(input.name), "element {} is the number {}, {}", at, text_of_number<T>(bytes),
           std::is_same_v<T, Flag> ? "expected 0 or 1" : why_inexact<Wanted>());
    numbers[at] = static_cast<Wanted>(*number);
  }
  return memory;
}

std::span<const std::byte> ElementReader::numbers(const Described& input, std::string_view binary, DataType given,
                                                  DataType wanted, InputElements& memory) {
  std::span<const std::byte> out;
  visit_number_type(given, [&]<class T>(T) {
    if (given == wanted)
      out = same_numbers<T>(input, binary, memory.numbers);
    else if (wanted == DataType::float32)
      out = converted_numbers<T, float>(input, binary, memory.numbers);
    else
      out = converted_numbers<T, double>(input, binary, memory.numbers);
  });
  return out;
}

std::span<const std::string_view> ElementReader::texts(const Described& input, std::string_view binary,
                                                       bool null_is_empty, InputElements& memory) {
  std::vector<std::string_view>& out = memory.texts;
  out.clear();
  if (input.binary_bytes) {
    binary_texts(input, binary, out);
    return out;
  }
  const std::uint64_t most = std::min(input.elements(), json_.size() / 2);
  memory_.hold(most * sizeof(std::string_view));
  out.reserve(static_cast<std::size_t>(most));
  for_each_value(input, [&](element value, std::uint64_t at) {
    std::string_view text;
    const bool is_empty = null_is_empty && value.is_null();
    if (!is_empty && value.get_string().get(text) != simdjson::SUCCESS) refuse(input, value, at, "which is no BYTES");
    out.push_back(text);
  });
  return out;
}

void ElementReader::binary_texts(const Described& input, std::string_view binary, std::vector<std::string_view>& out) {
  std::uint32_t size = 0;
  const std::uint64_t expected = input.elements();
  const std::uint64_t most = std::min<std::uint64_t>(expected, binary.size() / sizeof size);
  memory_.hold(most * sizeof(std::string_view));
  out.reserve(static_cast<std::size_t>(most));
  while (!binary.empty()) {
    if (binary.size() < sizeof size)
      fail(Errc::parse, tensor(input.name), "ends within the length of element {}", out.size());
    std::memcpy(&size, binary.data(), sizeof size);
    binary.remove_prefix(sizeof size);
    if (size > binary.size())
      fail(Errc::parse, tensor(input.name), "element {} of {} bytes has only {} left", out.size(), size, binary.size());
    if (out.size() == expected) fail(Errc::shape_mismatch, tensor(input.name), "has more elements than its shape says");
    out.push_back(binary.substr(0, size));
    binary.remove_prefix(size);
  }
  if (out.size() != expected)
    fail(Errc::shape_mismatch, tensor(input.name), "has {} elements, its shape says {}", out.size(), expected);
}

/// Refuses a value that the type of its tensor cannot hold.
void ElementReader::refuse_unheld(const Described& input, element value, std::uint64_t at, bool is_floating) const {
  refuse(input, value, at,
         fmt::format("which is {} {}", is_floating && value.is_number() ? "beyond" : "no", input.datatype));
}

void ElementReader::refuse(const Described& input, element value, std::uint64_t at, std::string_view why) const {
  fail(value.is_number() ? Errc::out_of_range : Errc::type_mismatch, tensor(input.name), "element {} is {}, {}", at,
       text_of_value(input, value, at), why);
}

/// A value as the request spells it.
std::string ElementReader::text_of_value(const Described& input, element value, std::uint64_t at) const {
  switch (value.type()) {
    case element_type::STRING:
      return fmt::format("the string {}", quoted(value.get_string().value_unsafe()));
    case element_type::ARRAY:
      return "an array";
    case element_type::OBJECT:
      return "an object";
    default:
      break;
  }
  std::string seen;
  if (json_.size() <= spelled_json_bytes) seen = spelling(json_, input.position, at);
  if (seen.empty()) seen = simdjson::minify(value);
  return value.is_number() ? "the number " + seen : seen;
}

}  // namespace scalar::inline v0::serve
