// A server with two models for clients in other languages: prints its port, and stops when its input ends.
#include <cstdio>

#include "scalar/serve.hpp"
#include "serve/models.hpp"

int main() {
  scalar::serve::Server server;
  server.add("simple", serve_test::sum_of(4), {.version = "1"});
  server.add("mixed", serve_test::mixed_sum(), {.version = "3"});
  server.start();
  std::printf("%u\n", server.port());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}
