#pragma once
/// Lines and fields of text formats, with places for errors.
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/number.hpp"
#include "data/stream.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::graph {

/// A piece of input for an error message: short, in quotes, with what cannot be printed as escapes.
inline std::string quoted(std::string_view text) {
  constexpr std::size_t most = 60;
  constexpr char digits[] = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text.substr(0, most)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      result += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    else
      result += c;
  }
  return result + (text.size() > most ? "...\"" : "\"");
}

/// The lines of a stream, without their ends (LF or CRLF); a UTF-8 byte order mark is dropped.
/// The byte after a line may be read: it is no digit.
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
  /// An error at the line read last.
  [[noreturn]] void fail(Errc code, const std::string& message) const {
    throw Error(code, message, file_ + ":" + std::to_string(number_));
  }
  /// An error at the end of the file.
  [[noreturn]] void fail_at_end(const std::string& message) const { throw Error(Errc::parse, message, file_); }

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
  std::vector<char> buffer_;  // the last byte is kept for the end of the last line
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
  char front() const noexcept { return *at_; }

  /// A number of `what`, from 0 to 2^64 - 1.
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
      lines_.fail(Errc::parse, "is " + quoted(line_) + ": " + quoted(field) + " is no " + what +
                                   ", expected a number from 0 to 18446744073709551615");
    if (error != std::errc{})
      lines_.fail(Errc::out_of_range,
                  "the " + std::string(what) + " " + quoted(field) + " is above 18446744073709551615");
    return value;
  }

  /// A finite decimal, rounded to float32.
  float weight() {
    double value = 0;
    const char* const fast = done() ? nullptr : data::fast_double(at_, value);
    if (fast != nullptr && fast <= end_ && (fast == end_ || is_blank(*fast))) {
      at_ = fast;
      skip();
    } else {
      const std::string_view field = word("weight");
      const data::Parsed parsed = data::parse_double(field, value);
      if (parsed == data::Parsed::none || (parsed == data::Parsed::number && !std::isfinite(value)))
        lines_.fail(Errc::parse,
                    "is " + quoted(line_) + ": " + quoted(field) + " is no weight, expected a finite decimal");
      if (parsed == data::Parsed::too_large) value = HUGE_VAL;
    }
    if (!(std::fabs(value) <= static_cast<double>(std::numeric_limits<float>::max())))
      lines_.fail(Errc::out_of_range, "is " + quoted(line_) + ": the weight is beyond float32");
    return static_cast<float>(value);
  }

  /// A field of any printable bytes.
  std::string_view word(const char* what) {
    if (done()) lines_.fail(Errc::parse, "is " + quoted(line_) + ", expected a " + what + " after it");
    const char* const begin = at_;
    for (; at_ != end_ && !is_blank(*at_); ++at_)
      if (static_cast<unsigned char>(*at_) < 0x20)
        lines_.fail(Errc::parse, "is " + quoted(line_) + ", expected no control characters in it");
    const std::string_view field(begin, static_cast<std::size_t>(at_ - begin));
    skip();
    return field;
  }

  /// `expected` says what a whole line is.
  void expect_end(const char* expected) const {
    if (!done()) lines_.fail(Errc::parse, "is " + quoted(line_) + ", expected " + expected + " and nothing after");
  }

 private:
  static bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
  void skip() noexcept {
    while (at_ != end_ && is_blank(*at_)) ++at_;
  }

  const Lines& lines_;
  std::string_view line_;
  const char *at_, *end_;
};

}  // namespace scalar::inline v0::graph
