#include "serve/metrics.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "scalar/serve/server.hpp"
#include "serve/client.hpp"
#include "serve/models.hpp"
#include "support/catch.hpp"

using namespace serve_test;

TEST_CASE("the metrics count what happened, and pass promtool") {
  scalar::serve::Server server{{.threads = 1}};
  server.add("m", sum_of(1), {.version = "1"});
  server.add("unused", sum_of(1), {});
  server.start();
  Client client(server.port());
  const std::string body = R"({"inputs":[{"name":"input","datatype":"FP32","shape":[2,1],"data":[1,2]}]})";
  for (int i = 0; i < 3; ++i) {
    client.send(post("/v2/models/m/infer", body));
    CHECK(client.receive().status == 200);
  }
  client.send(post("/v2/models/m/infer", "{}") + get("/nowhere") + get("/metrics"));
  CHECK(client.receive().status == 400);
  CHECK(client.receive().status == 404);
  const Answer answer = client.receive();
  CHECK(answer.field("content-type") == "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line :
       {"scalar_requests_total{model=\"m\",code=\"200\"} 3\n", "scalar_requests_total{model=\"m\",code=\"400\"} 1\n",
        "scalar_requests_total{model=\"unused\",code=\"200\"} 0\n", "scalar_rows_total{model=\"m\"} 6\n",
        "scalar_http_responses_total{code=\"404\"} 1\n", "scalar_request_duration_seconds_count{model=\"m\"} 4\n",
        "scalar_request_duration_seconds_bucket{model=\"m\",le=\"+Inf\"} 4\n",
        "scalar_request_duration_seconds_bucket{model=\"unused\",le=\"0.1\"} 0\n",
        "scalar_request_duration_seconds_bucket{model=\"unused\",le=\"0.00025\"} 0\n", "scalar_connections 1\n",
        "scalar_cache_hits_total{model=\"m\"} 0\n", "scalar_model_version_info{model=\"m\",version=\"1\"} 1\n"}) {
    CAPTURE(line, answer.body);
    CHECK(answer.body.find(line) != std::string::npos);
  }
  if (std::system("command -v promtool > /dev/null 2>&1") != 0) {
    WARN("promtool (Debian package prometheus) is not installed: its check is skipped");
    return;
  }
  std::FILE* promtool = popen("promtool check metrics 2>&1", "w");
  REQUIRE(promtool != nullptr);
  std::fwrite(answer.body.data(), 1, answer.body.size(), promtool);
  CHECK(pclose(promtool) == 0);
}

TEST_CASE("counts of versions that are gone are kept") {
  scalar::serve::ModelMetrics metrics;
  metrics.retire({.hits = 5, .entries = 3, .bytes = 100});
  metrics.retire({.hits = 2});
  CHECK(metrics.retired().hits == 7);
  CHECK(metrics.retired().entries == 0);
}

TEST_CASE("durations fall into their buckets") {
  scalar::serve::Latencies latencies;
  latencies.add(std::chrono::microseconds(25));
  latencies.add(std::chrono::nanoseconds(25'001));
  latencies.add(std::chrono::hours(1));
  CHECK(latencies.count(0) == 1);
  CHECK(latencies.count(1) == 1);
  CHECK(latencies.count(scalar::serve::Latencies::bounds_us.size()) == 1);
}
