#include "serve/budget.hpp"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "scalar/serve/server.hpp"
#include "serve/infer.hpp"
#include "serve/models.hpp"
#include "serve/requests.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/manual_clock.hpp"

using namespace scalar;
using namespace serve_test;

TEST_CASE("a budget is never given twice, and what was held comes back") {
  serve::Budget budget(1000);
  {
    serve::Reservation first(budget), second(budget);
    CHECK(first.resize(600));
    CHECK_FALSE(second.resize(401));
    CHECK(second.bytes() == 0);
    CHECK(second.resize(400));
    CHECK(first.resize(100));
    CHECK(budget.used() == 500);
    CHECK(second.add(500));
    CHECK_FALSE(first.add(1));
    CHECK(first.could_add(900));
    CHECK_FALSE(first.could_add(901));
    first.hold(5000);  // is there already: counted, and nobody gets more until it is gone
    CHECK(budget.used() == 5900);
    CHECK_FALSE(second.add(1));
    CHECK_FALSE(budget.has(0));
    serve::Reservation moved(std::move(first));
    CHECK(moved.bytes() == 5000);
    second = std::move(moved);
    CHECK(budget.used() == 5000);
  }
  CHECK(budget.used() == 0);
  serve::Reservation free;
  CHECK(free.resize(std::uint64_t{1} << 60));
}

TEST_CASE("threads that take from one budget never hold more than it has") {
  serve::Budget budget(100);
  std::vector<std::thread> threads;
  std::atomic<bool> is_beyond{false};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        serve::Reservation mine(budget);
        mine.resize(static_cast<std::uint64_t>(30 + i % 40));
        if (budget.used() > 100) is_beyond = true;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK_FALSE(is_beyond);
  CHECK(budget.used() == 0);
}

TEST_CASE("decoding counts what it allocates, and keeps little of it") {
  const std::string json = [] {
    std::string data = "[0";
    for (int i = 1; i < 200'000; ++i) data += ",0";
    return ask(data + "]", "100000") + std::string(64, ' ');
  }();
  const std::string_view body = std::string_view(json).substr(0, json.size() - 64);
  serve::Budget enough(64 << 20), too_little(1 << 20), taken(64 << 20);
  const serve::RequestForm form = serve::request_form(Sum(dense(2)), "test");
  serve::InferRequest request(enough);
  request.decode(form, body, {}, {});
  CHECK(enough.used() >= 14 * body.size() + 200'000 * sizeof(float));
  CHECK(request.rows() == 100'000);
  request.release();
  CHECK(enough.used() == 0);

  serve::InferRequest large(too_little), unlucky(taken);
  CHECK(test::message_of(Errc::too_large, [&] { large.decode(form, body, {}, {}); }) ==
        "the request needs more memory than all requests and answers may have");
  serve::Reservation others(taken);
  REQUIRE(others.resize(60 << 20));
  CHECK(test::message_of(Errc::unavailable, [&] { unlucky.decode(form, body, {}, {}); }) == serve::too_much_memory);
}

TEST_CASE("a shape that promises more than the body holds takes no memory") {
  serve::Budget budget(1 << 20);
  const serve::RequestForm form = serve::request_form(Sum(dense(2)), "test");
  serve::InferRequest request(budget);
  const std::string body = ask("[1,2]", "8000000") + std::string(64, ' ');
  CHECK(test::code_of([&] { request.decode(form, std::string_view(body).substr(0, body.size() - 64), {}, {}); }) ==
        Errc::shape_mismatch);
  CHECK(budget.used() == 0);
}

TEST_CASE("bodies of all connections together are bounded") {
  serve::Server server{{.threads = 1, .limits = {.buffered_bytes = 2 << 20}}};
  server.add("m", sum_of(2), {});
  server.start();
  Client first(server.port()), second(server.port()), never(server.port()), other(server.port());
  const auto begin = [](std::size_t announced, std::size_t sent) {
    return "POST /v2/models/m/infer HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(announced) + "\r\n\r\n" +
           std::string(sent, ' ');
  };
  first.send(begin(700'000, 600'000));
  REQUIRE(eventually([&] { return metric(other, "scalar_buffered_bytes") >= 600'000; }));
  second.send(begin(1'500'000, 1'400'000));
  Answer answer = second.receive();
  CHECK(answer.status == 503);
  CHECK(answer.field("retry-after") == "1");
  CHECK(error_of(answer) == serve::too_much_memory);
  never.send(begin(4'000'000, 0));
  answer = never.receive();
  CHECK(answer.status == 413);
  CHECK(error_of(answer) == "the body is too large");
  other.send(infer(ask()));
  CHECK(other.receive().status == 200);
  first.send(std::string(100'000, ' '));
  answer = first.receive();  // came whole, but its JSON needs 14 times as much to be read
  CHECK(answer.status == 413);
  CHECK(error_of(answer) == "the request needs more memory than all requests and answers may have");
  CHECK(metric(other, "scalar_buffered_bytes") == 0);
}

TEST_CASE("the buffer of a body grows only when it is full") {
  serve::Server server{{.threads = 1}, Runtime{{.clock = std::make_shared<test::ManualClock>()}}};
  server.start();
  Client client(server.port()), other(server.port());
  client.send("POST /v2/models/m/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n");
  for (int i = 0; i < 50; ++i) {
    client.send(std::string(10'000, ' '));
    REQUIRE(eventually([&] { return client.is_read(); }));
  }
  const double held = metric(other, "scalar_buffered_bytes");
  CHECK(held >= 500'000);
  CHECK(held < 600'000);  // 16 KiB, doubled five times
}

TEST_CASE("answers that clients do not take are bounded") {
  // On a clock that stands: no client is dropped because this test is slow.
  serve::Server server{{.threads = 1, .workers = 1, .limits = {.buffered_bytes = 64 << 20}},
                       Runtime{{.clock = std::make_shared<test::ManualClock>()}}};
  server.add("m", sum_of(1), {});
  server.start();
  const std::string request = request_for_much();
  std::vector<Client> clients;
  int refused = 0;
  for (int i = 0; i < 12; ++i) {
    clients.emplace_back(server.port());
    REQUIRE(clients.back().send(request));
    const Answer answer = clients.back().receive(false);  // and no more of it
    CAPTURE(i, answer.status);
    if (answer.status == 503) ++refused;
    CHECK((answer.status == 200 || answer.status == 503));
    if (answer.status == 503) CHECK(answer.field("retry-after") == "1");
  }
  CHECK(refused >= 8);  // five answers of 13 MB are more than 64 MB
  Client other(server.port());
  CHECK(metric(other, "scalar_buffered_bytes") <= 64 << 20);
  clients.clear();
  CHECK(eventually([&] { return metric(other, "scalar_buffered_bytes") == 0; }));
  other.send(request);
  CHECK(other.receive(false).status == 200);
}
