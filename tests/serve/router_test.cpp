#include "serve/router.hpp"

#include "support/catch.hpp"

using scalar::serve::Route;

TEST_CASE("targets find their routes") {
  std::string name, version;
  const auto find = [&](std::string_view target) { return scalar::serve::route(target, name, version); };
  CHECK(find("/v2") == Route::server);
  CHECK(find("/v2/") == Route::server);
  CHECK(find("/v2?verbose=1") == Route::server);
  CHECK(find("/v2/health/live") == Route::live);
  CHECK(find("/v2/health/ready") == Route::ready);
  CHECK(find("/v2/models") == Route::models);
  CHECK(find("/metrics") == Route::metrics);
  CHECK(find("/v2/models/adult") == Route::model);
  CHECK(name == "adult");
  CHECK(version.empty());
  CHECK(find("/v2/models/adult/infer?a=b") == Route::infer);
  CHECK(find("/v2/models/ad%75lt/versions/v%31/infer") == Route::infer);
  CHECK(name == "adult");
  CHECK(version == "v1");
  CHECK(find("/v2/models/adult/versions/3") == Route::model);
  CHECK(find("/v2/models/adult/versions/3/ready") == Route::model_ready);
  CHECK(find("/v2/models/adult/ready") == Route::model_ready);
  for (const char* target : {"/", "/v2/models/", "/v2//models", "/v2/models//infer", "/v2/models/a/versions/",
                             "/v2/models/a/versions//infer", "/v2/models/a/infer/", "/v3", "/v2/health", "/V2"})
    CHECK(find(target) == Route::none);
  for (const char* target :
       {"/v2/models/%", "/v2/models/a%2", "/v2/models/%zz/infer", "/v2/models/a/versions/%1/infer"})
    CHECK(find(target) == Route::malformed);
}
