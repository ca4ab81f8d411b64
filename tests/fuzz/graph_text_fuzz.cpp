// Any text is a graph whose lists hold together, or an Error; the first byte chooses the format and its options.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "graphs.hpp"
#include "scalar/core/error.hpp"
#include "scalar/graph/read.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace scalar;
  using namespace scalar::graph;
  if (size == 0) return 0;
  const std::uint8_t choice = bytes[0];
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const Runtime& runtime = fuzz::runtime();
  const BuildOptions build{.directed = (choice & 1) != 0,
                           .self_loops = (choice & 2) != 0 ? SelfLoops::drop : SelfLoops::keep,
                           .duplicates = (choice & 4) != 0 ? Duplicates::drop : Duplicates::keep};
  const bool weighted = (choice & 8) != 0;
  const Ids ids = (choice & 16) != 0 ? Ids::text : (choice & 32) != 0 ? Ids::dense : Ids::numbers;
  try {
    const std::size_t half = text.find('@');
    fuzz::check(choice >= 128 ? parse_matrix_market(text, build, runtime)
                : choice >= 64
                    ? parse_graphalytics(text.substr(0, half), half == text.npos ? text : text.substr(half + 1),
                                         {.build = build, .ids = ids, .weighted = weighted}, runtime)
                    : parse_edge_list(text, {.build = build, .ids = ids, .weighted = weighted}, runtime));
  } catch (const Error& error) {
    if (error.code() == Errc::internal) std::abort();
  }
  return 0;
}
