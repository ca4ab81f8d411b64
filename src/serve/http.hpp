#pragma once
/// What the rooms of the server say to each other about one HTTP request and its response.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "scalar/serve/options.hpp"
#include "serve/budget.hpp"

namespace scalar::inline v0::serve {

enum class Method : std::uint8_t { get, post, head, other };

/// Why a request is refused before it is understood. `status` 0: it is not.
struct Refusal {
  int status = 0;
  std::string_view reason{};  // of static storage

  explicit operator bool() const noexcept { return status != 0; }
};

/// How a body is delimited, and what else the head says about the connection.
struct Framing {
  std::uint64_t content_length = 0;
  bool has_length = false;
  bool is_chunked = false;
};

/// One request head. Views into the bytes it was read from.
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

/// A whole request. The body has at least 64 readable bytes after it, whatever they hold.
struct Request {
  Method method = Method::other;
  std::string_view target{};
  std::string_view body{};
  std::optional<std::uint64_t> json_bytes{};
  std::shared_ptr<Decoded> decoded{};  // what was read of the body before the request went to a worker
};

enum class ContentType : std::uint8_t { json, octets, metrics };

struct Response {
  int status = 200;
  ContentType type = ContentType::json;
  std::string_view allow{};  // static; for 405
  std::string_view cache{};  // static; X-Scalar-Cache
  std::optional<std::uint64_t> json_bytes{};
  std::string body{};
  Reservation memory{};  // for a body that is large, and for what is needed to make it

  void clear() {
    status = 200;
    type = ContentType::json;
    allow = cache = {};
    json_bytes.reset();
    body.clear();
  }
  /// An error as every protocol writes it: `{"error": text}`.
  void fail(int code, std::string_view text);
};

std::string_view reason_phrase(int status) noexcept;
/// What the connection does after a response. HTTP/1.1 clients expect it to stay open, HTTP/1.0 clients must be told.
enum class Persistence : std::uint8_t { close, keep, keep_and_say };
/// Appends status line and fields.
void append_head(std::string& out, const Response& response, Persistence persistence);

}  // namespace scalar::inline v0::serve
