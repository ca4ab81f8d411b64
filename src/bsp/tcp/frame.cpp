#include "bsp/tcp/frame.hpp"

#include <cstdio>
#include <cstring>
#include <string>

#include "scalar/core/error.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0::bsp::sockets {
namespace {

// As on the wire; the machines of a job are of one kind, as their programs' messages are.
struct Layout {
  std::uint32_t magic;
  std::uint16_t kind, zero;
  std::uint64_t epoch, length;
  std::uint32_t zeros, check;  // check: CRC-32C of all before it
};
static_assert(sizeof(Layout) == FrameHeader::size);

std::uint32_t check_of(const Layout& layout) noexcept {
  return crc32c(std::as_bytes(std::span(&layout, 1)).first(offsetof(Layout, check)));
}

std::string hex(std::uint32_t value) {
  char text[11];
  std::snprintf(text, sizeof text, "0x%08x", value);
  return text;
}

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
  const auto refuse = [](Errc code, const std::string& what) { throw Error(code, what, "frame header"); };
  if (layout.magic != magic)
    refuse(Errc::parse, "garbage: it begins " + hex(layout.magic) + ", expected " + hex(magic));
  if (const std::uint32_t check = check_of(layout); layout.check != check)
    refuse(Errc::parse, "garbage: its checksum is " + hex(layout.check) + ", expected " + hex(check));
  if (layout.kind != static_cast<std::uint16_t>(Kind::data) && layout.kind != static_cast<std::uint16_t>(Kind::goodbye))
    refuse(Errc::parse, "kind " + std::to_string(layout.kind) + " is unknown");
  if (layout.epoch != epoch)
    refuse(Errc::aborted, "it is of epoch " + std::to_string(layout.epoch) + ", expected " + std::to_string(epoch));
  const FrameHeader header{Kind{layout.kind}, layout.epoch, layout.length};
  if (header.kind == Kind::data && header.length > max_frame_bytes)
    refuse(Errc::too_large,
           "a length of " + std::to_string(header.length) + ", expected at most " + std::to_string(max_frame_bytes));
  return header;
}

}  // namespace scalar::inline v0::bsp::sockets
