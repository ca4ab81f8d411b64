// One process of a fit over TCP: `backend_lightgbm_process fit <option>=<value>...`. Says `ok <hash of the forest>` or
// `error <text>`.
#include <exception>

#include "backend/lightgbm/fits.hpp"
#include "scalar/backend/prepare_process.hpp"
#include "scalar/bsp/processes/tcp.hpp"
#include "support/process_words.hpp"

int main(int argc, char** argv) {
  using namespace scalar;
  backend::prepare_process();
  const test::Words words(argc, argv);
  try {
    const FitOptions options{.peers = words.number("peers", 2),
                             .transport = bsp::tcp({.coordinator = words.text("coordinator"),
                                                    .process = words.number("process", 0),
                                                    .processes = words.number("processes", 1)})};
    test::say("ok " + lightgbm_fits::learned(options));
    return 0;
  } catch (const std::exception& error) {
    test::say(std::string("error ") + error.what());
    return 1;
  }
}
