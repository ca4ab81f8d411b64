#pragma once
/// What processes say to each other outside the data links: handshakes, rosters, heartbeats.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::sockets {

inline constexpr std::uint16_t protocol_version = 3;

/// One message: a head of 16 bytes, whose layout never changes, and the body.
struct Message {
  enum class Kind : std::uint16_t {
    hello = 1,      ///< says which process connects, and why
    challenge = 2,  ///< the answer: a nonce
    proof = 3,      ///< proves that the process that connects knows the token
    welcome = 4,    ///< proves that the other one knows it, too
    refusal = 5,    ///< understood in every version
    roster = 6,
    heartbeat = 7,
    leaving = 8,  ///< the sender leaves in good order, or gives up meeting the others; then a refusal says why
    fenced = 9,   ///< the sender has given the receiver up, and why
    breaks = 10,  ///< while a membership forms: the processes that the sender has given up by now
  };
  static constexpr std::size_t head_bytes = 16;
  static constexpr std::size_t most_bytes = std::size_t{1} << 24;
  static constexpr std::size_t most_greeting_bytes = 4096;  ///< from processes that are not known yet

  Kind kind = Kind::hello;
  std::vector<std::byte> body{};

  std::vector<std::byte> encode() const;
};

struct MessageHead {
  Message::Kind kind = Message::Kind::hello;
  std::uint32_t length = 0;
  std::uint32_t check = 0;  ///< CRC-32C of the head before it and the body

  /// Errors: `Errc::parse` for garbage, `Errc::unsupported` for another version, `Errc::too_large`.
  static MessageHead decode(std::span<const std::byte, Message::head_bytes> head, std::size_t most_bytes);
  /// Errors: `Errc::corrupt` when the body is not what was sent.
  void verify(std::span<const std::byte, Message::head_bytes> head, std::span<const std::byte> body) const;
};

using Nonce = std::array<std::byte, 32>;

/// Some processes of a membership; if there are very many, the first ones, so that the list fits a message.
struct ProcessList {
  static constexpr std::size_t most = 500;
  std::vector<std::uint32_t> processes{};

  std::vector<std::byte> encode() const;
  static ProcessList decode(std::span<const std::byte> body);
};

struct Hello {
  enum class Purpose : std::uint8_t {
    join = 1,     ///< a member of the job comes to the coordinator
    enter = 2,    ///< a newcomer comes to the coordinator
    control = 3,  ///< the connection for heartbeats
    data = 4,     ///< the connection for frames
  };
  Purpose purpose = Purpose::join;
  std::uint32_t process = 0;
  std::uint32_t processes = 0;
  std::uint64_t epoch = 0;
  std::uint64_t session = 0;  ///< a random number that the coordinator gives to each membership
  bool has_token = false;
  std::uint16_t port = 0;  ///< where the process listens
  Nonce nonce{};
  std::string job{};
  std::string host{};      ///< empty: the host that the connection comes from
  ProcessList given_up{};  ///< after a loss: the processes that this one no longer hears

  std::vector<std::byte> encode() const;
  static Hello decode(std::span<const std::byte> body);
};

struct Refusal {
  Errc code = Errc::failed;
  std::string text{};

  std::vector<std::byte> encode() const;
  static Refusal decode(std::span<const std::byte> body);
};

/// The members of a membership.
struct Roster {
  struct Member {
    std::string host{};
    std::uint16_t port = 0;
  };
  std::uint64_t epoch = 0;
  std::uint64_t session = 0;
  std::uint32_t you = 0;
  std::vector<Member> members{};

  std::vector<std::byte> encode() const;
  static Roster decode(std::span<const std::byte> body);
};

struct Heartbeat {
  std::uint64_t sent = 0;      ///< bytes on the data link so far
  std::uint64_t received = 0;  ///< the credit: how many of the other side's bytes have been read
  std::uint64_t finished = 0;  ///< the last run that has ended there

  std::vector<std::byte> encode() const;
  static Heartbeat decode(std::span<const std::byte> body);
};

}  // namespace scalar::inline v0::bsp::sockets
