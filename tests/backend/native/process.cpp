// One process of a fit over TCP: `backend_native_process <kind> <option>=<value>...`. Says `ok <hash of the model>` or
// `error <code> <text>`. With `checkpoint=<directory>` it keeps checkpoints; with `killed_after=<rounds>` it kills
// itself in the midst of the fit.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "backend/native/fits.hpp"
#include "scalar/bsp/processes/tcp.hpp"

int main(int argc, char** argv) {
  using namespace scalar;
  std::map<std::string, std::string> options;
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    if (const auto at = word.find('='); at != std::string::npos)
      options.emplace(word.substr(0, at), word.substr(at + 1));
  }
  const auto number = [&](const char* name) { return std::atoi(options[name].c_str()); };
  try {
    FitOptions shared{
        .peers = number("peers"),
        .shards = number("shards"),
        .transport = bsp::tcp(
            {.coordinator = options["coordinator"], .process = number("process"), .processes = number("processes")})};
    if (options.count("checkpoint") != 0) {
      shared.checkpoint = {.directory = options["checkpoint"], .rounds = 2};
      const int last = number("killed_after");
      int rounds = 0;
      shared.progress = [&](const FitProgress& progress) {
        if (progress.is_round && ++rounds == last) ::kill(::getpid(), SIGKILL);
      };
      std::printf("ok %s\n", fits::learned_in_rounds(argv[1], shared).c_str());
      return 0;
    }
    const std::string first = fits::learned(argv[1], shared);
    // The processes stay together from fit to fit.
    std::printf("%s %s\n", fits::learned(argv[1], shared, 2) == first ? "ok" : "different", first.c_str());
    return 0;
  } catch (const Error& error) {
    std::printf("error %s %s\n", std::string(name(error.code())).c_str(), error.what());
    return 1;
  }
}
