#pragma once
/// The header that precedes each frame on a data link.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace scalar::inline v0::bsp::sockets {

struct FrameHeader {
  static constexpr std::size_t size = 32;
  static constexpr std::uint32_t magic = 0x464c4353;  // "SCLF"
  enum class Kind : std::uint16_t {
    data = 1,
    goodbye = 2,  ///< nothing follows; the length is the number of the last run that has ended
  };

  Kind kind = Kind::data;
  std::uint64_t epoch = 0;
  std::uint64_t length = 0;

  std::array<std::byte, size> encode() const noexcept;
  /// Errors: `Errc::parse` for bytes that are not a header, `Errc::too_large` for a length beyond `max_frame_bytes`,
  /// `Errc::aborted` for an epoch other than `epoch`.
  static FrameHeader decode(std::span<const std::byte, size> bytes, std::uint64_t epoch, std::uint64_t max_frame_bytes);
};

}  // namespace scalar::inline v0::bsp::sockets
