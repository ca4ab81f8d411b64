#pragma once
/// Runs a body in one process and in several, for many numbers of peers.
#include <string>
#include <vector>

#include "bsp/loopback.hpp"
#include "bsp/places.hpp"
#include "scalar/core/error.hpp"

namespace bsp_test {

/// What the peers of a run over `processes` return, in rank order.
template <class Body>
auto run_over(int processes, int peers, Body body) {
  using Values = decltype(std::declval<scalar::bsp::Engine&>().run_all(body));
  std::vector<Values> parts(static_cast<std::size_t>(processes));
  if (processes == 1) return engine_of(peers).run_all(body);
  in_processes(processes, engine_of(peers).options(), [&](scalar::bsp::Engine& engine, int process) {
    parts[static_cast<std::size_t>(process)] = engine.run_all(body);
  });
  Values all;
  for (Values& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// `check(values, what)` with what the peers return: 1 to 17 peers in one process, some of them in 2, 3 and 4.
template <class Body, class Check>
void run_everywhere(Body body, Check check) {
  for (int peers = 1; peers <= 17; ++peers)
    for (const int processes : {1, 2, 3, 4}) {
      if (processes > peers || (processes > 1 && peers % 4 == 0)) continue;
      check(run_over(processes, peers, body), std::to_string(peers) + " peers in " + std::to_string(processes));
    }
}

/// The message of the error that a run over one process and over two ends with; they are the same.
template <class Body>
std::string error_everywhere(int peers, Body body) {
  std::string text;
  for (const int processes : {1, 2}) {
    std::string now = "no error";
    try {
      if (processes == 1)
        engine_of(peers).run(body);
      else
        in_processes(2, engine_of(peers).options(), [&](scalar::bsp::Engine& engine, int) { engine.run(body); });
    } catch (const scalar::Error& error) {
      now = error.what();
    }
    if (processes == 2 && now != text) return "one process: " + text + "; two: " + now;
    text = now;
  }
  return text;
}

}  // namespace bsp_test
