#include "scalar/backend/prepare_process.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace scalar;

namespace {

std::string value(const char* name) {
  const char* found = std::getenv(name);
  return found == nullptr ? "unset" : found;
}

}  // namespace

TEST_CASE("prepare_process sets what is not set, and says what it set") {
  ::unsetenv("OMP_WAIT_POLICY");
  ::unsetenv("ORT_DISABLE_TELEMETRY");
  ::setenv("OPENBLAS_NUM_THREADS", "3", 1);
  const std::vector<std::string> set = backend::prepare_process();
  CHECK(std::count(set.begin(), set.end(), "OMP_WAIT_POLICY") == 1);
  CHECK(std::count(set.begin(), set.end(), "ORT_DISABLE_TELEMETRY") == 1);
  CHECK(std::count(set.begin(), set.end(), "OPENBLAS_NUM_THREADS") == 0);
  CHECK(value("OMP_WAIT_POLICY") == "passive");
  CHECK(value("ORT_DISABLE_TELEMETRY") == "1");
  CHECK(value("OPENBLAS_NUM_THREADS") == "3");
  CHECK(backend::prepare_process().empty());
}
