#pragma once
/// Lines and fields of text formats; errors name the file and the line.
#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "data/number.hpp"
#include "data/stream.hpp"

namespace scalar::inline v0::graph {

/// The lines of a stream, without their ends (LF or CRLF); a UTF-8 byte order mark is dropped.
/// The byte after a line may be read: it is not a digit.
class Lines {
 public:
  Lines(data::ReadBytes source, std::string file)
      : source_(std::move(source)), file_(std::move(file)), buffer_(std::size_t{1} << 18) {}

  /// Errors: `Errc::too_large` for a line above 64 KiB; those of the source.
  bool next(std::string_view& line) {
    for (std::size_t searched = 0;;) {
      char* const from = buffer_.data() + begin_;
      if (auto* const end = static_cast<char*>(std::memchr(from + searched, '\n', end_ - begin_ - searched))) {
        line = {from, static_cast<std::size_t>(end - from)};
        begin_ += line.size() + 1;
        return accept(line);
      }
      searched = end_ - begin_;
      if (searched > max_line_bytes) break;
      if (fill()) continue;
      if (begin_ == end_) return false;
      buffer_[end_] = '\n';
      line = {buffer_.data() + begin_, end_ - begin_};
      begin_ = end_;
      return accept(line);
    }
    ++number_;
    fail(Errc::too_large, "a line of more than 65536 bytes");
  }

  std::uint64_t number() const noexcept { return number_; }
  const std::string& file() const noexcept { return file_; }
  /// Throws an error at the line read last.
  template <class... Arguments>
  [[noreturn]] void fail(Errc code, fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    scalar::fail(code, fmt::format("{}:{}", file_, number_), format, std::forward<Arguments>(arguments)...);
  }
  /// Throws an error at the end of the file.
  template <class... Arguments>
  [[noreturn]] void fail_at_end(fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    scalar::fail(Errc::parse, file_, format, std::forward<Arguments>(arguments)...);
  }

 private:
  static constexpr std::size_t max_line_bytes = std::size_t{1} << 16;

  bool accept(std::string_view& line) {
    if (++number_ == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > max_line_bytes) fail(Errc::too_large, "a line of more than 65536 bytes");
    return true;
  }
  bool fill() {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    const std::size_t got =
        source_(std::as_writable_bytes(std::span(buffer_).subspan(end_, buffer_.size() - end_ - 1)));
    end_ += got;
    return got != 0;
  }

  data::ReadBytes source_;
  std::string file_;
  std::vector<char> buffer_;  // the last byte is reserved for the line feed that ends the last line
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t number_ = 0;
};

/// The fields of one line, between blanks and tabs.
class Fields {
 public:
  Fields(const Lines& lines, std::string_view line)
      : lines_(lines), line_(line), at_(line.data()), end_(line.data() + line.size()) {
    skip();
  }

  bool done() const noexcept { return at_ == end_; }
  /// Whether an edge list has nothing to read here: an empty line, or a comment of SNAP ('#') or KONECT ('%').
  bool is_comment() const noexcept { return done() || *at_ == '#' || *at_ == '%'; }

  /// Reads a number from 0 to 2^64 - 1; `what` names it in errors.
  std::uint64_t number(const char* what) {
    std::uint64_t value = 0;
    const char* const begin = at_;
    const char* at = at_;
    for (; data::is_digit(*at) && at - begin < 19; ++at) value = value * 10 + static_cast<std::uint64_t>(*at - '0');
    if (at != begin && (at == end_ || is_blank(*at))) {
      at_ = at;
      skip();
      return value;
    }
    const std::string_view field = word(what);
    const auto [stop, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (stop != field.data() + field.size() || error == std::errc::invalid_argument)
      lines_.fail(Errc::parse, "is {}: {} is not a {}, expected a number from 0 to 18446744073709551615", quoted(line_),
                  quoted(field), what);
    if (error != std::errc{})
      lines_.fail(Errc::out_of_range, "the {} {} is above 18446744073709551615", what, quoted(field));
    return value;
  }

  /// Reads a finite decimal and rounds it to float32. Errors: `Errc::out_of_range` for a decimal beyond float32, one
  /// that would become 0, and one above 2^24 without an exponent that would change, since it may be an exact count.
  float weight() {
    double value = 0;
    std::string_view field;
    const char* const begin = at_;
    const char* const fast = done() ? nullptr : data::fast_double(at_, value);
    if (fast != nullptr && fast <= end_ && (fast == end_ || is_blank(*fast))) {
      at_ = fast;
      field = {begin, static_cast<std::size_t>(fast - begin)};
      skip();
    } else {
      field = word("weight");
      const data::Parsed parsed = data::parse_double(field, value);
      if (parsed == data::Parsed::none || (parsed == data::Parsed::number && !std::isfinite(value)))
        lines_.fail(Errc::parse, "is {}: {} is not a weight, expected a finite decimal", quoted(line_), quoted(field));
      if (parsed == data::Parsed::too_large) value = HUGE_VAL;
    }
    if (!(std::fabs(value) <= static_cast<double>(std::numeric_limits<float>::max())))
      refuse_weight(field, "is beyond float32");
    const auto rounded = static_cast<float>(value);
    if (rounded == 0 && !is_zero(field)) refuse_weight(field, "would become 0 as a float32");
    if (std::fabs(value) > 0x1p24 && !is_kept(field, value, rounded))
      refuse_weight(field, "would change as a float32, which holds whole numbers up to 16777216");
    return rounded;
  }

  /// Reads an integer as a weight. Errors: those of `weight`, and `Errc::parse` for a field that is not an integer.
  float integer_weight() {
    const char* const begin = at_;
    const float value = weight();
    const std::string_view field(begin, static_cast<std::size_t>(at_ - begin));
    if (field.find_first_not_of("+-0123456789 \t") != std::string_view::npos)
      lines_.fail(Errc::parse, "is {}: its value is not an integer, as the first line says it is", quoted(line_));
    return value;
  }

  /// Reads a field of any printable bytes; `what` names it in errors.
  std::string_view word(const char* what) {
    if (done()) lines_.fail(Errc::parse, "is {}, expected a {} after it", quoted(line_), what);
    const char* const begin = at_;
    for (; at_ != end_ && !is_blank(*at_); ++at_)
      if (static_cast<unsigned char>(*at_) < 0x20)
        lines_.fail(Errc::parse, "is {}, expected no control characters in it", quoted(line_));
    const std::string_view field(begin, static_cast<std::size_t>(at_ - begin));
    skip();
    return field;
  }

  /// Refuses a line that has more fields; `expected` describes a whole line.
  void expect_end(const char* expected) const {
    if (!done()) lines_.fail(Errc::parse, "is {}, expected {} and nothing after", quoted(line_), expected);
  }

 private:
  static bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
  static bool is_zero(std::string_view field) noexcept {
    return field.substr(0, field.find_first_of("eE")).find_first_of("123456789") == std::string_view::npos;
  }
  /// Whether a float32 holds the value as written. An exponent marks a measured value, which may be rounded.
  static bool is_kept(std::string_view field, double value, float rounded) {
    if (field.find_first_of("eE") != std::string_view::npos) return true;
    return static_cast<double>(rounded) == value &&
           (field.find('.') != std::string_view::npos || data::spells(field, value));
  }
  [[noreturn]] void refuse_weight(std::string_view field, const char* why) const {
    lines_.fail(Errc::out_of_range, "is {}: the weight {} {}", quoted(line_), quoted(field), why);
  }
  void skip() noexcept {
    while (at_ != end_ && is_blank(*at_)) ++at_;
  }

  const Lines& lines_;
  std::string_view line_;
  const char *at_, *end_;
};

}  // namespace scalar::inline v0::graph
