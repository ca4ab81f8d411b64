// What comes from a socket of another process: messages of handshakes, rosters and heartbeats, and frame headers.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "bsp/tcp/frame.hpp"
#include "bsp/tcp/message.hpp"

using namespace scalar;
namespace sockets = bsp::sockets;

namespace {

/// What can be decoded is written again as it was.
template <class Body>
void decode(std::span<const std::byte> bytes) {
  try {
    const Body body = Body::decode(bytes);
    const auto again = body.encode();
    if constexpr (!std::is_same_v<Body, sockets::Refusal> && !std::is_same_v<Body, sockets::Hello>)
      if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
  } catch (const Error&) {
  }
}

void decode_message(std::span<const std::byte> bytes) {
  if (bytes.size() < sockets::Message::head_bytes) return;
  try {
    const auto head = bytes.first<sockets::Message::head_bytes>();
    const sockets::MessageHead decoded = sockets::MessageHead::decode(head, sockets::Message::most_greeting_bytes);
    if (decoded.length > sockets::Message::most_greeting_bytes) std::abort();
    const auto rest = bytes.subspan(head.size());
    decoded.verify(head, rest.first(std::min<std::size_t>(decoded.length, rest.size())));
  } catch (const Error&) {
  }
}

void decode_header(std::span<const std::byte> bytes) {
  if (bytes.size() < sockets::FrameHeader::size) return;
  try {
    const auto header = sockets::FrameHeader::decode(bytes.first<sockets::FrameHeader::size>(), 1, 1 << 20);
    if (header.kind == sockets::FrameHeader::Kind::data && header.length > 1 << 20) std::abort();
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  decode<sockets::Hello>(bytes);
  decode<sockets::Roster>(bytes);
  decode<sockets::Refusal>(bytes);
  decode<sockets::Heartbeat>(bytes);
  decode<sockets::ProcessList>(bytes);
  decode_message(bytes);
  decode_header(bytes);
  return 0;
}
