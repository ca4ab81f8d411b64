#include "bsp/tcp/frame.hpp"

#include <cstddef>
#include <cstring>

#include "core/fail.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0::bsp::sockets {
namespace {

// The header as it is on the wire. Byte order is the machine's: all machines of a job are of one kind, since the
// messages of programs are sent as they lie in memory, too.
struct Layout {
  std::uint32_t magic;
  std::uint16_t kind, zero;
  std::uint64_t epoch, length;
  std::uint32_t zeros, check;  // check: CRC-32C of everything before it
};
static_assert(sizeof(Layout) == FrameHeader::size);

std::uint32_t check_of(const Layout& layout) noexcept {
  return crc32c(std::as_bytes(std::span(&layout, 1)).first(offsetof(Layout, check)));
}

constexpr const char* context = "frame header";

}  // namespace

std::array<std::byte, FrameHeader::size> FrameHeader::encode() const noexcept {
  Layout layout{magic, static_cast<std::uint16_t>(kind), 0, epoch, length, 0, 0};
  layout.check = check_of(layout);
  std::array<std::byte, size> bytes;
  std::memcpy(bytes.data(), &layout, size);
  return bytes;
}

FrameHeader FrameHeader::decode(std::span<const std::byte, size> bytes, std::uint64_t epoch,
                                std::uint64_t max_frame_bytes) {
  Layout layout;
  std::memcpy(&layout, bytes.data(), size);
  if (layout.magic != magic)
    fail(Errc::parse, context, "garbage: it begins {:#010x}, expected {:#010x}", layout.magic, magic);
  if (const std::uint32_t check = check_of(layout); layout.check != check)
    fail(Errc::parse, context, "garbage: its checksum is {:#010x}, expected {:#010x}", layout.check, check);
  if (layout.kind != static_cast<std::uint16_t>(Kind::data) && layout.kind != static_cast<std::uint16_t>(Kind::goodbye))
    fail(Errc::parse, context, "kind {} is unknown", layout.kind);
  if (layout.epoch != epoch) fail(Errc::aborted, context, "it is of epoch {}, expected {}", layout.epoch, epoch);
  const FrameHeader header{Kind{layout.kind}, layout.epoch, layout.length};
  if (header.kind == Kind::data && header.length > max_frame_bytes)
    fail(Errc::too_large, context, "a length of {}, expected at most {}", header.length, max_frame_bytes);
  return header;
}

}  // namespace scalar::inline v0::bsp::sockets
