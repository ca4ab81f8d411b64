#include "scalar/serve/servable.hpp"

#include <string>
#include <vector>

#include "scalar/core/json.hpp"
#include "scalar/serve.hpp"
#include "serve/client.hpp"
#include "serve/models.hpp"
#include "support/catch.hpp"

using namespace scalar;
using namespace serve_test;

namespace {

struct Reply {
  std::vector<double> values{};
  std::string cache{};
};

Reply ask(Client& client, const std::string& rows, const std::string& data) {
  client.send(post("/v2/models/m/infer", R"({"inputs":[{"name":"input","datatype":"FP32","shape":[)" + rows +
                                             R"(,2],"data":)" + data + "}]}"));
  const Answer answer = client.receive();
  Reply reply{.values = {}, .cache = answer.field("x-scalar-cache")};
  CAPTURE(answer.body);
  REQUIRE(answer.status == 200);
  const json::Value parsed = json::parse(answer.body);
  for (const auto& value : parsed.at("outputs").as_array()[0].at("data").as_array())
    reply.values.push_back(value.as_double());
  return reply;
}

}  // namespace

TEST_CASE("a predictor is served with its signature, its cache shows, and a deployment answers nothing stale") {
  serve::Server server{{.threads = 1}};
  server.add("m", Predictor(linear(0.5), {.cache_bytes = 1 << 20}));
  server.start();
  Client client(server.port());
  client.send(get("/v2/models/m"));
  const json::Value described = json::parse(client.receive().body);
  CHECK(described.at("platform").as_string() == "scalar_linear_regression");
  CHECK(described.at("inputs").dump() == R"([{"datatype":"FP32","name":"input","shape":[-1,2]}])");
  CHECK(described.at("outputs").dump() == R"([{"datatype":"FP64","name":"prediction","shape":[-1,1]}])");

  Reply reply = ask(client, "1", "[1,2]");
  CHECK(reply.values == std::vector<double>{21.5});
  CHECK(reply.cache == "miss");
  reply = ask(client, "1", "[1,2]");
  CHECK(reply.values == std::vector<double>{21.5});
  CHECK(reply.cache == "hit");
  reply = ask(client, "2", "[1,2,3,4]");
  CHECK(reply.values == std::vector<double>{21.5, 43.5});
  CHECK(reply.cache == "partial");
  client.send(post("/v2/models/m/infer",
                   R"({"inputs":[{"name":"x1","datatype":"INT8","shape":[1],"data":[2]},)"
                   R"({"name":"x0","datatype":"FP64","shape":[1,1],"data":[1]}],"parameters":{"cache":false}})"));
  const Answer columns = client.receive();
  CHECK(columns.field("x-scalar-cache") == "bypass");
  CHECK(columns.body.find("\"data\":[21.5]") != std::string::npos);
  client.send(get("/metrics"));
  const std::string metrics = client.receive().body;
  CHECK(metrics.find("scalar_cache_hits_total{model=\"m\"} 2\n") != std::string::npos);
  CHECK(metrics.find("scalar_cache_misses_total{model=\"m\"} 2\n") != std::string::npos);

  server.add("m", Predictor(linear(100), {.cache_bytes = 1 << 20}));
  reply = ask(client, "1", "[1,2]");
  CHECK(reply.values == std::vector<double>{121});
  CHECK(reply.cache == "miss");
  client.send(get("/metrics"));
  CHECK(client.receive().body.find("scalar_cache_hits_total{model=\"m\"} 2\n") != std::string::npos);
}
