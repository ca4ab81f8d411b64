#include "serve/http.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>

#include "scalar/core/json.hpp"

namespace scalar::inline v0::serve {
namespace {

constexpr std::size_t kept_body_bytes = 16 << 10;

void append(std::string& out, std::uint64_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

std::string_view type_name(ContentType type) noexcept {
  switch (type) {
    case ContentType::json:
      return "application/json";
    case ContentType::octets:
      return "application/octet-stream";
    case ContentType::metrics:
      return "text/plain; version=0.0.4; charset=utf-8";
  }
  return "application/octet-stream";
}

/// The Date field that RFC 9110, section 6.6.1, requires; each thread formats it once per second.
std::string_view date_field() {
  struct Written {
    std::time_t second = -1;
    char text[48]{};
    std::size_t size = 0;
  };
  static thread_local Written written;
  const std::time_t now = std::time(nullptr);
  if (now != written.second) {
    constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&now, &utc);
    const int size = std::snprintf(written.text, sizeof written.text, "\r\nDate: %s, %02d %s %d %02d:%02d:%02d GMT",
                                   days[utc.tm_wday], utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour,
                                   utc.tm_min, utc.tm_sec);
    written.size = std::min(static_cast<std::size_t>(std::max(size, 0)), sizeof written.text - 1);
    written.second = now;
  }
  return {written.text, written.size};
}

}  // namespace

void Response::fail(int code, std::string_view text) {
  clear();
  if (body.capacity() > kept_body_bytes) std::string().swap(body);  // it held the beginning of an answer that failed
  status = code;
  body += "{\"error\":";
  json::append_string(body, text);
  body += '}';
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

void append_head(std::string& out, const Response& response, Persistence persistence) {
  out += "HTTP/1.1 ";
  append(out, static_cast<std::uint64_t>(response.status));
  out += ' ';
  out += reason_phrase(response.status);
  out += date_field();
  out += "\r\nContent-Type: ";
  out += type_name(response.type);
  out += "\r\nContent-Length: ";
  append(out, response.body.size());
  if (response.json_bytes) {
    out += "\r\nInference-Header-Content-Length: ";
    append(out, *response.json_bytes);
  }
  if (!response.cache.empty()) {
    out += "\r\nX-Scalar-Cache: ";
    out += response.cache;
  }
  if (!response.allow.empty()) {
    out += "\r\nAllow: ";
    out += response.allow;
  }
  if (response.status == 429 || response.status == 503) out += "\r\nRetry-After: 1";
  if (persistence == Persistence::close) out += "\r\nConnection: close";
  if (persistence == Persistence::keep_and_say) out += "\r\nConnection: keep-alive";
  out += "\r\n\r\n";
}

}  // namespace scalar::inline v0::serve
