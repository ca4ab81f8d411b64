#include "serve/framing.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace scalar::inline v0::serve {
namespace {

enum : unsigned char { token = 1, field = 2, target = 4, host = 8 };

/// The kinds of text that each byte may occur in (RFC 9110, section 5.6.2; RFC 9112, section 3; RFC 3986, section
/// 3.2.2).
constexpr std::array<unsigned char, 256> byte_kinds() {
  std::array<unsigned char, 256> kinds{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    unsigned kind = 0;
    const auto among = [c](std::string_view set) { return set.find(static_cast<char>(c)) != set.npos; };
    if (alnum || (c > 32 && c < 127 && among("!#$%&'*+-.^_`|~"))) kind |= token;
    if (c == '\t' || (c >= 32 && c != 127)) kind |= field;
    if (c > 32 && c < 127 && !among("\"<>\\^`{|}#")) kind |= target;
    if (alnum || (c > 32 && c < 127 && among("-._~%!$&'()*+;=:[]"))) kind |= host;
    kinds[c] = static_cast<unsigned char>(kind);
  }
  return kinds;
}
constexpr auto kinds = byte_kinds();

bool all(std::string_view text, unsigned char kind) noexcept {
  for (const char c : text)
    if ((kinds[static_cast<unsigned char>(c)] & kind) == 0) return false;
  return true;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Where the path or query of an absolute target begins, or its size without them; 0 when the target is not absolute.
std::size_t authority_end(std::string_view path) noexcept {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(path.substr(0, scheme.size()), scheme)) continue;
    const std::size_t end = std::min(path.find_first_of("/?", scheme.size()), path.size());
    const std::string_view authority = path.substr(scheme.size(), end - scheme.size());
    return authority.empty() || !all(authority, host) ? 0 : end;
  }
  return 0;
}

Refusal check_request_line(std::string_view line, const Limits& limits, bool& is_http_1_1) noexcept {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == line.npos || first == 0 || first == last) return {400, "malformed request line"};
  const std::string_view method = line.substr(0, first);
  const std::string_view path = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!all(method, token)) return {400, "malformed method"};
  if (path.size() > limits.target_bytes) return {414, "the request target is too long"};
  if (path.empty() || !all(path, target) || (path[0] != '/' && authority_end(path) == 0))
    return {400, "malformed request target"};
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[5] < '0' || version[5] > '9' ||
      version[6] != '.' || version[7] < '0' || version[7] > '9')
    return {400, "malformed HTTP version"};
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return {505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  is_http_1_1 = version[7] == '1';
  return {};
}

/// What the fields seen so far say about framing.
struct Seen {
  int lengths = 0, encodings = 0, hosts = 0;
  bool is_chunked = false;
};

Refusal check_field(std::string_view line, Seen& seen, Framing& framing) noexcept {
  if (line.front() == ' ' || line.front() == '\t') return {400, "folded header lines are not accepted"};
  const std::size_t colon = line.find(':');
  if (colon == line.npos || colon == 0) return {400, "malformed header field"};
  const std::string_view name = line.substr(0, colon);
  if (!all(name, token)) return {400, "malformed header field name"};
  const std::string_view value = trim(line.substr(colon + 1));
  if (!all(value, field)) return {400, "malformed header field value"};
  switch (name.size()) {
    case 4:
      if (!equal_ignoring_case(name, "Host")) break;
      if (++seen.hosts > 1) return {400, "more than one Host"};
      if (value.empty() || !all(value, host)) return {400, "malformed Host"};
      break;
    case 14:
      if (!equal_ignoring_case(name, "Content-Length")) break;
      if (++seen.lengths > 1) return {400, "more than one Content-Length"};
      if (!parse_digits(value, framing.content_length)) return {400, "malformed Content-Length"};
      framing.has_length = true;
      break;
    case 17:
      if (!equal_ignoring_case(name, "Transfer-Encoding")) break;
      if (++seen.encodings > 1) return {400, "more than one Transfer-Encoding"};
      framing.is_chunked = equal_ignoring_case(value, "chunked");
      break;
    default:
      break;
  }
  return {};
}

Refusal check_together(const Seen& seen, bool is_http_1_1, const Framing& framing) noexcept {
  if (seen.encodings > 0 && seen.lengths > 0) return {400, "both Transfer-Encoding and Content-Length"};
  if (seen.encodings > 0 && !is_http_1_1) return {400, "Transfer-Encoding needs HTTP/1.1"};
  if (seen.encodings > 0 && !framing.is_chunked) return {400, "the only Transfer-Encoding accepted is chunked"};
  if (is_http_1_1 && seen.hosts == 0) return {400, "no Host"};
  return {};
}

}  // namespace

bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept {
  if (left.size() != right.size()) return false;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (std::size_t i = 0; i < left.size(); ++i)
    if (lower(left[i]) != lower(right[i])) return false;
  return true;
}

bool parse_digits(std::string_view text, std::uint64_t& number) noexcept {
  if (text.empty() || text.size() > 18) return false;  // 18 digits always fit
  number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return true;
}

std::size_t leading_empty_line(std::string_view bytes) noexcept { return bytes.starts_with("\r\n") ? 2 : 0; }

std::string_view origin_form(std::string_view target) noexcept {
  if (target.starts_with('/')) return target;
  target.remove_prefix(authority_end(target));
  return target.starts_with('/') ? target : std::string_view("/");
}

Refusal check_trailer(std::string_view line) noexcept {
  Seen seen;
  Framing ignored;
  if (const Refusal refusal = check_field(line, seen, ignored)) return refusal;
  if (seen.lengths + seen.encodings + seen.hosts > 0) return {400, "a trailer field that belongs into the head"};
  return {};
}

std::size_t find_head(std::string_view bytes, std::size_t& scanned, const Limits& limits, Refusal& refusal) {
  if (!bytes.empty() && !all(bytes.substr(0, 1), token) && bytes[0] != '\r' && bytes[0] != '\n') {
    // Nothing that follows can make this a request: do not wait for the end of the line.
    refusal = bytes[0] == tls_handshake ? Refusal{400, "this port speaks plain HTTP, not TLS"}
                                        : Refusal{400, "malformed request line"};
    return 0;
  }
  std::size_t at = scanned;
  while (at < bytes.size()) {
    const void* found = std::memchr(bytes.data() + at, '\n', bytes.size() - at);
    if (found == nullptr) break;
    const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (end == 0 || bytes[end - 1] != '\r') {
      refusal = {400, "a line ends without carriage return"};
      return 0;
    }
    if (end >= 3 && bytes[end - 2] == '\n') {
      if (end + 1 > limits.header_bytes) break;
      return end + 1;
    }
    if (end == 1) {
      refusal = {400, "an empty line before the request"};
      return 0;
    }
    at = end + 1;
  }
  scanned = bytes.size();
  const bool in_first_line = bytes.substr(0, limits.target_bytes + 64).find('\n') == bytes.npos;
  if (in_first_line && bytes.size() > limits.target_bytes + 32)
    refusal = {414, "the request target is too long"};
  else if (bytes.size() > limits.header_bytes)
    refusal = {431, "the request head is too large"};
  return 0;
}

Refusal check_framing(std::string_view head, const Limits& limits, Framing& framing) noexcept {
  framing = {};
  Seen seen;
  bool is_http_1_1 = false;
  std::size_t fields = 0;
  for (bool first = true;; first = false) {
    const std::size_t end = head.find("\r\n");
    if (end == head.npos) return {400, "malformed head"};
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (first) {
      if (const Refusal refusal = check_request_line(line, limits, is_http_1_1)) return refusal;
      continue;
    }
    if (line.empty()) break;
    if (++fields > limits.header_fields) return {431, "too many header fields"};
    if (const Refusal refusal = check_field(line, seen, framing)) return refusal;
  }
  if (!head.empty()) return {400, "malformed head"};
  return check_together(seen, is_http_1_1, framing);
}

}  // namespace scalar::inline v0::serve
