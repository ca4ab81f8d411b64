// A server with models for clients in other languages: prints its port, and stops when its input ends.
#include <cstdio>

#include "scalar/serve.hpp"
#include "serve/models.hpp"

int main() {
  scalar::serve::Server server;
  server.add("simple", serve_test::sum_of(4), {.version = "1"});
  server.add("mixed", serve_test::mixed_sum(), {.version = "3"});
  server.add("every_type", scalar::serve::make_servable(serve_test::every_type(), serve_test::echo, "test_echo"));
  server.add("unbatched", scalar::serve::make_servable(serve_test::every_type(false), serve_test::echo));
  server.start();
  std::printf("%u\n", server.port());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}
