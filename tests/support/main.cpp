// The main function of every test executable.
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif
#include <stdlib.h>

int main(int argc, char** argv) {
  setenv("ORT_DISABLE_TELEMETRY", "1", 0);  // as backend::prepare_process() does; no test opens ONNX Runtime otherwise
  return Catch::Session().run(argc, argv);
}
