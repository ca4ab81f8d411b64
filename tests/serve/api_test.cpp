#include "serve/api.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include "scalar/serve.hpp"
#include "serve/models.hpp"
#include "serve/requests.hpp"
#include "support/catch.hpp"

using namespace scalar;
using namespace serve_test;

namespace {

/// Knows the answer for rows that begin with 1, and waits at a gate for all others.
class Remembers final : public serve::RowServable {
 public:
  explicit Remembers(Gate& gate) : RowServable(dense(2)), gate_(gate) {}
  CacheUse predict(const BatchView& batch, BatchOut out, const PredictOptions&) const override {
    gate_.wait();
    for (std::int64_t row = 0; row < batch.rows(); ++row) out(row, 0) = -1;
    return CacheUse::miss;
  }
  bool find_predictions(const BatchView& batch, BatchOut out) const override {
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (batch.dense()(row, 0) != 1) return false;
      out(row, 0) = 42;
    }
    return true;
  }

 private:
  Gate& gate_;
};

std::string ask_mixed(const std::string& age, const std::string& job) {
  return R"({"id":"mine","inputs":[{"name":"age","datatype":"FP64","shape":[1],"data":[)" + age +
         R"(]},{"name":"job","datatype":"BYTES","shape":[1],"data":[")" + job + R"("]}]})";
}

}  // namespace

TEST_CASE("a hit does not wait for a worker behind the misses of its model") {
  Gate gate;
  serve::Server server{{.threads = 1, .workers = 1}};
  server.add("m", std::make_shared<const Remembers>(gate));
  server.start();
  Client misses(server.port()), hits(server.port());
  misses.send(infer(ask("[2,2]")));
  gate.wait_for(1);  // the only worker is busy now, and would be for ever
  for (int i = 0; i < 3; ++i) {
    hits.send(infer(ask("[1,2,1,3]", "2")));
    const Answer answer = hits.receive();
    CHECK(prediction(answer, 1) == 42);
    CHECK(answer.field("x-scalar-cache") == "hit");
  }
  Client bypass(server.port());
  const std::string body = ask("[1,2]");
  bypass.send(infer(R"({"parameters":{"cache":false},)" + body.substr(1)));  // waits: it asked for no cache
  while (metric(hits, "scalar_queued_requests") != 1) std::this_thread::yield();
  gate.open();
  CHECK(prediction(misses.receive()) == -1);
  CHECK(prediction(bypass.receive()) == -1);
}

TEST_CASE("a request that waits for a worker keeps what was read of it, and the version it found") {
  Gate gate;
  serve::Server server{{.threads = 1, .workers = 1}};
  server.add("slow", sum_of(2, 0, [&] { gate.wait(); }));
  server.add("mixed", std::make_shared<const Sum>(mixed()), {.version = "old"});
  server.start();
  Client first(server.port()), second(server.port()), other(server.port());
  first.send(infer(ask(), {}, "slow"));
  gate.wait_for(1);
  // Texts of JSON lie in the parser, which must travel along: the loop reads other requests meanwhile.
  second.send(infer(ask_mixed("7", "nurse"), {}, "mixed"));
  while (metric(other, "scalar_queued_requests") != 1) std::this_thread::yield();
  CHECK(server.add("mixed", std::make_shared<const Sum>(mixed(), 1000)) == "1");
  for (int i = 0; i < 3; ++i) {
    other.send(infer(R"({"inputs":[{"name":"age","datatype":"FP64","shape":[1],"data":["no number"]}]})", {}, "mixed"));
    CHECK(other.receive().status == 400);
  }
  gate.open();
  CHECK(first.receive().status == 200);
  const Answer answer = second.receive();
  CHECK(prediction(answer) == 12);
  CHECK(answer.body.find(R"("model_version":"old","id":"mine")") != std::string::npos);
}

TEST_CASE("work is not begun for a client that has gone") {
  Gate gate;
  std::atomic<int> calls{0};
  serve::Server server{{.threads = 1, .workers = 1}};
  server.add("m", sum_of(2, 0, [&] {
               ++calls;
               gate.wait();
             }));
  server.start();
  Client first(server.port()), half(server.port()), other(server.port());
  first.send(infer(ask()));
  gate.wait_for(1);
  half.send(infer(ask()));
  {
    Client gone(server.port());
    gone.send(infer(ask()));
    while (metric(other, "scalar_queued_requests") != 2) std::this_thread::yield();
  }
  half.finish_sending();
  while (metric(other, "scalar_requests_abandoned_total") != 2) std::this_thread::yield();
  CHECK(half.is_closed());
  first.finish_sending();  // its prediction has begun: it is answered
  gate.open();
  CHECK(prediction(first.receive()) == 3);
  other.send(infer(ask()));
  CHECK(prediction(other.receive()) == 3);
  CHECK(calls == 2);
}

TEST_CASE("a request whose client has gone leaves queue and memory at once") {
  Gate gate;
  serve::Server server{{.threads = 1, .workers = 1, .limits = {.queued_requests = 1}}};
  server.add("m", sum_of(2, 0, [&] { gate.wait(); }));
  server.start();
  Client first(server.port()), next(server.port()), other(server.port());
  first.send(infer(ask()));
  gate.wait_for(1);
  const double before = metric(other, "scalar_buffered_bytes");
  for (int i = 0; i < 2; ++i) {
    {
      Client gone(server.port());
      gone.send(infer(ask()));
      CHECK(eventually([&] { return metric(other, "scalar_queued_requests") == 1; }));
    }
    CHECK(eventually([&] { return metric(other, "scalar_requests_abandoned_total") == i + 1; }));
  }
  CHECK(eventually([&] { return metric(other, "scalar_buffered_bytes") == before; }));
  CHECK(metric(other, "scalar_queued_requests") == 0);
  next.send(infer(ask()));
  CHECK(eventually([&] { return metric(other, "scalar_queued_requests") == 1; }));
  gate.open();
  CHECK(first.receive().status == 200);
  CHECK(next.receive().status == 200);
}

TEST_CASE("an answer does not wait for a slow request behind it") {
  Gate gate;
  serve::Server server{{.threads = 1, .workers = 1}};
  server.add("m", sum_of(2, 0, [&] { gate.wait(); }));
  server.start();
  Client client(server.port());
  client.send(get("/v2/health/live") + infer(ask()) + get("/v2/health/live"));
  const int status = client.receive().status;
  gate.open();
  CHECK(status == 200);
  CHECK(prediction(client.receive()) == 3);
  CHECK(client.receive().body == R"({"live":true})");
}

TEST_CASE("requests that wait for a worker are counted, however small") {
  Gate gate;
  serve::Server server{{.threads = 1, .workers = 1}};
  server.add("m", std::make_shared<const Sum>(mixed(), 0, [&] { gate.wait(); }));
  server.start();
  const std::string body = ask_mixed("7", "nurse");
  Client first(server.port()), second(server.port()), other(server.port());
  first.send(infer(body));
  gate.wait_for(1);
  const double before = metric(other, "scalar_buffered_bytes");
  second.send(infer(body));
  while (metric(other, "scalar_queued_requests") != 1) std::this_thread::yield();
  CHECK(metric(other, "scalar_buffered_bytes") > before);
  gate.open();
  CHECK(first.receive().status == 200);
  CHECK(prediction(second.receive()) == 12);
  CHECK(metric(other, "scalar_buffered_bytes") == 0);
}

TEST_CASE("a request that finds the queue full keeps no memory while its client stays") {
  Gate gate;
  serve::Server server{{.threads = 1, .workers = 1, .limits = {.queued_requests = 1}}};
  server.add("m", sum_of(2, 0, [&] { gate.wait(); }));
  server.start();
  Client first(server.port()), second(server.port()), refused(server.port()), other(server.port());
  first.send(infer(ask()));
  gate.wait_for(1);
  second.send(infer(ask()));
  while (metric(other, "scalar_queued_requests") != 1) std::this_thread::yield();
  const double before = metric(other, "scalar_buffered_bytes");
  refused.send(infer(ask()));
  const int status = refused.receive().status;
  const double after = metric(other, "scalar_buffered_bytes");
  gate.open();
  CHECK(status == 503);
  CHECK(after == before);
  CHECK(first.receive().status == 200);
  CHECK(second.receive().status == 200);
  refused.send(infer(ask()));
  CHECK(refused.receive().status == 200);
}

TEST_CASE("anything that a model throws becomes an answer") {
  serve::Server server{{.threads = 1}};
  std::atomic<int> count{0};
  server.add("m", sum_of(2, 0, [&] {
               if (count++ == 0) throw 5;
             }));
  server.start();
  Client client(server.port());
  client.send(infer(ask()));
  const Answer answer = client.receive();
  CHECK(answer.status == 500);
  CHECK(error_of(answer) == "internal error");
  client.send(infer(ask()));
  CHECK(client.receive().status == 200);
}

TEST_CASE("a NUL in a request does not end the message about it") {
  serve::Server server{{.threads = 1}};
  server.add("m", sum_of(2));
  server.start();
  Client client(server.port());
  client.send(infer(R"({"inputs":[{"name":"a\u0000b\n","datatype":"FP32","shape":[1,2],"data":[1,2]}]})"));
  CHECK(error_of(client.receive()) == R"(input 'a\u0000b\u000a': is no input of the model, which has 'input')");
  client.send(get("/v2/models/a%00b"));
  CHECK(error_of(client.receive()) == R"(Request for unknown model: 'a\u0000b' is not found)");
}
