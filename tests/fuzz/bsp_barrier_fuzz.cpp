// The frame that takes a barrier to another process: any bytes are a frame whose every part lies within it, or a parse
// error.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "bsp/world/wire.hpp"
#include "scalar/bsp/processes/transport.hpp"
#include "scalar/core/error.hpp"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scalar;
  using namespace scalar::bsp::detail;
  bsp::Buffer buffer(size);
  if (size != 0) std::memcpy(buffer.data(), data, size);
  // The length that the head claims is right more often than chance would have it.
  if (size >= sizeof(BarrierHead) && data[size - 1] % 2 == 0) {
    const std::uint64_t bytes = size;
    std::memcpy(buffer.data() + offsetof(BarrierHead, bytes), &bytes, sizeof bytes);
  }
  try {
    const BarrierFrame frame = BarrierFrame::decode(buffer.bytes());
    std::uint64_t sum = 0;
    const auto touch = [&](const void* begin, std::size_t bytes) {
      const auto* at = static_cast<const std::uint8_t*>(begin);
      for (std::size_t i = 0; i < bytes; ++i) sum += at[i];
    };
    check(frame.head.gone <= frame.head.local);
    if (frame.head.collective != 0)
      check(frame.values.size() == std::size_t{frame.head.local} * frame.head.value_bytes);
    touch(frame.values.data(), frame.values.size());
    touch(frame.name.data(), frame.name.size());
    touch(frame.odd_name.data(), frame.odd_name.size());
    touch(frame.error.data(), frame.error.size());
    for (const SegmentEntry& entry : frame.segments) {
      check(entry.offset <= size && entry.bytes <= size - entry.offset);
      touch(frame.bytes.data() + entry.offset, entry.bytes < 64 ? entry.bytes : 64);
    }
    volatile std::uint64_t kept = sum;
    (void)kept;
  } catch (const Error& error) {
    check(error.code() == Errc::parse);
  }
  return 0;
}
