#include "scalar/serve/servable.hpp"

#include <string>
#include <vector>

#include "scalar/core/json.hpp"
#include "scalar/serve.hpp"
#include "serve/client.hpp"
#include "serve/models.hpp"
#include "serve/requests.hpp"
#include "support/catch.hpp"
#include "support/executables.hpp"

using namespace scalar;
using namespace serve_test;

namespace {

Predictor foreign(const std::string& executable) {
  return Predictor(ForeignModel(test::executable_files(executable)), {.cache_bytes = 1 << 20});
}

struct Reply {
  std::vector<double> values{};
  std::string cache{};
};

Reply reply_of(Client& client, const std::string& rows, const std::string& data) {
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

  Reply reply = reply_of(client, "1", "[1,2]");
  CHECK(reply.values == std::vector<double>{21.5});
  CHECK(reply.cache == "miss");
  reply = reply_of(client, "1", "[1,2]");
  CHECK(reply.values == std::vector<double>{21.5});
  CHECK(reply.cache == "hit");
  reply = reply_of(client, "2", "[1,2,3,4]");
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
  reply = reply_of(client, "1", "[1,2]");
  CHECK(reply.values == std::vector<double>{121});
  CHECK(reply.cache == "miss");
  client.send(get("/metrics"));
  CHECK(client.receive().body.find("scalar_cache_hits_total{model=\"m\"} 2\n") != std::string::npos);
}

TEST_CASE("a foreign model is served by its signature, with its cache") {
  serve::Server server{{.threads = 1}};
  server.add("words", foreign("repeat"));
  server.add("total", foreign("total"));
  server.add("broken", foreign("broken"));  // warming it fails, the deployment does not
  server.start();
  Client client(server.port());
  client.send(get("/v2/models/words"));
  const json::Value described = json::parse(client.receive().body);
  CHECK(described.at("platform").as_string() == "scalar_test_executable");
  CHECK(described.at("inputs").dump() == R"([{"datatype":"BYTES","name":"word","shape":[-1]},)"
                                         R"({"datatype":"UINT8","name":"times","shape":[-1,1]}])");

  const auto repeated = [&](const std::string& words, const std::string& times, const std::string& rows) {
    client.send(infer(R"({"inputs":[{"name":"times","datatype":"UINT8","shape":[)" + rows + R"(,1],"data":)" + times +
                          R"(},{"name":"word","datatype":"BYTES","shape":[)" + rows + R"(],"data":)" + words + "}]}",
                      {}, "words"));
    const Answer answer = client.receive();
    CAPTURE(answer.body);
    REQUIRE(answer.status == 200);
    const json::Array outputs = json::parse(answer.body).at("outputs").as_array();
    return outputs[0].at("data").dump() + outputs[1].at("data").dump() + answer.field("x-scalar-cache");
  };
  CHECK(repeated(R"(["ab"])", "[2]", "1") == R"(["abab"][4]miss)");
  CHECK(repeated(R"(["ab"])", "[2]", "1") == R"(["abab"][4]hit)");
  CHECK(repeated(R"(["c","ab"])", "[[3],[2]]", "2") == R"(["ccc","abab"][3,4]partial)");

  const auto total = [&](const std::string& shape, const std::string& values) {
    client.send(infer(R"({"inputs":[{"name":"x","datatype":"FP32","shape":)" + shape + R"(,"data":)" + values + "}]}",
                      {}, "total"));
    const Answer answer = client.receive();
    CAPTURE(answer.body);
    REQUIRE(answer.status == 200);
    return json::parse(answer.body).at("outputs").as_array()[0].dump() + answer.field("x-scalar-cache");
  };
  const std::string six = R"({"data":[6],"datatype":"FP32","name":"sum","shape":[]})";
  CHECK(total("[3,1]", "[1,2,3]") == six + "miss");
  CHECK(total("[3,1]", "[1,2,3]") == six + "hit");
  CHECK(total("[1,3]", "[1,2,3]") == six + "miss");  // the same numbers, but not the same request

  client.send(infer(ask("[1,2]").replace(ask("[1,2]").find("\"input\""), 7, "\"x\""), {}, "broken"));
  const Answer answer = client.receive();
  CHECK(answer.status == 500);
  CHECK(error_of(answer).find("the framework gave up") != std::string::npos);
}
