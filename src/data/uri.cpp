#include "scalar/data/uri.hpp"

#include "core/fail.hpp"

namespace scalar::inline v0::data {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The length of the scheme (RFC 3986, section 3.1), or 0 if there is none. A single letter is not a scheme.
std::size_t scheme_length(std::string_view text) {
  if (text.empty() || !is_letter(text[0])) return 0;
  std::size_t i = 1;
  while (i < text.size() && (is_letter(text[i]) || (text[i] >= '0' && text[i] <= '9') || text[i] == '+' ||
                             text[i] == '-' || text[i] == '.'))
    ++i;
  return i > 1 && i < text.size() && text[i] == ':' ? i : 0;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decode_percents(std::string_view text, std::string_view whole) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0 || high + low == 0)
      fail(Errc::parse, whole, "a % that begins no escape of two hexadecimal digits");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace

Uri::Uri(std::string_view text) {
  if (text.empty()) return;
  const std::size_t scheme = scheme_length(text);
  if (scheme == 0) {
    scheme_ = "file";
    path_ = text;
    return;
  }
  for (char c : text.substr(0, scheme)) scheme_ += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  std::string_view rest = text.substr(scheme + 1);
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    authority_ = rest.substr(0, rest.find('/'));
    rest.remove_prefix(authority_.size());
  }
  if (scheme_ == "file" && authority_ == "localhost") authority_.clear();
  path_ = scheme_ == "file" ? decode_percents(rest, text) : std::string(rest);
}

std::string Uri::string() const {
  if (scheme_ == "file" && authority_.empty() && !path_.empty() && scheme_length(path_) == 0) return path_;
  std::string text = empty() ? "" : scheme_ + ":";
  if (!authority_.empty() || path_.starts_with("//")) text += "//" + authority_;
  if (scheme_ != "file") return text + path_;
  for (char c : path_) c == '%' ? text += "%25" : text += c;
  return text;
}

Uri Uri::operator/(std::string_view name) const {
  Uri result = *this;
  if (result.empty()) return Uri(name);
  if ((!result.path_.empty() && !result.path_.ends_with('/')) || (result.path_.empty() && !result.authority_.empty()))
    result.path_ += '/';
  result.path_ += name;
  return result;
}

}  // namespace scalar::inline v0::data
