#include "serve/framing.hpp"

#include <string>
#include <vector>

#include "scalar/serve/server.hpp"
#include "serve/client.hpp"
#include "serve/head_parser.hpp"
#include "serve/models.hpp"
#include "support/catch.hpp"

using namespace scalar;
using namespace serve_test;

namespace {

struct Vector {
  const char* what;
  std::string request;
  std::vector<int> statuses = {400};
};

const std::string live = "GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string start = "POST /v2/models/m/infer HTTP/1.1\r\nHost: a\r\n";

/// `text` with a NUL for the at sign.
std::string with_nul(std::string text) {
  text[text.find('@')] = '\0';
  return text;
}

/// Requests on which readers disagree about where they end, each followed by bytes that must never run.
std::vector<Vector> vectors() {
  const std::string chunk = "5\r\nhello\r\n0\r\n\r\n";
  const std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
  return {
      {"Content-Length and Transfer-Encoding",
       start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk},
      {"Transfer-Encoding and Content-Length",
       start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + chunk},
      {"unknown coding", start + "Transfer-Encoding: xchunked\r\n\r\n", {400}},
      {"gzip coding", start + "Transfer-Encoding: gzip\r\n\r\n", {400}},
      {"chunked, then identity", start + "Transfer-Encoding: chunked, identity\r\n\r\n", {400}},
      {"gzip, then chunked", start + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunk, {400}},
      {"identity and a length", start + "Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n", {400}},
      {"empty coding", start + "Transfer-Encoding:\r\n\r\n", {400}},
      {"Transfer-Encoding twice", start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk},
      {"chunked and identity", start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunk},
      {"quoted coding", start + "Transfer-Encoding: \"chunked\"\r\n\r\n" + chunk, {400}},
      {"vertical tab before the coding", start + "Transfer-Encoding: \vchunked\r\n\r\n" + chunk, {400}},
      {"space before the colon", start + "Transfer-Encoding : chunked\r\n\r\n" + chunk},
      {"tab before the colon", start + "Content-Length\t: 5\r\n\r\nhello"},
      {"Transfer-Encoding on HTTP/1.0",
       "POST /v2/models/m/infer HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk},
      {"the same length twice", start + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"},
      {"two lengths", start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
      {"a list of lengths", start + "Content-Length: 5, 5\r\n\r\nhello"},
      {"a length with a sign", start + "Content-Length: +5\r\n\r\nhello"},
      {"a negative length", start + "Content-Length: -5\r\n\r\nhello"},
      {"a hexadecimal length", start + "Content-Length: 0x5\r\n\r\nhello"},
      {"an empty length", start + "Content-Length:\r\n\r\nhello"},
      {"a length of two words", start + "Content-Length: 5 5\r\n\r\nhello"},
      {"a length of 2^64 + 5", start + "Content-Length: 18446744073709551621\r\n\r\nhello"},
      {"a length beyond the limit", start + "Content-Length: 99999999999\r\n\r\nhello", {413}},
      {"no Host", "GET /v2/health/live HTTP/1.1\r\n\r\n"},
      {"two Hosts", "GET /v2/health/live HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
      {"a Host with a slash", "GET /v2/health/live HTTP/1.1\r\nHost: a/b\r\n\r\n"},
      {"an empty Host", "GET /v2/health/live HTTP/1.1\r\nHost:\r\n\r\n"},
      {"a folded line", start + "X-A: b\r\n c\r\nContent-Length: 5\r\n\r\nhello"},
      {"a folded coding", start + "Transfer-Encoding:\r\n chunked\r\n\r\n" + chunk},
      {"a first line that is folded", "GET /v2/health/live HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n"},
      {"a bare line feed", "GET /v2/health/live HTTP/1.1\nHost: a\n\n"},
      {"a bare line feed between fields", "GET /v2/health/live HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"},
      {"a bare carriage return", "GET /v2/health/live HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n"},
      {"a NUL in a value", with_nul("GET /v2/health/live HTTP/1.1\r\nHost: a\r\nX: b@c\r\n\r\n")},
      {"a NUL in a name", with_nul("GET /v2/health/live HTTP/1.1\r\nHost: a\r\nX@Y: c\r\n\r\n")},
      {"a field without colon", "GET /v2/health/live HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n"},
      {"a field without name", "GET /v2/health/live HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"},
      {"a name with a space", "GET /v2/health/live HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n"},
      {"a name with a bracket", "GET /v2/health/live HTTP/1.1\r\nHost: a\r\nX[]: b\r\n\r\n"},
      {"two empty lines first", "\r\n\r\nGET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"an empty line that is a bare line feed", "\nGET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a carriage return first", "\rGET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"an empty line, then a space", "\r\n GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a TLS handshake", with_nul("\x16\x03\x01@\xc4\x01") + std::string(200, 'x')},
      {"bytes that begin no method", "\x80\x2e\x01"},
      {"HTTP/1.9", "GET /v2/health/live HTTP/1.9\r\nHost: a\r\n\r\n", {505}},
      {"HTTP/2.0", "GET /v2/health/live HTTP/2.0\r\nHost: a\r\n\r\n", {505}},
      {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}},
      {"lower-case http", "GET /v2/health/live http/1.1\r\nHost: a\r\n\r\n"},
      {"no version", "GET /v2/health/live\r\nHost: a\r\n\r\n"},
      {"two spaces", "GET  /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a tab in the request line", "GET\t/v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a space in the target", "GET /v2/health /live HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"an absolute target without host", "GET http:///v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"an absolute target of one slash", "GET http:/v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"an absolute target with a user", "GET http://b@a/v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"an absolute target of another scheme", "GET ftp://a/v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"an absolute target, but no Host", "GET http://a/v2/health/live HTTP/1.1\r\n\r\n"},
      {"an absolute target and two Hosts", "GET http://a/v2/health/live HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
      {"an authority for a target", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"an asterisk for a target", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a target without slash", "GET v2 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a target beyond ASCII", "GET /v2/\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a method with a colon", "G:T /v2 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"no method", " /v2 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a long target", "GET /" + std::string(5000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", {414}},
      {"an endless target", "GET /" + std::string(100'000, 'a'), {414}},
      {"a head of 100 KB", "GET /v2 HTTP/1.1\r\nHost: a\r\nX: " + std::string(100'000, 'a') + "\r\n\r\n", {431}},
      {"many fields",
       [] {
         std::string text = "GET /v2 HTTP/1.1\r\nHost: a\r\n";
         for (int i = 0; i < 101; ++i) text += "X: y\r\n";
         return text + "\r\n";
       }(),
       {431}},
      {"an unknown Expect", start + "Expect: 200-ok\r\nContent-Length: 5\r\n\r\nhello", {417}},
      {"a compressed body", start + "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", {415}},
      {"two lengths of JSON", start + "Inference-Header-Content-Length: 1\r\ninference-header-content-length: "
                                      "1\r\nContent-Length: 5\r\n\r\nhello"},
      {"a negative length of JSON", start + "Inference-Header-Content-Length: -1\r\nContent-Length: 5\r\n\r\nhello"},
      {"a chunk size of 2^64 + 2", chunked + "10000000000000002\r\nhello\r\n0\r\n\r\n"},
      {"a negative chunk size", chunked + "-5\r\nhello\r\n0\r\n\r\n"},
      {"a chunk size with 0x", chunked + "0x5\r\nhello\r\n0\r\n\r\n"},
      {"a chunk size with a space", chunked + "5 \r\nhello\r\n0\r\n\r\n"},
      {"an empty chunk size", chunked + "\r\nhello\r\n0\r\n\r\n"},
      {"a chunk that is longer than it says", chunked + "4\r\nhello\r\n0\r\n\r\n"},
      {"a chunk that ends with a line feed", chunked + "5\r\nhello\n0\r\n\r\n"},
      {"a chunk size that ends with a line feed", chunked + "5\nhello\r\n0\r\n\r\n"},
      {"a chunk extension of 100 KB", chunked + "5;" + std::string(100'000, 'x') + "\r\nhello\r\n0\r\n\r\n"},
      {"a line feed in a chunk extension", chunked + "5;a\nb\r\nhello\r\n0\r\n\r\n"},
      {"a trailer with a length", chunked + "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n"},
      {"a trailer with a coding", chunked + "5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"a trailer with a Host", chunked + "5\r\nhello\r\n0\r\nhost: b\r\n\r\n"},
      {"a trailer without colon", chunked + "5\r\nhello\r\n0\r\nnonsense\r\n\r\n"},
      {"a trailer with a space before the colon", chunked + "5\r\nhello\r\n0\r\nX : a\r\n\r\n"},
      {"a folded trailer", chunked + "5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n"},
      {"a trailer that ends with a line feed", chunked + "5\r\nhello\r\n0\r\nX: a\n\r\n"},
      {"a bare line feed after the last chunk", chunked + "5\r\nhello\r\n0\r\n\n"},
      {"a NUL in a trailer", with_nul(chunked + "5\r\nhello\r\n0\r\nX: a@b\r\n\r\n")},
      {"a trailer of 100 KB", chunked + "5\r\nhello\r\n0\r\nX: " + std::string(100'000, 'a') + "\r\n\r\n", {431}},
      {"many trailers",
       [&] {
         std::string text = chunked + "5\r\nhello\r\n0\r\n";
         for (int i = 0; i < 101; ++i) text += "X: y\r\n";
         return text + "\r\n";
       }(),
       {431}},
      {"a chunk beyond the limit", chunked + "fffffff\r\n", {413}},
      {"too many chunks",
       chunked +
           [] {
             std::string text;
             for (int i = 0; i < 65'537; ++i) text += "1\r\na\r\n";
             return text;
           }(),
       {413}},
  };
}

}  // namespace

TEST_CASE("what might be smuggled is refused, and the bytes after it never run") {
  serve::Server server{{.threads = 1, .limits = {.body_bytes = 1 << 20}}};
  server.add("m", sum_of(1), {});
  server.start();
  for (const Vector& vector : vectors()) {
    CAPTURE(vector.what);
    Client client(server.port());
    client.send(vector.request + live);
    const Answer answer = client.receive();
    CAPTURE(answer.status, answer.body);
    CHECK(std::find(vector.statuses.begin(), vector.statuses.end(), answer.status) != vector.statuses.end());
    CHECK(answer.body.starts_with("{\"error\":\""));
    CHECK(answer.field("connection") == "close");
    CHECK(client.is_closed());
  }
}

TEST_CASE("the same refusals come when the bytes drip in one by one") {
  serve::Server server{{.threads = 1}};
  server.add("m", sum_of(1), {});
  server.start();
  for (const Vector& vector : vectors()) {
    if (vector.request.size() > 400 || vector.what == std::string("a chunk beyond the limit")) continue;
    CAPTURE(vector.what);
    Client client(server.port());
    for (const char byte : vector.request + live)
      if (!client.send({&byte, 1})) break;
    const Answer answer = client.receive();
    CAPTURE(answer.status, answer.body);
    CHECK(std::find(vector.statuses.begin(), vector.statuses.end(), answer.status) != vector.statuses.end());
    CHECK(client.is_closed());
  }
}

TEST_CASE("well-formed requests pass the framing check") {
  const serve::Limits limits;
  serve::HeadParser parser(limits);
  serve::RequestHead head;
  const auto parse = [&](std::string_view text) { return parser.parse(text, head); };
  CHECK_FALSE(parse("GET /v2?x=%20 HTTP/1.1\r\nHost: [::1]:8000\r\nX-Long:  a b\tc \r\n\r\n"));
  CHECK(head.method == serve::Method::get);
  CHECK(head.target == "/v2?x=%20");
  CHECK(head.keep_alive);
  CHECK_FALSE(
      parse("POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 12\r\nINFERENCE-header-content-length: 7\r\n"
            "Expect: 100-continue\r\nConnection: close\r\n\r\n"));
  CHECK(head.framing.content_length == 12);
  CHECK(head.json_bytes == 7);
  CHECK(head.expects_continue);
  CHECK_FALSE(head.keep_alive);
  CHECK_FALSE(parse("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"));
  CHECK(head.framing.is_chunked);
  CHECK_FALSE(head.json_bytes);
  CHECK_FALSE(parse("GET /a HTTP/1.0\r\n\r\n"));
  CHECK_FALSE(head.keep_alive);
  CHECK_FALSE(parse("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  CHECK(head.keep_alive);
  CHECK_FALSE(head.is_http_1_1);
  CHECK_FALSE(parse("POST /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"));
  CHECK_FALSE(head.expects_continue);
  CHECK_FALSE(parse("GET http://127.0.0.1:80/v2/health/live?a=b HTTP/1.1\r\nHost: other\r\n\r\n"));
  CHECK(head.target == "/v2/health/live?a=b");
  CHECK_FALSE(parse("GET HTTPS://[::1] HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(head.target == "/");
  CHECK_FALSE(parse("GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(head.target == "/");
  CHECK_FALSE(parse("get /a HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(head.method == serve::Method::other);
}
