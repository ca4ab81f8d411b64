#include "serve/repository.hpp"

#include <chrono>
#include <memory>

#include "scalar/serve.hpp"
#include "serve/models.hpp"
#include "serve/requests.hpp"
#include "support/catch.hpp"

using namespace scalar;
using namespace serve_test;

namespace {

double expected(const serve::Repository& repository, std::string_view name, std::string_view version = {}) {
  return repository.snapshot()->find(name, version)->expectation.nanoseconds(1);
}

}  // namespace

TEST_CASE("a new version is expected to take as long as the one before it, unless it was measured") {
  serve::Repository repository;
  CHECK(repository.add("m", sum_of(2), "") == "1");
  CHECK(expected(repository, "m") < 0);
  CHECK(repository.add("m", sum_of(2), "") == "2");
  CHECK(expected(repository, "m") < 0);
  repository.snapshot()->find("m", "2")->expectation.learn(std::chrono::microseconds(50), 1);
  CHECK(repository.add("m", sum_of(2), "named") == "named");
  CHECK(expected(repository, "m", "named") == 50'000);
  CHECK(repository.add("m", sum_of(2), "", 70'000) == "3");
  CHECK(expected(repository, "m", "3") == 70'000);
  CHECK(expected(repository, "m", "2") == 50'000);
  CHECK(repository.add("other", sum_of(2), "") == "1");
  CHECK(expected(repository, "other") < 0);
}

TEST_CASE("warming predicts, and says nothing of a model that refuses the row") {
  int calls = 0;
  const auto counts = sum_of(3, 0, [&] { ++calls; });
  CHECK(serve::warm(*counts) > 0);
  CHECK(calls >= 1);
  CHECK(serve::warm(*mixed_sum()) > 0);
  CHECK(serve::warm(*sum_of(3, 0, [] { throw Error(Errc::invalid_argument, "not this row"); })) < 0);
}

TEST_CASE("a predictor is warm when it is served, and its cache knows nothing of it") {
  const Predictor predictor(linear(0.5), {.cache_bytes = 1 << 20});
  serve::Server server;
  CHECK(server.add("m", predictor) == "1");
  CHECK(server.add("m", predictor, {.version = "blue"}) == "blue");
  CHECK(predictor.cache_stats().misses == 0);
  CHECK(predictor.cache_stats().entries == 0);
}

TEST_CASE("names that the protocol uses, and signatures that contradict themselves, are refused") {
  serve::Server server;
  const auto refusal = [&](const std::string& name, const serve::RowSignature& signature) {
    try {
      server.add(name, std::make_shared<const Sum>(signature));
    } catch (const Error& error) {
      CHECK(error.code() == Errc::invalid_argument);
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK(refusal("stats", dense(1)) ==
        "serve: a model cannot be called \"stats\": the protocol has a route of that name");
  CHECK(refusal("index", dense(1)).find("\"index\"") != std::string::npos);
  CHECK(refusal("stats2", dense(1)) == "accepted");
  CHECK(refusal("a\nb", dense(1)) ==
        R"(serve: a model name has 1 to 128 letters, digits, '.', '_' or '-'; seen "a\x0ab")");
  const std::string place = "serve: model \"m\": ";
  CHECK(refusal("m", {}) == place + "the signature has no inputs");
  CHECK(refusal("m", {.inputs = {{"a"}}, .outputs = 0}) == place + "the signature has 0 outputs, expected 1 or more");
  CHECK(refusal("m", {.inputs = {{"a"}}, .classes = {"x", "y"}}) ==
        place + "the signature has 2 classes and 1 outputs, expected as many");
  CHECK(refusal("m", {.inputs = {{"a"}, {"a"}}}) == place + "the input \"a\" comes twice");
  CHECK(refusal("m", {.inputs = {{"a\n"}, {"a\n"}}}) == place + R"(the input "a\x0a" comes twice)");
  CHECK(refusal("m", {.inputs = {{"a", true}}, .is_numeric = true}) ==
        place + "the input \"a\" is a text, so the inputs are not numeric");
  CHECK(refusal("m", {.inputs = {{"a"}}, .prefers_dense = true}) ==
        place + "the signature prefers dense input, but is not numeric");
  CHECK_THROWS_WITH(server.add("m", std::shared_ptr<const serve::Servable>()), place + "the servable is empty");
  CHECK(server.models().size() == 1);
}

TEST_CASE("models, versions and counts are read from the program") {
  serve::Server server{{.threads = 1}};
  server.add("b", sum_of(2), {.version = "7"});
  server.add("m", Predictor(linear(0.5), {.cache_bytes = 1 << 20}));
  server.add("m", Predictor(linear(1.5), {.cache_bytes = 1 << 20}), {.version = "next"});
  server.start();
  Client client(server.port());
  for (const char* rows : {"1", "1", "7"}) {
    client.send(infer(ask("[1,2]", rows)));
    CHECK(client.receive().status == (*rows == '1' ? 200 : 400));
  }
  const std::vector<serve::ModelStatistics> models = server.models();
  REQUIRE(models.size() == 2);
  CHECK(models[0].name == "b");
  CHECK(models[0].versions == std::vector<std::string>{"7"});
  CHECK(models[0].requests == 0);
  CHECK(models[1].name == "m");
  CHECK(models[1].versions == std::vector<std::string>{"1", "next"});
  CHECK(models[1].requests == 3);
  CHECK(models[1].refused == 1);
  CHECK(models[1].rows == 2);
  CHECK(models[1].time.count() > 0);
  CHECK(models[1].cache.hits == 1);
  CHECK(models[1].cache.misses == 1);
  CHECK(server.metrics().find("scalar_rows_total{model=\"m\"} 2\n") != std::string::npos);
  server.remove("m");
  CHECK(server.models().size() == 1);
}
