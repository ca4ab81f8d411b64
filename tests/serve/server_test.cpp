#include "scalar/serve/server.hpp"

#include <array>
#include <atomic>
#include <cstring>
#include <future>
#include <thread>
#include <vector>

#include "scalar/core/error.hpp"
#include "scalar/core/json.hpp"
#include "scalar/serve.hpp"
#include "serve/client.hpp"
#include "serve/models.hpp"
#include "serve/requests.hpp"
#include "support/catch.hpp"

using namespace scalar;
using namespace serve_test;
using namespace std::chrono_literals;

TEST_CASE("a server describes itself and its models") {
  serve::Server server{{.threads = 1, .name = "here"}};
  server.add("m", sum_of(2), {.version = "1"});
  server.add("mixed", mixed_sum(), {.version = "7"});
  server.start();
  CHECK(server.url() == "http://127.0.0.1:" + std::to_string(server.port()));
  Client client(server.port());
  const auto fetch = [&](const std::string& target) {
    client.send(get(target));
    return client.receive();
  };
  CHECK(fetch("/v2").body == R"({"name":"here","version":"0.1.0","extensions":["binary_tensor_data"]})");
  CHECK(fetch("/v2/").status == 200);
  CHECK(fetch("/v2/health/live").body == R"({"live":true})");
  CHECK(fetch("/v2/health/ready").body == R"({"live":true,"ready":true})");
  CHECK(fetch("/v2/models").body == R"({"models":["m","mixed"]})");
  CHECK(fetch("/v2/models/m/ready").body == R"({"name":"m","ready":true})");
  CHECK(fetch("/v2/models/m/versions/1/ready").status == 200);
  CHECK(
      fetch("/v2/models/m").body ==
      R"({"name":"m","versions":["1"],"platform":"test","inputs":[{"name":"input","datatype":"FP32","shape":[-1,2]}],)"
      R"("outputs":[{"name":"prediction","datatype":"FP64","shape":[-1,1]}]})");
  CHECK(
      fetch("/v2/models/mixed/versions/7").body ==
      R"({"name":"mixed","versions":["7"],"platform":"test","inputs":[{"name":"age","datatype":"FP64","shape":[-1,1]},)"
      R"({"name":"job","datatype":"BYTES","shape":[-1,1]}],"outputs":[)"
      R"({"name":"probabilities","datatype":"FP32","shape":[-1,2]},{"name":"label","datatype":"BYTES","shape":[-1,1]}]})");

  Answer answer = fetch("/v2/models/m");
  CHECK(answer.field("content-type") == "application/json");
  answer = fetch("/v2/models/nobody");
  CHECK(answer.status == 404);
  CHECK(answer.field("content-type") == "application/json");
  CHECK(error_of(answer) == "Request for unknown model: 'nobody' is not found");
  CHECK(error_of(fetch("/v2/models/m/versions/2")) == "Request for unknown model: 'm' version '2' is not found");
  CHECK(fetch("/v2/models/nobody/ready").status == 404);
  CHECK(error_of(fetch("/nowhere")) == "Not Found");
  CHECK(fetch("/v2/models/%zz").status == 400);
  answer = fetch("/v2/models/m/infer");
  CHECK(answer.status == 405);
  CHECK(answer.field("allow") == "POST");
  client.send(post("/v2", "{}"));
  answer = client.receive();
  CHECK(answer.status == 405);
  CHECK(answer.field("allow") == "GET, HEAD");
  CHECK(fetch("/v2/health/live").status == 200);
}

TEST_CASE("a server predicts in JSON and binary, on one connection") {
  serve::Server server{{.threads = 1}};
  server.add("m", sum_of(2, 0.5), {.version = "1"});
  server.add("mixed", mixed_sum(), {});
  server.start();
  Client client(server.port());
  for (int i = 0; i < 3; ++i) {  // the first goes to a worker, the others are answered on the spot
    client.send(infer(ask("[[1,2],[3,4]]", "2")));
    const Answer answer = client.receive();
    REQUIRE(answer.status == 200);
    CHECK(answer.body == R"({"model_name":"m","model_version":"1","outputs":[)"
                         R"({"name":"prediction","datatype":"FP64","shape":[2,1],"data":[3.5,7.5]}]})");
    CHECK(answer.field("x-scalar-cache") == "miss");
  }
  client.send(infer(R"({"id":"x","inputs":[{"name":"job","datatype":"BYTES","shape":[1,1],"data":["abc"]},)"
                    R"({"name":"age","datatype":"INT32","shape":[1,1],"data":[-2]}],"parameters":{"cache":false}})",
                    {}, "mixed"));
  Answer answer = client.receive();
  CHECK(answer.body == R"({"model_name":"mixed","model_version":"1","id":"x","outputs":[)"
                       R"({"name":"probabilities","datatype":"FP32","shape":[1,2],"data":[1,0]},)"
                       R"({"name":"label","datatype":"BYTES","shape":[1,1],"data":["no"]}]})");
  CHECK(answer.field("x-scalar-cache") == "bypass");

  const std::string head = R"({"inputs":[{"name":"input","datatype":"FP32","shape":[1,2],)"
                           R"("parameters":{"binary_data_size":8}}],"parameters":{"binary_data_output":true}})";
  const float row[] = {40, 1.5f};
  client.send(infer(head + std::string(reinterpret_cast<const char*>(row), sizeof row),
                    "Inference-Header-Content-Length: " + std::to_string(head.size()) + "\r\n"));
  answer = client.receive();
  REQUIRE(answer.status == 200);
  CHECK(answer.field("content-type") == "application/octet-stream");
  const std::size_t json_bytes = std::stoul(answer.field("inference-header-content-length"));
  REQUIRE(answer.body.size() == json_bytes + sizeof(double));
  double seen = 0;
  std::memcpy(&seen, answer.body.data() + json_bytes, sizeof seen);
  CHECK(seen == 42);

  client.send(infer(ask("[1]")));
  answer = client.receive();
  CHECK(answer.status == 400);
  CHECK(error_of(answer) == "input 'input': 'data' has 1 elements where 'shape' says 2");
  client.send(infer(""));
  CHECK(client.receive().status == 400);
  client.send(infer(ask("[5,6]")));
  CHECK(prediction(client.receive()) == 11.5);
}

TEST_CASE("chunked bodies, Expect, pipelines and HTTP/1.0 work") {
  serve::Server server{{.threads = 1}};
  server.add("m", sum_of(2), {});
  server.start();
  Client client(server.port());
  const std::string body = ask();
  char size[16];
  std::snprintf(size, sizeof size, "%zx", body.size() - 5);
  const std::string chunked = "POST /v2/models/m/infer HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                              std::string(size) + ";a=b\r\n" + body.substr(0, body.size() - 5) + "\r\n5\r\n" +
                              body.substr(body.size() - 5) + "\r\n0\r\n\r\n";
  client.send(chunked + chunked + get("/v2/health/live"));
  CHECK(prediction(client.receive()) == 3);
  CHECK(prediction(client.receive()) == 3);
  CHECK(client.receive().body == R"({"live":true})");

  client.send("POST /v2/models/m/infer HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n");
  CHECK(client.receive().status == 100);
  client.send(body);
  CHECK(prediction(client.receive()) == 3);

  std::string many;
  for (int i = 0; i < 500; ++i)
    many += i % 2 == 0 ? infer(ask("[" + std::to_string(i) + ",0]")) : get("/v2/health/live");
  std::thread sender([&] { client.send(many); });
  for (int i = 0; i < 500; ++i) {
    const Answer answer = client.receive();
    REQUIRE(answer.status == 200);
    if (i % 2 == 0) REQUIRE(prediction(answer) == i);
  }
  sender.join();

  Client old(server.port());
  old.send("GET /v2/health/live HTTP/1.0\r\n\r\n" + get("/v2"));
  CHECK(old.receive().status == 200);
  CHECK(old.is_closed());
  Client polite(server.port());
  polite.send(get("/v2/health/live", "Connection: close\r\n") + get("/v2"));
  CHECK(polite.receive().field("connection") == "close");
  CHECK(polite.is_closed());
}

TEST_CASE("large requests and answers pass whole") {
  serve::Server server{{.threads = 1}};
  server.add("m", sum_of(2), {});
  server.start();
  Client client(server.port());
  std::string data = "[0,0.5";
  constexpr int rows = 60'000;
  for (int i = 1; i < rows; ++i) data += "," + std::to_string(i) + ",0.5";
  const std::string body = ask(data + "]", std::to_string(rows));
  for (int round = 0; round < 2; ++round) {
    std::thread sender([&] { client.send(infer(body) + get("/v2/health/live")); });
    const Answer answer = client.receive();
    sender.join();
    REQUIRE(answer.status == 200);
    const json::Value parsed = json::parse(answer.body);
    const auto& values = parsed.at("outputs").as_array()[0].at("data").as_array();
    REQUIRE(values.size() == rows);
    CHECK(values[rows - 1].as_double() == rows - 0.5);
    CHECK(client.receive().status == 200);
  }
}

TEST_CASE("errors of a model become answers, and the server lives on") {
  serve::Server server{{.threads = 1}};
  std::atomic<int> count{0};
  server.add("m",
             sum_of(2, 0,
                    [&] {
                      switch (count++) {
                        case 0:
                          throw Error(Errc::invalid_argument, "unknown category", "column \"job\"");
                        case 1:
                          throw Error(Errc::unavailable, "not now");
                        case 2:
                          throw std::runtime_error("a secret");
                        case 3:
                          throw std::bad_alloc();
                        default:
                          break;
                      }
                    }),
             {});
  server.start();
  Client client(server.port());
  const auto next = [&] {
    client.send(infer(ask()));
    return client.receive();
  };
  Answer answer = next();
  CHECK(answer.status == 400);
  CHECK(error_of(answer) == "column \"job\": unknown category");
  answer = next();
  CHECK(answer.status == 503);
  CHECK(answer.field("retry-after") == "1");
  answer = next();
  CHECK(answer.status == 500);
  CHECK(error_of(answer) == "internal error");
  CHECK(next().status == 503);
  CHECK(next().status == 200);
}

TEST_CASE("a slow model does not keep health checks or other models waiting, and its queue is bounded") {
  Gate gate;
  serve::Server server{{.threads = 1, .workers = 1, .limits = {.queued_requests = 2}}};
  server.add("slow", sum_of(2, 0, [&] { gate.wait(); }), {});
  server.add("m", sum_of(2), {});
  server.start();
  Client health(server.port());
  health.send(infer(ask()));
  CHECK(health.receive().status == 200);
  std::vector<Client> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.emplace_back(server.port());
    waiting.back().send(infer(ask(), {}, "slow"));
    if (i == 0) gate.wait_for(1);
  }
  const auto queued = [&] {
    health.send(get("/metrics"));
    const std::string text = health.receive().body;
    return text.substr(text.find("\nscalar_queued_requests ") + 24, 1);
  };
  while (queued() != "2") std::this_thread::yield();
  Client refused(server.port());
  refused.send(infer(ask(), {}, "slow"));
  const Answer answer = refused.receive();
  CHECK(answer.status == 503);
  CHECK(error_of(answer) == "the queue of requests that wait for a worker is full");
  health.send(infer(ask()));
  CHECK(health.receive().status == 200);
  gate.open();
  for (Client& client : waiting) CHECK(prediction(client.receive()) == 3);
}

TEST_CASE("twenty deployments under load lose nothing and answer nothing stale") {
  serve::Server server{{.threads = 2}};
  const auto deploy = [&](int i) { server.add("m", Predictor(linear(1000 * i), {.cache_bytes = 1 << 20})); };
  deploy(0);
  server.start();
  std::atomic<int> deployed{0};
  std::atomic<bool> is_over{false};
  std::atomic<int> failed{0}, stale{0}, answered{0}, hits{0};
  std::vector<std::thread> clients;
  for (int t = 0; t < 4; ++t)
    clients.emplace_back([&] {
      Client client(server.port());
      while (!is_over) {
        const int before = deployed;
        client.send(infer(ask("[1,2]")));
        const Answer answer = client.receive();
        const int after = deployed + 1;  // one may have been added and not yet counted
        if (answer.status != 200) {
          ++failed;
          continue;
        }
        const double offset = (prediction(answer) - 21) / 1000;  // the same row every time: a cached answer
        hits += answer.field("x-scalar-cache") == "hit";
        if (offset < before || offset > after) ++stale;
        ++answered;
      }
    });
  for (int i = 1; i <= 20; ++i) {
    const int seen = answered;
    while (answered < seen + 20) std::this_thread::yield();
    deploy(i);
    deployed = i;
  }
  is_over = true;
  for (auto& client : clients) client.join();
  CHECK(failed == 0);
  CHECK(stale == 0);
  CHECK(answered >= 400);
  CHECK(hits > 0);
  Client client(server.port());
  client.send(get("/v2/models/m"));
  CHECK(json::parse(client.receive().body).at("versions").as_array() == json::Array{"21"});
}

TEST_CASE("requests in flight finish on the version they found") {
  Gate gate;
  serve::Server server{{.threads = 1}};
  server.add("m", sum_of(2, 0, [&] { gate.wait(); }), {.version = "old"});
  server.start();
  Client first(server.port()), second(server.port());
  first.send(infer(ask()));
  gate.wait_for(1);
  server.add("m", sum_of(2, 100), {.version = "new"});
  second.send(infer(ask()));
  CHECK(prediction(second.receive()) == 103);
  CHECK(server.remove("m", "old"));
  CHECK_FALSE(server.remove("m", "old"));
  gate.open();
  const Answer answer = first.receive();
  CHECK(prediction(answer) == 3);
  CHECK(answer.body.find(R"("model_version":"old")") != std::string::npos);
  CHECK(server.remove("m"));
  second.send(infer(ask()));
  CHECK(second.receive().status == 404);
}

TEST_CASE("versions are kept side by side when they are named") {
  serve::Server server{{.threads = 1}};
  server.add("m", sum_of(2, 10), {.version = "1"});
  server.add("m", sum_of(2, 20), {.version = "v2"});
  server.start();
  Client client(server.port());
  client.send(infer(ask()) + post("/v2/models/m/versions/1/infer", ask()) +
              post("/v2/models/m/versions/v2/infer", ask()) + get("/v2/models/m"));
  CHECK(prediction(client.receive()) == 23);
  CHECK(prediction(client.receive()) == 13);
  CHECK(prediction(client.receive()) == 23);
  CHECK(client.receive().body.find(R"("versions":["1","v2"])") != std::string::npos);
  CHECK_THROWS_WITH(server.add("a/b", sum_of(1), {}),
                    R"(serve: a model name has 1 to 128 letters, digits, '.', '_' or '-'; seen "a/b")");
  CHECK_THROWS_AS(server.add("", sum_of(1), {}), Error);
  CHECK_THROWS_AS(server.add("m", sum_of(1), {.version = ".."}), Error);
}

TEST_CASE("stopping lets requests in flight finish and closes the idle") {
  Gate gate;
  auto server = std::make_unique<serve::Server>(serve::ServerOptions{.threads = 2, .timeouts = {.last_request = 50ms}});
  server->add("m", sum_of(2, 0, [&] { gate.wait(); }), {});
  const std::uint16_t port = server->port();
  std::thread runner([&] { server->run(); });
  Client idle(port), busy(port), half(port);
  idle.send(get("/v2/health/ready"));
  CHECK(idle.receive().status == 200);
  half.send("GET /v2/health/ready HTTP/1.1\r\n");
  busy.send(infer(ask()));
  gate.wait_for(1);
  std::thread stopper([&] { server->stop(); });
  CHECK(idle.is_closed());
  half.send("Host: a\r\n\r\n");
  const Answer ready = half.receive();
  CHECK(ready.status == 503);
  CHECK(ready.body == R"({"error":"the server is stopping","live":true,"ready":false})");
  CHECK(half.is_closed());
  gate.open();
  const Answer answer = busy.receive();
  CHECK(prediction(answer) == 3);
  CHECK(answer.field("connection") == "close");
  CHECK(busy.is_closed());
  stopper.join();
  runner.join();
  CHECK_THROWS_WITH(Client(port), "cannot connect");
  CHECK_THROWS_AS(server->start(), Error);
}

TEST_CASE("what does not finish in time is cut off by stopping") {
  Gate gate;
  serve::Server server{{.threads = 1, .timeouts = {.drain = 20ms}}};
  server.add("m", sum_of(2, 0, [&] { gate.wait(); }), {});
  server.start();
  Client half(server.port()), busy(server.port());
  half.send("GET /v2/health/ready HTTP/1.1\r\n");
  busy.send(infer(ask()));
  gate.wait_for(1);
  std::thread stopper([&] { server.stop(); });
  CHECK(half.is_closed());
  CHECK(busy.is_closed());
  gate.open();
  stopper.join();
}

TEST_CASE("two servers in one process do not know of each other, and a port is taken once") {
  serve::Server first{{.threads = 1}}, second{{.threads = 1}};
  first.add("m", sum_of(2, 0), {});
  second.add("m", sum_of(2, 100), {});
  first.start();
  second.start();
  Client a(first.port()), b(second.port());
  a.send(infer(ask()));
  b.send(infer(ask()));
  CHECK(prediction(a.receive()) == 3);
  CHECK(prediction(b.receive()) == 103);
  const auto again = [&] { serve::Server third{{.port = first.port()}}; };
  CHECK_THROWS_WITH(again(), "127.0.0.1:" + std::to_string(first.port()) + ": cannot listen: Address already in use");
  CHECK_THROWS_WITH(serve::Server({.address = "localhost"}), "serve: \"localhost\" is no IP address");
  CHECK_THROWS_WITH(serve::Server({.address = "::1\n"}), "serve: \"::1\\x0a\" is no IP address");
  CHECK_THROWS_WITH(serve::Server({.threads = -1}), "serve: threads is -1, expected 0 to 1024");
  CHECK_THROWS_WITH(serve::Server({.workers = 1025}), "serve: workers is 1025, expected 0 to 1024");
  CHECK_THROWS_WITH(serve::Server({.limits = {.connections = std::size_t{0} - 1}}),
                    "serve: connections is 18446744073709551615, expected 1 to 16777216");
}
