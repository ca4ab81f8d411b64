#pragma once
/// One HTTP request and its response, as the parts of the server pass them on.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "scalar/serve/options.hpp"
#include "serve/budget.hpp"

namespace scalar::inline v0::serve {

enum class Method : std::uint8_t { get, post, head, other };

/// Why a request is refused before its content is read. `status` 0: it is not refused.
struct Refusal {
  int status = 0;
  std::string_view reason{};  // of static storage

  explicit operator bool() const noexcept { return status != 0; }
};

/// How a body is delimited.
struct Framing {
  std::uint64_t content_length = 0;
  bool has_length = false;
  bool is_chunked = false;
};

/// One request head. Its views point into the bytes that it was parsed from.
struct RequestHead {
  Method method = Method::other;
  std::string_view target{};
  bool keep_alive = false;
  bool is_http_1_1 = false;
  bool expects_continue = false;
  Framing framing{};
  std::optional<std::uint64_t> json_bytes{};  // Inference-Header-Content-Length
};

struct Decoded;

/// A whole request. The body is followed by at least 64 readable bytes, whose values do not matter.
struct Request {
  Method method = Method::other;
  std::string_view target{};
  std::string_view body{};
  std::optional<std::uint64_t> json_bytes{};
  std::shared_ptr<Decoded> decoded{};  // what was decoded before the request went to a worker
};

enum class ContentType : std::uint8_t { json, octets, metrics };

struct Response {
  int status = 200;
  ContentType type = ContentType::json;
  std::string_view allow{};  // static; for 405
  std::string_view cache{};  // static; X-Scalar-Cache
  std::optional<std::uint64_t> json_bytes{};
  std::string body{};
  Reservation memory{};  // for a large body, and for what is needed to make it

  void clear() {
    status = 200;
    type = ContentType::json;
    allow = cache = {};
    json_bytes.reset();
    body.clear();
  }
  /// Makes the response an error: `{"error": text}`.
  void fail(int code, std::string_view text);
};

std::string_view reason_phrase(int status) noexcept;
/// What happens to the connection after a response. HTTP/1.1 clients expect it to stay open; HTTP/1.0 clients must be
/// told.
enum class Persistence : std::uint8_t { close, keep, keep_and_say };
/// Appends the status line and the header fields.
void append_head(std::string& out, const Response& response, Persistence persistence);

}  // namespace scalar::inline v0::serve
