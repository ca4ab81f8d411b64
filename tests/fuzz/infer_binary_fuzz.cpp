// Any bytes as an infer request with binary tensors: two bytes say how long its JSON is.
#include "fuzz/infer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  fuzz::infer(fuzz::row_models(), {reinterpret_cast<const char*>(data) + 2, size - 2}, data[0] + 256u * data[1]);
  return 0;
}
