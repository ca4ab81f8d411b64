// Any bytes as an infer request for models of any tensors: two bytes say how long its JSON is, 65535: all of it.
#include "fuzz/infer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::optional<std::uint64_t> json_bytes = data[0] + 256u * data[1];
  if (json_bytes == 65535u) json_bytes.reset();
  fuzz::infer(fuzz::tensor_models(), {reinterpret_cast<const char*>(data) + 2, size - 2}, json_bytes);
  return 0;
}
