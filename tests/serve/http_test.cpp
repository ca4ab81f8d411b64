#include "serve/http.hpp"

#include <mutex>
#include <string>
#include <vector>

#include "scalar/serve/server.hpp"
#include "serve/client.hpp"
#include "serve/models.hpp"
#include "serve/requests.hpp"
#include "support/catch.hpp"

using namespace scalar;
using namespace serve_test;

TEST_CASE("HEAD answers as GET does, without the body") {
  serve::Server server{{.threads = 1}};
  server.add("m", sum_of(2), {.version = "1"});
  server.start();
  Client client(server.port());
  for (const std::string target : {"/v2", "/v2/", "/v2/health/live", "/v2/health/ready", "/v2/models", "/v2/models/m",
                                   "/v2/models/m/versions/1", "/v2/models/m/ready", "/v2/models/nobody", "/nowhere"}) {
    CAPTURE(target);
    client.send("HEAD " + target + " HTTP/1.1\r\nHost: a\r\n\r\n" + get(target));
    const Answer head = client.receive(false), whole = client.receive();
    CHECK(head.status == whole.status);
    CHECK(head.field("content-length") == std::to_string(whole.body.size()));
    CHECK(head.field("content-type") == whole.field("content-type"));
    CHECK_FALSE(whole.body.empty());
  }
  client.send("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\nHEAD /v2/models/m/infer HTTP/1.1\r\nHost: a\r\n\r\n" +
              get("/v2/health/live"));
  const Answer metrics = client.receive(false);
  CHECK(metrics.status == 200);
  CHECK(std::stoul(metrics.field("content-length")) > 100);
  const Answer answer = client.receive(false);
  CHECK(answer.status == 405);
  CHECK(answer.field("allow") == "POST");
  CHECK(client.receive().body == R"({"live":true})");
}

TEST_CASE("an HTTP/1.0 client that asks to keep the connection is told that it is kept") {
  serve::Server server{{.threads = 1, .limits = {.requests_per_connection = 3}}};
  server.start();
  Client client(server.port());
  const std::string request = "GET /v2/health/live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  for (const char* expected : {"keep-alive", "keep-alive", "close"}) {
    client.send(request);
    const Answer answer = client.receive();
    CHECK(answer.status == 200);
    CHECK(answer.field("connection") == expected);
  }
  CHECK(client.is_closed());
  Client modern(server.port());
  modern.send(get("/v2/health/live"));
  CHECK(modern.receive().field("connection").empty());
}

TEST_CASE("absolute targets, an empty line first and trailer fields are understood") {
  serve::Server server{{.threads = 1}};
  server.add("m", sum_of(2), {});
  server.start();
  Client client(server.port());
  const std::string body = ask();
  char size[16];
  std::snprintf(size, sizeof size, "%zx\r\n", body.size());
  const std::string with_trailers =
      "\r\nPOST http://somewhere.else:99/v2/models/m/infer?x HTTP/1.1\r\nHost: a\r\n"
      "Transfer-Encoding: chunked\r\n\r\n" +
      std::string(size) + body + "\r\n0\r\nX-Checksum: abc\r\nServer-Timing: a, b\r\n\r\n";
  client.send(with_trailers + with_trailers + "\r\n" + get("http://127.0.0.1/v2/health/live"));
  CHECK(prediction(client.receive()) == 3);
  CHECK(prediction(client.receive()) == 3);
  CHECK(client.receive().body == R"({"live":true})");
  for (const char byte : with_trailers) client.send({&byte, 1});
  CHECK(prediction(client.receive()) == 3);
  client.send("\r\n");  // as some clients send after a body
  client.send(get("/v2/health/live"));
  CHECK(client.receive().status == 200);
}

TEST_CASE("a client that asks before it sends a body is refused at once where the answer is known") {
  serve::Server server{{.threads = 1, .limits = {.body_bytes = 900'000, .buffered_bytes = 1 << 20}}};
  server.add("m", sum_of(2), {});
  server.start();
  const auto asking = [&](const std::string& line, std::size_t length, const std::string& version = "1.1") {
    Client client(server.port());
    client.send(line + " HTTP/" + version +
                "\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n");
    return client;
  };
  struct Case {
    const char* line;
    std::size_t length;
    int status;
  };
  for (const Case& known :
       {Case{"POST /v2/models/nobody/infer", 100, 404}, Case{"POST /v2/models/m/versions/9/infer", 100, 404},
        Case{"POST /nowhere", 100, 404}, Case{"GET /v2/models/m/infer", 100, 405},
        Case{"POST /v2/models/m/infer", 1'000'000, 413}}) {
    CAPTURE(known.line);
    Client client = asking(known.line, known.length);
    const Answer answer = client.receive();
    CHECK(answer.status == known.status);
    CHECK(answer.field("connection") == "close");
    CHECK(client.is_closed());
  }
  Client large = asking("POST /v2/models/m/infer", 400'000);
  CHECK(large.receive().status == 100);
  large.send(std::string(390'000, ' '));
  Client watch(server.port());
  REQUIRE(eventually([&] { return metric(watch, "scalar_buffered_bytes") >= 390'000; }));
  Client refused = asking("POST /v2/models/m/infer", 800'000);
  CHECK(refused.receive().status == 503);
  CHECK(refused.is_closed());

  Client old = asking("POST /v2/models/m/infer", ask().size(), "1.0");  // would take 100 for the answer
  old.send(ask());
  CHECK(prediction(old.receive()) == 3);
}

TEST_CASE("a client that speaks TLS is refused at its first byte, and the log says why") {
  std::mutex mutex;
  std::vector<std::string> lines;
  const auto log = [&](LogLevel level, std::string_view, std::string_view message) {
    const std::lock_guard lock(mutex);
    if (level == LogLevel::warning) lines.emplace_back(message);
  };
  {
    serve::Server server{{.threads = 1}, Runtime{{.log = log}}};
    server.start();
    for (int i = 0; i < 3; ++i) {
      Client client(server.port());
      client.send("\x16");
      const Answer answer = client.receive();
      CHECK(answer.status == 400);
      CHECK(error_of(answer) == "this port speaks plain HTTP, not TLS");
      CHECK(client.is_closed());
    }
  }
  REQUIRE(lines.size() == 1);  // a scanner must not fill the log
  CHECK(
      lines[0] ==
      "a client speaks TLS to this port, which speaks plain HTTP: use http://, or put a proxy that ends TLS in front");
}
