// Any bytes as the JSON body of an infer request.
#include "fuzz/infer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::infer(fuzz::row_models(), {reinterpret_cast<const char*>(data), size}, std::nullopt);
  return 0;
}
