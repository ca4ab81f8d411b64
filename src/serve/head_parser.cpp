#include "serve/head_parser.hpp"

#include <utility>  // Boost 1.74's Asio uses std::exchange without it

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <optional>

#include "serve/framing.hpp"

namespace scalar::inline v0::serve {

namespace http = boost::beast::http;

struct HeadParser::Impl {
  explicit Impl(const Limits& bounds) : limits(bounds) {}
  Limits limits;
  std::optional<http::request_parser<http::empty_body>> parser;
};

HeadParser::HeadParser(const Limits& limits) : impl_(std::make_unique<Impl>(limits)) {}
HeadParser::~HeadParser() = default;

namespace {

Method method_of(http::verb verb) noexcept {
  switch (verb) {
    case http::verb::get:
      return Method::get;
    case http::verb::post:
      return Method::post;
    case http::verb::head:
      return Method::head;
    default:
      return Method::other;
  }
}

std::string_view view(boost::beast::string_view text) noexcept { return {text.data(), text.size()}; }

Refusal read_fields(const http::request_header<http::fields>& request, RequestHead& out) {
  out.json_bytes.reset();
  out.expects_continue = false;
  for (const auto& field : request) {
    const std::string_view value = view(field.value());
    switch (field.name()) {
      case http::field::expect:
        if (!equal_ignoring_case(value, "100-continue")) return {417, "the only Expect known is 100-continue"};
        out.expects_continue = request.version() == 11;  // an HTTP/1.0 client would take a 100 as the answer
        break;
      case http::field::content_encoding:
        if (!value.empty() && !equal_ignoring_case(value, "identity"))
          return {415, "compressed bodies are not accepted"};
        break;
      case http::field::unknown:
        if (!equal_ignoring_case(view(field.name_string()), "Inference-Header-Content-Length")) break;
        if (out.json_bytes) return {400, "more than one Inference-Header-Content-Length"};
        if (!parse_digits(value, out.json_bytes.emplace())) return {400, "malformed Inference-Header-Content-Length"};
        break;
      default:
        break;
    }
  }
  return {};
}

}  // namespace

Refusal HeadParser::parse(std::string_view head, RequestHead& out) {
  if (const Refusal refusal = check_framing(head, impl_->limits, out.framing)) return refusal;
  auto& parser = impl_->parser.emplace();
  parser.header_limit(static_cast<std::uint32_t>(impl_->limits.header_bytes));
  parser.body_limit(boost::none);
  parser.skip(true);  // the connection reads the body
  boost::system::error_code error;
  const std::size_t used = parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error || !parser.is_header_done() || used != head.size()) return {400, "malformed request"};
  const auto& request = parser.get();
  out.method = method_of(request.method());
  out.keep_alive = parser.keep_alive();
  const std::size_t target_at = head.find(' ') + 1;
  out.target = origin_form(head.substr(target_at, request.target().size()));
  out.is_http_1_1 = request.version() == 11;
  return read_fields(request, out);
}

}  // namespace scalar::inline v0::serve
