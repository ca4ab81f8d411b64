#pragma once
/// Matchers of texts under the names of Catch2 v3.
#include <string>

#include "support/catch.hpp"

namespace bsp_tcp_test {

#if __has_include(<catch2/catch_all.hpp>)
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
#else
inline auto ContainsSubstring(const std::string& text) { return Catch::Matchers::Contains(text); }
inline auto StartsWith(const std::string& text) { return Catch::Matchers::StartsWith(text); }
#endif

/// The result of a process that has lost another one: it names the superstep, the process and its peers.
inline auto is_loss_of(int process) {
  return Catch::Matchers::Matches("error unavailable ProcessLost bsp superstep [0-9]+: process " +
                                  std::to_string(process) + " with peers [0-9]+ to [0-9]+ is lost: .*");
}

/// The result of a process that was given up by others, which have gone on: they say so, or their directory does.
inline bool was_given_up(const std::string& result) {
  const auto has = [&](const char* text) { return result.find(text) != std::string::npos; };
  return result.starts_with("error aborted Error ") &&
         (has("has given this process up: ") || has("this process was given up: "));
}

}  // namespace bsp_tcp_test
