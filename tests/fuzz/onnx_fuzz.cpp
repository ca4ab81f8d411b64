// Any bytes are an ONNX model that is the same when it is written and read again, or an Error.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "interchange/onnx/model.hpp"
#include "scalar/core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace scalar;
  namespace onnx = interchange::onnx;
  try {
    const std::string once = onnx::serialize(onnx::parse({reinterpret_cast<const char*>(bytes), size}));
    // Compared as written, since a NaN differs from itself.
    if (onnx::serialize(onnx::parse(once)) != once) std::abort();
  } catch (const Error& error) {
    if (error.code() == Errc::internal) std::abort();
  }
  return 0;
}
