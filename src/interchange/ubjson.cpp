#include "interchange/ubjson.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "scalar/core/json.hpp"

namespace scalar::inline v0::interchange {
namespace {

constexpr std::string_view integer_types = "iUIlL";

/// The bytes of a number of type `marker`; 0 for other types.
constexpr std::size_t width(char marker) {
  switch (marker) {
    case 'i':
    case 'U':
      return 1;
    case 'I':
      return 2;
    case 'l':
    case 'd':
      return 4;
    case 'L':
    case 'D':
      return 8;
    default:
      return 0;
  }
}

class Transcriber {
 public:
  Transcriber(std::string_view bytes, std::string_view place) : bytes_(bytes), place_(place) {}

  std::string run() {
    value(marker(), 0);
    if (at_ != bytes_.size()) refuse("{} bytes follow the end of the document", bytes_.size() - at_);
    return std::move(out_);
  }

 private:
  static constexpr int max_depth = 100;

  template <class... Arguments>
  [[noreturn]] void refuse(fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    fail(Errc::parse, fmt::format("{}: byte {}", place_, at_), "{}",
         fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - at_) refuse("expected {} more bytes, got {}", count, bytes_.size() - at_);
    const std::string_view taken = bytes_.substr(at_, static_cast<std::size_t>(count));
    at_ += taken.size();
    return taken;
  }
  char peek() const { return at_ < bytes_.size() ? bytes_[at_] : '\0'; }
  char marker() {
    while (peek() == 'N') ++at_;  // no operation
    return take(1)[0];
  }

  /// Big-endian bits.
  std::uint64_t bits(std::size_t count) {
    std::uint64_t number = 0;
    for (const char byte : take(count)) number = number << 8 | static_cast<std::uint8_t>(byte);
    return number;
  }
  std::int64_t integer(char type) {
    const std::size_t size = width(type);
    if (size == 0 || integer_types.find(type) == std::string_view::npos)
      refuse("expected the type of an integer, got {}", quoted(std::string_view(&type, 1)));
    const std::uint64_t number = bits(size);
    if (type == 'U') return static_cast<std::int64_t>(number);
    const int unused = 64 - 8 * static_cast<int>(size);
    return static_cast<std::int64_t>(number << unused) >> unused;
  }
  std::uint64_t length() {
    const std::int64_t count = integer(take(1)[0]);
    if (count < 0) refuse("a length is {}", count);
    return static_cast<std::uint64_t>(count);
  }

  template <class Number>
  void write(Number number) {
    if (!std::isfinite(static_cast<double>(number))) {
      out_ += std::isnan(static_cast<double>(number)) ? "NaN" : number < 0 ? "-Infinity" : "Infinity";
      return;
    }
    std::array<char, 32> text{};
    out_.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
  }
  void number(char type) {
    if (type == 'd') return write(std::bit_cast<float>(static_cast<std::uint32_t>(bits(4))));
    if (type == 'D') return write(std::bit_cast<double>(bits(8)));
    write(integer(type));
  }

  void value(char type, int depth) {
    if (depth > max_depth) refuse("is more than {} levels deep", max_depth);
    switch (type) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case 'S':
        return json::append_string(out_, take(length()));
      case 'C':
        return json::append_string(out_, take(1));
      case 'T':
        out_ += "true";
        return;
      case 'F':
        out_ += "false";
        return;
      case 'Z':
        out_ += "null";
        return;
      default:
        if (width(type) == 0) refuse("{} is not a type that is expected here", quoted(std::string_view(&type, 1)));
        number(type);
    }
  }

  /// What precedes the elements of a container: the type of all, and how many there are.
  struct Header {
    std::optional<char> type{};
    std::optional<std::uint64_t> count{};
  };
  Header header() {
    Header found;
    if (peek() == '$') {
      ++at_;
      found.type = take(1)[0];
      if (peek() != '#') refuse("a container has a type and no count");
    }
    if (peek() == '#') {
      ++at_;
      found.count = length();
      // Every element takes a byte at least, so that a few bytes cannot claim to be many.
      const std::size_t least = found.type ? width(*found.type) : 1;
      if (least == 0) refuse("a container of type {}", quoted(std::string_view(&*found.type, 1)));
      if (*found.count > (bytes_.size() - at_) / least)
        refuse("a container of {} elements, and {} bytes follow", *found.count, bytes_.size() - at_);
    }
    return found;
  }

  /// Calls `element` for each element of a container that ends with `end`.
  template <class Element>
  void elements(const Header& of, char end, const Element& element) {
    for (std::uint64_t i = 0; of.count ? i < *of.count : peek() != end; ++i) {
      while (!of.count && peek() == 'N') ++at_;
      if (!of.count && peek() == end) break;
      if (i != 0) out_ += ',';
      element();
    }
    if (!of.count) take(1);
  }

  void array(int depth) {
    const Header of = header();
    out_ += '[';
    elements(of, ']', [&] {
      if (of.type)
        number(*of.type);
      else
        value(marker(), depth + 1);
    });
    out_ += ']';
  }
  void object(int depth) {
    const Header of = header();
    out_ += '{';
    elements(of, '}', [&] {
      json::append_string(out_, take(length()));
      out_ += ':';
      if (of.type)
        number(*of.type);
      else
        value(marker(), depth + 1);
    });
    out_ += '}';
  }

  std::string_view bytes_, place_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

bool is_ubjson(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == '{' &&
         (bytes[1] == '$' || bytes[1] == '#' || integer_types.find(bytes[1]) != std::string_view::npos);
}

std::string json_of_ubjson(std::string_view bytes, std::string_view place) { return Transcriber(bytes, place).run(); }

}  // namespace scalar::inline v0::interchange
