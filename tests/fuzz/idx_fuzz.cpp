// Any bytes are a tensor whose shape and bytes agree, or an Error.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "scalar/core/error.hpp"
#include "scalar/data/idx.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace scalar;
  try {
    const data::IdxTensor tensor = data::parse_idx({reinterpret_cast<const char*>(bytes), size});
    std::uint64_t count = 1;
    for (const std::int64_t length : tensor.shape) count *= static_cast<std::uint64_t>(length);
    if (count * size_bytes(tensor.type) != tensor.bytes.size()) std::abort();
    for (std::int64_t i = 0; i < tensor.count() && i < 1000; ++i) {
      [[maybe_unused]] const volatile double number = tensor.number(i);
    }
  } catch (const Error& error) {
    if (error.code() == Errc::internal) std::abort();
  }
  return 0;
}
