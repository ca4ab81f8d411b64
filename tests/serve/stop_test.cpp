// What clients see of a server that stops.
#include "scalar/serve/server.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "serve/client.hpp"
#include "serve/models.hpp"
#include "serve/requests.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace scalar;
using namespace serve_test;
using namespace std::chrono_literals;

namespace {

bool is_refused(std::uint16_t port) {
  try {
    Client client(port);
    return false;
  } catch (const std::runtime_error&) {
    return true;
  }
}

}  // namespace

TEST_CASE("a lame duck still serves, and tells everybody to go") {
  const auto clock = std::make_shared<test::ManualClock>();
  serve::Server server{{.threads = 2, .timeouts = {.lame_duck = 20s, .last_request = 1s}}, Runtime{{.clock = clock}}};
  server.add("m", sum_of(2), {});
  server.start();
  const std::uint16_t port = server.port();
  Client kept(port), idle(port);
  for (Client* client : {&kept, &idle}) {
    client->send(infer(ask()));
    CHECK(client->receive().field("connection").empty());
  }
  std::thread stopper([&] { server.stop(); });
  const bool is_told = eventually([&] {
    Client probe(port);
    probe.send(get("/v2/health/ready"));
    const Answer answer = probe.receive();
    return answer.status == 503 && answer.field("connection") == "close" && answer.field("retry-after") == "1";
  });
  clock->advance(10s);  // half of it: connections are taken, also those that have been idle for long
  kept.send(infer(ask()));
  const Answer last = kept.receive();
  const bool is_kept_closed = kept.is_closed();
  Client late(port);
  late.send(infer(ask()) + infer(ask()));
  const Answer served = late.receive();
  const bool is_late_closed = late.is_closed();
  clock->advance(10s);
  const bool is_idle_closed = idle.is_closed();
  stopper.join();
  CHECK(is_told);
  CHECK(is_kept_closed);
  CHECK(last.status == 200);
  CHECK(last.field("connection") == "close");
  CHECK(served.status == 200);
  CHECK(served.field("connection") == "close");
  CHECK(is_late_closed);
  CHECK(is_idle_closed);
  CHECK(is_refused(port));
}

TEST_CASE("an idle connection has time for a last request when the server stops") {
  const auto clock = std::make_shared<test::ManualClock>();
  serve::Server server{{.threads = 1, .timeouts = {.last_request = 5s}}, Runtime{{.clock = clock}}};
  server.start();
  const std::uint16_t port = server.port();
  Client kept(port), idle(port);
  for (Client* client : {&kept, &idle}) {
    client->send(get("/v2"));
    CHECK(client->receive().status == 200);
  }
  std::thread stopper([&] { server.stop(); });
  const bool is_closed = eventually([&] { return is_refused(port); });
  kept.send(get("/v2"));
  const Answer answer = kept.receive();
  const bool is_kept_closed = kept.is_closed();
  clock->advance(5s);
  const bool is_idle_closed = idle.is_closed();
  stopper.join();
  CHECK(is_closed);
  CHECK(is_kept_closed);
  CHECK(answer.status == 200);
  CHECK(answer.field("connection") == "close");
  CHECK(is_idle_closed);
}

TEST_CASE("clients that keep their connections lose no request when the server stops") {
  for (const auto lame_duck : {0ms, 50ms}) {
    serve::Server server{{.threads = 2, .timeouts = {.lame_duck = lame_duck, .last_request = 20s}}};
    server.add("m", sum_of(2), {});
    server.start();
    const std::uint16_t port = server.port();
    constexpr int clients = 32;
    std::atomic<int> lost{0}, answered{0}, ended{0}, warm{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < clients; ++t)
      threads.emplace_back([&] {
        try {
          while (true) {
            Client client(port);  // throws when the port is closed
            for (bool is_kept = true; is_kept;) {
              if (!client.send(infer(ask()))) ++lost;
              const Answer answer = client.receive();
              if (answer.status != 200) return static_cast<void>(++lost);
              if (++answered == clients) ++warm;
              is_kept = answer.field("connection") != "close";
            }
          }
        } catch (const std::exception&) {
          ++ended;
        }
      });
    const bool was_warm = eventually([&] { return warm > 0; });
    server.stop();
    for (auto& thread : threads) thread.join();
    CHECK(was_warm);
    CHECK(lost == 0);
    CHECK(ended == clients);
    CHECK(answered >= clients);
  }
}
