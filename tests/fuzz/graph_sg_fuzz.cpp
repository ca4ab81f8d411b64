// Any bytes are a serialized graph whose lists hold together, or an Error.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "graphs.hpp"
#include "scalar/core/error.hpp"
#include "scalar/graph/read.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace scalar;
  try {
    fuzz::check(graph::parse_sg({reinterpret_cast<const char*>(bytes), size}, true, fuzz::runtime()));
  } catch (const Error& error) {
    if (error.code() == Errc::internal) std::abort();
  }
  return 0;
}
