// A model that another tool trained, from its file to answers over HTTP.
#include <cstring>
#include <string>
#include <vector>

#include "backend/onnxruntime/models.hpp"
#include "scalar/predictor.hpp"
#include "scalar/serve.hpp"
#include "serve/client.hpp"
#include "serve/requests.hpp"
#include "support/catch.hpp"
#include "support/paths.hpp"

using namespace scalar;
using namespace serve_test;

namespace {

/// A predictor with a cache for a model of tests/backend/onnxruntime/make_models.py.
Predictor predictor_of(const std::string& name) {
  return Predictor(AnyModel::load(models::path(name)), {.cache_bytes = 1 << 20});
}

std::string bytes_of(const std::vector<float>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float)};
}

}  // namespace

TEST_CASE("an ONNX file is served: metadata, JSON and binary tensors, and rows from the cache") {
  if (!models::onnxruntime()) return;
  serve::Server server{{.threads = 1}};
  server.add("m", predictor_of("two_inputs"));
  server.start();
  Client client(server.port());
  const auto ask = [&](const std::string& request) {
    client.send(request);
    return client.receive();
  };
  const std::string metadata = ask(get("/v2/models/m")).body;
  CHECK_THAT(metadata, Catch::Contains(R"("inputs":[{"name":"a","datatype":"FP32","shape":[-1,3]},)"
                                       R"({"name":"c","datatype":"FP32","shape":[-1,2]}],)"
                                       R"("outputs":[{"name":"y","datatype":"FP32","shape":[-1,2]},)"
                                       R"({"name":"sum","datatype":"FP32","shape":[-1]}])"));

  // y = relu(a W + b) + 2 c with W = [[1, -1], [2, 0], [0, 3]] and b = [.5, -.5], and the sum of y.
  const std::string rows = R"({"inputs":[{"name":"a","datatype":"FP32","shape":[2,3],"data":[1,1,1,0,0,0]},)"
                           R"({"name":"c","datatype":"FP32","shape":[2,2],"data":[0,0.5,1,1]}]})";
  const std::string expected = R"("outputs":[{"name":"y","datatype":"FP32","shape":[2,2],"data":[3.5,2.5,2.5,2]},)"
                               R"({"name":"sum","datatype":"FP32","shape":[2],"data":[6,4.5]}])";
  Answer answer = ask(infer(rows));
  CHECK(answer.status == 200);
  CHECK_THAT(answer.body, Catch::Contains(expected));
  CHECK(answer.field("x-scalar-cache") == "miss");
  answer = ask(infer(rows));
  CHECK_THAT(answer.body, Catch::Contains(expected));
  CHECK(answer.field("x-scalar-cache") == "hit");

  // The second row is known; inputs may come in any order.
  const std::string head = R"({"parameters":{"binary_data_output":true},"inputs":[)"
                           R"({"name":"c","datatype":"FP32","shape":[2,2],"parameters":{"binary_data_size":16}},)"
                           R"({"name":"a","datatype":"FP32","shape":[2,3],"parameters":{"binary_data_size":24}}]})";
  const std::string binary = bytes_of({2, 2, 1, 1}) + bytes_of({1, 0, 0, 0, 0, 0});
  answer = ask(infer(head + binary, "Inference-Header-Content-Length: " + std::to_string(head.size()) + "\r\n"));
  CHECK(answer.status == 200);
  CHECK(answer.field("x-scalar-cache") == "partial");
  const std::size_t json_bytes = std::stoul(answer.field("inference-header-content-length"));
  CHECK(answer.body.substr(json_bytes) == bytes_of({5.5, 4, 2.5, 2}) + bytes_of({9.5, 4.5}));

  answer = ask(infer(R"({"inputs":[{"name":"a","datatype":"FP32","shape":[1,3],"data":[1,1,1]},)"
                     R"({"name":"c","datatype":"FP32","shape":[2,2],"data":[0,0,1,1]}]})"));
  CHECK(answer.status == 400);
  CHECK_THAT(error_of(answer), Catch::Contains("'c'"));
  CHECK(ask(infer(rows)).status == 200);  // the connection goes on
}

TEST_CASE("an ONNX file whose rows depend on each other is cached by its whole request") {
  if (!models::onnxruntime()) return;
  serve::Server server{{.threads = 1}};
  server.add("m", predictor_of("steps"));
  server.start();
  Client client(server.port());
  const std::string request = R"({"inputs":[{"name":"x","datatype":"FP32","shape":[2,2],"data":[1,2,3,4]}]})";
  for (const std::string use : {"miss", "hit"}) {
    client.send(infer(request));
    const Answer answer = client.receive();
    CHECK(answer.status == 200);
    CHECK_THAT(answer.body, Catch::Contains(R"("shape":[2,2],"data":[5,11,11,25])"));
    CHECK(answer.field("x-scalar-cache") == use);
  }
}
