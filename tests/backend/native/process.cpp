// One process of a fit over TCP: `backend_native_process <kind> <option>=<value>...`. Says `ok <hash of the model>` or
// `error <code> <text>`.
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
    const FitOptions shared{
        .peers = number("peers"),
        .shards = number("shards"),
        .transport = bsp::tcp(
            {.coordinator = options["coordinator"], .process = number("process"), .processes = number("processes")})};
    const std::string first = fits::learned(argv[1], shared);
    // The processes stay together from fit to fit.
    std::printf("%s %s\n", fits::learned(argv[1], shared, 2) == first ? "ok" : "different", first.c_str());
    return 0;
  } catch (const Error& error) {
    std::printf("error %s %s\n", std::string(name(error.code())).c_str(), error.what());
    return 1;
  }
}
