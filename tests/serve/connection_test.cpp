// How connections are kept, watched and closed, on a clock that the tests move.
#include "scalar/serve/options.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "scalar/serve/server.hpp"
#include "serve/client.hpp"
#include "serve/models.hpp"
#include "serve/requests.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace scalar;
using namespace serve_test;
using namespace std::chrono_literals;

namespace {

constexpr int small_window = 64 << 10;       // bytes
constexpr std::size_t mouthful = 512 << 10;  // more than fits into the window: the server must have seen progress

/// A started server with one thread unless the options say otherwise, a model "m" of `features` numbers, and a clock
/// that the test advances.
class TestServer {
 public:
  explicit TestServer(const serve::ServerOptions& options, int features = 2)
      : server_(with_threads(options), Runtime{{.clock = clock_}}) {
    server_.add("m", sum_of(features), {});
    server_.start();
  }

  Client connect(int receive_bytes = 0) const { return Client(server_.port(), receive_bytes); }
  void advance(Duration by) { clock_->advance(by); }
  /// The value of a counter or gauge, read over a new connection, when the thread has done what came before.
  double count(const char* name) const {
    Client other = connect();
    return metric(other, name);
  }
  /// Whether the server drops a slow client while the clock advances by `step` again and again.
  bool drops_slow_client(Duration step = {}) {
    return eventually([&] {
      advance(step);
      return count("scalar_timeouts_total") >= 1;
    });
  }

 private:
  static serve::ServerOptions with_threads(serve::ServerOptions options) {
    if (options.threads == 0) options.threads = 1;
    return options;
  }

  std::shared_ptr<test::ManualClock> clock_ = std::make_shared<test::ManualClock>();
  serve::Server server_;
};

}  // namespace

TEST_CASE("slow clients are told so, and dropped") {
  TestServer server({.timeouts = {.header = 40ms, .body_grace = 40ms, .body_bytes_per_second = 1000, .idle = 40ms}});
  Client head = server.connect(), body = server.connect(), chunks = server.connect(), idle = server.connect(),
         silent = server.connect();
  head.send(get("/v2/health/live") + "GET /v2 HTTP/1.1\r\n");
  CHECK(head.receive().status == 200);
  const std::string start = "POST /v2/models/m/infer HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n";
  body.send(start + "Content-Length: 100\r\n\r\n");
  CHECK(body.receive().status == 100);
  chunks.send(start + "Transfer-Encoding: chunked\r\n\r\n");
  CHECK(chunks.receive().status == 100);
  idle.send(get("/v2/health/live"));
  CHECK(idle.receive().status == 200);
  Client watch = server.connect();
  REQUIRE(eventually([&] { return metric(watch, "scalar_connections") == 6; }));
  body.send("{");
  chunks.send("5\r\nab");
  server.advance(100ms);  // 40, and two bytes at 1000 a second
  for (Client* client : {&head, &body, &chunks}) {
    const Answer answer = client->receive();
    CHECK(answer.status == 408);
    CHECK(error_of(answer) == "the request came too slowly");
    CHECK(client->is_closed());
  }
  CHECK(idle.is_closed());
  CHECK(silent.is_closed());
}

TEST_CASE("what follows a refusal is no request, also while the refusal cannot be written") {
  TestServer server({.timeouts = {.body_grace = 40ms}});
  Client client = server.connect(small_window);
  client.send("POST /v2/models/m/infer HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n");
  CHECK(client.receive().status == 100);
  const std::size_t junk = client.fill();
  REQUIRE(junk > 0);
  server.advance(100ms);
  REQUIRE(eventually([&] { return server.count("scalar_timeouts_total") == 1; }));
  client.send(get("/v2/health/live") + get("/v2/health/live"));  // of the body, as far as anybody can tell
  CHECK(server.count("scalar_timeouts_total") == 1);
  REQUIRE(client.skip(junk));
  CHECK(client.receive().status == 408);
  CHECK(client.is_closed());
}

TEST_CASE("a body is not slow for what its client had to wait") {
  TestServer server({.timeouts = {.header = 15s, .body_grace = 25s, .body_stall = 25s, .write_stall = 30s}});
  Client client = server.connect(small_window);
  client.send(get("/v2/health/live"));
  REQUIRE(client.receive().status == 200);
  const std::size_t junk = client.fill();
  const std::string request = infer(ask());
  client.send(get("/v2/health/live") + request.substr(0, request.size() - 5));
  CHECK(server.count("scalar_connections") >= 2);
  for (const bool is_blocked : {true, false}) {
    Client silent = server.connect();
    CHECK(server.count("scalar_connections") >= 3);
    server.advance(20s);
    CHECK(silent.is_closed());  // the server has looked at its clock
    if (!is_blocked) break;
    REQUIRE(client.skip(junk));
    CHECK(client.receive().status == 200);
    CHECK(server.count("scalar_timeouts_total") == 0);
  }
  client.send(request.substr(request.size() - 5));
  CHECK(client.receive().status == 200);
}

TEST_CASE("a client that takes nothing is dropped") {
  TestServer server({.timeouts = {.write_stall = 50ms}}, 1);
  Client client = server.connect(small_window);
  client.send(request_for_much());
  CHECK(client.receive(false).status == 200);  // and no more of it
  CHECK(server.drops_slow_client(50ms));
  CHECK_FALSE(client.skip(std::size_t{12} << 20));
}

TEST_CASE("a client that takes an answer slowly and steadily gets all of it") {
  TestServer server({.timeouts = {.header = 100ms}}, 1);
  Client client = server.connect(small_window);
  client.send(request_for_much());
  const Answer answer = client.receive(false);
  REQUIRE(answer.status == 200);
  const std::size_t size = std::stoul(answer.field("content-length"));
  REQUIRE(size > std::size_t{12} << 20);
  std::size_t left = size;
  for (; left > mouthful; left -= mouthful) {
    REQUIRE(client.skip(mouthful));  // 18 KB/s
    server.advance(29s);
  }
  CHECK(client.skip(left));
  client.send(get("/v2/health/live"));
  CHECK(client.receive().status == 200);
}

TEST_CASE("a client that takes an answer below the least rate is dropped though it never stalls") {
  TestServer server({.timeouts = {.header = 100ms, .answer_bytes_per_second = 100'000}}, 1);
  Client client = server.connect(small_window);
  client.send(request_for_much());
  REQUIRE(client.receive(false).status == 200);
  for (int i = 0; i < 2; ++i) {
    client.skip(mouthful);
    server.advance(29s);
  }
  CHECK(server.drops_slow_client());  // 58 s, and less than 30 s + 2 MB at 100 KB/s
}

TEST_CASE("the end of an answer, which lies in the kernel, has a least rate too") {
  TestServer server({.timeouts = {.idle = 1h, .answer_bytes_per_second = 100'000}}, 1);
  Client client = server.connect(small_window);
  client.send(request_for_much());
  REQUIRE(client.receive(false).status == 200);
  std::size_t taken = 0;
  while (server.count("scalar_buffered_bytes") > 0) {  // until the server has written all of it
    REQUIRE(client.skip(small_window));
    taken += small_window;
  }
  REQUIRE(taken < std::size_t{12} << 20);
  server.advance(5min);
  CHECK(server.drops_slow_client());
}

TEST_CASE("a connection ends after its number of requests") {
  TestServer server({.limits = {.requests_per_connection = 2}});
  Client client = server.connect();
  client.send(get("/v2") + get("/v2") + get("/v2"));
  CHECK(client.receive().field("connection").empty());
  CHECK(client.receive().field("connection") == "close");
  CHECK(client.is_closed());
}

TEST_CASE("the longest idle connection makes room for a new one") {
  TestServer server({.limits = {.connections = 3}});
  const auto is_answered = [](Client& client) {
    client.send(get("/v2"));
    return client.receive().status == 200;
  };
  Client first = server.connect(), second = server.connect(), third = server.connect();
  CHECK(is_answered(second));
  CHECK(is_answered(third));
  server.advance(5s);
  CHECK(is_answered(first));  // is the youngest now
  server.advance(5s);
  Client fourth = server.connect();
  CHECK(is_answered(fourth));
  CHECK(second.is_closed());
  Client fifth = server.connect();
  CHECK(is_answered(fifth));
  CHECK(third.is_closed());
  CHECK(is_answered(first));
  CHECK(metric(fifth, "scalar_connections_evicted_total") == 2);
  CHECK(metric(fifth, "scalar_connections_refused_total") == 0);
  CHECK(metric(fifth, "scalar_connections") == 3);
}

TEST_CASE("an idle connection makes room however many busy ones are older") {
  constexpr std::size_t many = 140;
  TestServer server({.limits = {.connections = many + 1}});
  std::vector<Client> busy;
  for (std::size_t i = 0; i < many; ++i) {
    busy.push_back(server.connect());
    busy.back().send("GET /v2 HTTP/1.1\r\n");
  }
  Client idle = server.connect();
  idle.send(get("/v2"));
  CHECK(idle.receive().status == 200);
  server.advance(5s);
  Client other = server.connect();
  other.send(get("/v2"));
  CHECK(other.receive().status == 200);
  CHECK(idle.is_closed());
  CHECK(metric(other, "scalar_connections_evicted_total") == 1);
}

TEST_CASE("a connection makes room in whichever loop it is idle") {
  const std::size_t reserved = GENERATE(std::size_t{0}, std::size_t{16});
  TestServer server({.threads = 4, .limits = {.connections = 6, .reserved_connections = reserved}});
  std::vector<Client> old, young;
  const auto ask = [&](std::vector<Client>& clients) {
    clients.push_back(server.connect());
    clients.back().send(get("/v2"));
    return clients.back().receive().status;
  };
  for (int i = 0; i < 6; ++i) CHECK(ask(old) == 200);
  server.advance(5s);
  for (int i = 0; i < 6; ++i) CHECK(ask(young) == 200);
  for (Client& client : old) CHECK(client.is_closed());
  CHECK(metric(young[0], "scalar_connections_evicted_total") == 6);
}

TEST_CASE("where no connection is idle, health and metrics have a reserve") {
  TestServer server({.limits = {.connections = 2, .reserved_connections = 2}});
  std::vector<Client> busy;
  for (int i = 0; i < 2; ++i) {
    busy.push_back(server.connect());
    busy.back().send(get("/v2") + "GET /v2 HTTP/1.1\r\n");  // and never ends the second
    CHECK(busy.back().receive().status == 200);
  }
  for (const char* target : {"/v2/health/live", "/v2/health/ready", "/metrics"}) {
    Client client = server.connect();
    client.send(get(target) + get(target));
    const Answer answer = client.receive();
    CHECK(answer.status == 200);
    CHECK(answer.field("connection") == "close");
    CHECK(client.is_closed());
  }
  for (const std::string& request : {get("/v2"), infer(ask())}) {
    Client client = server.connect();
    client.send(request);
    const Answer answer = client.receive();
    CHECK(answer.status == 503);
    CHECK(error_of(answer) == "too many connections");
    CHECK(answer.field("retry-after") == "1");
    CHECK(client.is_closed());
  }
  {
    Client silent = server.connect(), other = server.connect(), beyond = server.connect();
    CHECK(beyond.receive().status == 503);  // the reserve is used up: told at once
    CHECK(beyond.is_closed());
    server.advance(2s);
    CHECK(silent.receive().status == 503);  // it asked for nothing in time
    CHECK(other.receive().status == 503);
  }

  busy.clear();
  CHECK(eventually([&] {  // the server learns that they are gone
    Client again = server.connect();
    again.send(infer(ask()));
    return again.receive().status == 200;
  }));
}

TEST_CASE("a process without file descriptors says so to the client, in its log and in its metrics") {
  std::mutex mutex;
  std::vector<std::string> lines;
  const auto log = [&](LogLevel level, std::string_view, std::string_view message) {
    const std::lock_guard lock(mutex);
    if (level == LogLevel::warning) lines.emplace_back(message);
  };
  serve::Server server{{.threads = 1}, Runtime{{.log = log}}};
  server.start();
  Client warm(server.port()), late;
  warm.send(get("/v2") + "GET /v2/health/live HTTP/1.1\r\n");  // is not idle
  CHECK(warm.receive().status == 200);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit small = before;
  small.rlim_cur = 256;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &small) == 0);
  std::vector<int> fillers;
  for (int filler = 0; (filler = ::open("/dev/null", O_RDONLY)) >= 0;) fillers.push_back(filler);
  late.connect(server.port());
  const Answer answer = late.receive();
  for (const int filler : fillers) ::close(filler);
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(answer.status == 503);
  CHECK(error_of(answer) == "no file descriptor is left for this connection");
  CHECK(late.is_closed());
  warm.send("Host: a\r\n\r\n");
  CHECK(warm.receive().status == 200);
  CHECK(metric(warm, "scalar_descriptors_exhausted_total") >= 1);
  Client after(server.port());
  after.send(get("/v2"));
  CHECK(after.receive().status == 200);
  const std::lock_guard lock(mutex);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].starts_with("no file descriptor is left for a connection: raise"));
}
