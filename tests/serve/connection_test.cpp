// How connections are kept, watched and closed, on a clock that the tests move.
#include "scalar/serve/options.hpp"

#include <memory>
#include <string>

#include "scalar/serve/server.hpp"
#include "serve/client.hpp"
#include "serve/models.hpp"
#include "serve/requests.hpp"
#include "support/catch.hpp"

using namespace scalar;
using namespace serve_test;
using namespace std::chrono_literals;

namespace {

constexpr int small_window = 64 << 10;       // bytes
constexpr std::size_t mouthful = 512 << 10;  // more than fits into the window: the server must have seen progress

}  // namespace

TEST_CASE("slow clients are told so, and dropped") {
  const auto clock = std::make_shared<ManualClock>();
  serve::Server server{
      {.threads = 1, .timeouts = {.header = 40ms, .body_grace = 40ms, .body_bytes_per_second = 1000, .idle = 40ms}},
      Runtime{{.clock = clock}}};
  server.add("m", sum_of(2), {});
  server.start();
  Client head(server.port()), body(server.port()), chunks(server.port()), idle(server.port()), silent(server.port());
  head.send(get("/v2/health/live") + "GET /v2 HTTP/1.1\r\n");
  CHECK(head.receive().status == 200);
  const std::string start = "POST /v2/models/m/infer HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n";
  body.send(start + "Content-Length: 100\r\n\r\n");
  CHECK(body.receive().status == 100);
  chunks.send(start + "Transfer-Encoding: chunked\r\n\r\n");
  CHECK(chunks.receive().status == 100);
  idle.send(get("/v2/health/live"));
  CHECK(idle.receive().status == 200);
  Client watch(server.port());
  REQUIRE(eventually([&] { return metric(watch, "scalar_connections") == 6; }));
  body.send("{");
  chunks.send("5\r\nab");
  clock->advance(100ms);  // 40, and two bytes at 1000 a second
  for (Client* client : {&head, &body, &chunks}) {
    const Answer answer = client->receive();
    CHECK(answer.status == 408);
    CHECK(error_of(answer) == "the request came too slowly");
    CHECK(client->is_closed());
  }
  CHECK(idle.is_closed());
  CHECK(silent.is_closed());
}

TEST_CASE("a client that takes nothing is dropped") {
  const auto clock = std::make_shared<ManualClock>();
  serve::Server server{{.threads = 1, .timeouts = {.write_stall = 50ms}}, Runtime{{.clock = clock}}};
  server.add("m", sum_of(1), {});
  server.start();
  Client client(server.port(), small_window);
  client.send(request_for_much());
  CHECK(client.receive(false).status == 200);  // and no more of it
  const auto dropped = [&] {
    clock->advance(50ms);
    Client other(server.port());
    return metric(other, "scalar_timeouts_total") == 1;
  };
  CHECK(eventually(dropped));
  CHECK_FALSE(client.skip(std::size_t{12} << 20));
}

TEST_CASE("a client that takes an answer slowly and steadily gets all of it") {
  const auto clock = std::make_shared<ManualClock>();
  serve::Server server{{.threads = 1, .timeouts = {.header = 100ms}}, Runtime{{.clock = clock}}};
  server.add("m", sum_of(1), {});
  server.start();
  Client client(server.port(), small_window);
  client.send(request_for_much());
  const Answer answer = client.receive(false);
  REQUIRE(answer.status == 200);
  const std::size_t size = std::stoul(answer.field("content-length"));
  REQUIRE(size > std::size_t{12} << 20);
  std::size_t left = size;
  for (; left > mouthful; left -= mouthful) {
    REQUIRE(client.skip(mouthful));  // 18 KB/s
    clock->advance(29s);
  }
  CHECK(client.skip(left));
  client.send(get("/v2/health/live"));
  CHECK(client.receive().status == 200);
}

TEST_CASE("a client that takes an answer below the least rate is dropped though it never stalls") {
  const auto clock = std::make_shared<ManualClock>();
  serve::Server server{{.threads = 1, .timeouts = {.header = 100ms, .answer_bytes_per_second = 100'000}},
                       Runtime{{.clock = clock}}};
  server.add("m", sum_of(1), {});
  server.start();
  Client client(server.port(), small_window);
  client.send(request_for_much());
  REQUIRE(client.receive(false).status == 200);
  for (int i = 0; i < 2; ++i) {
    client.skip(mouthful);
    clock->advance(29s);
  }
  CHECK(eventually([&] {  // 58 s, and less than 30 s + 2 MB at 100 KB/s
    Client other(server.port());
    return metric(other, "scalar_timeouts_total") == 1;
  }));
}
