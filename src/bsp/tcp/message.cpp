#include "bsp/tcp/message.hpp"

#include <algorithm>

#include "bsp/tcp/bytes.hpp"
#include "core/fail.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0::bsp::sockets {
namespace {

constexpr std::uint32_t magic = 0x4d4c4353;  // "SCLM"
constexpr std::size_t checked_bytes = Message::head_bytes - 4;

}  // namespace

std::vector<std::byte> Message::encode() const {
  ByteWriter writer;
  writer.number(magic).number(protocol_version).number(static_cast<std::uint16_t>(kind));
  writer.number(static_cast<std::uint32_t>(body.size()));
  std::vector<std::byte> bytes = writer.take();
  ByteWriter rest;
  rest.number(crc32c(body, crc32c(bytes))).raw(body);
  const std::vector<std::byte> tail = rest.take();
  bytes.insert(bytes.end(), tail.begin(), tail.end());
  return bytes;
}

MessageHead MessageHead::decode(std::span<const std::byte, Message::head_bytes> head, std::size_t most_bytes) {
  ByteReader reader(head, "message");
  if (const auto seen = reader.number<std::uint32_t>("magic"); seen != magic)
    reader.fail("garbage: it begins {:#010x}, expected {:#010x}", seen, magic);
  const auto version = reader.number<std::uint16_t>("version");
  MessageHead decoded;
  decoded.kind = Message::Kind{reader.number<std::uint16_t>("kind")};
  decoded.length = reader.number<std::uint32_t>("length");
  decoded.check = reader.number<std::uint32_t>("checksum");
  if (version != protocol_version && decoded.kind != Message::Kind::refusal)
    fail(Errc::unsupported, "message", "protocol version {}, expected {}", version, protocol_version);
  if (decoded.length > most_bytes)
    fail(Errc::too_large, "message", "a length of {}, expected at most {}", decoded.length, most_bytes);
  return decoded;
}

void MessageHead::verify(std::span<const std::byte, Message::head_bytes> head, std::span<const std::byte> body) const {
  if (crc32c(body, crc32c(head.first(checked_bytes))) != check) fail(Errc::corrupt, "message", "its checksum is wrong");
}

std::vector<std::byte> ProcessList::encode() const {
  ByteWriter writer;
  const std::size_t count = (std::min)(processes.size(), most);
  writer.number(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) writer.number(processes[i]);
  return writer.take();
}

ProcessList ProcessList::decode(std::span<const std::byte> body) {
  ByteReader reader(body, "list of processes");
  ProcessList list;
  const auto count = reader.number<std::uint32_t>("processes");
  if (count > most) reader.fail("it has {} processes, expected at most {}", count, most);
  for (std::uint32_t i = 0; i < count; ++i) list.processes.push_back(reader.number<std::uint32_t>("process"));
  reader.finish();
  return list;
}

std::vector<std::byte> Hello::encode() const {
  ByteWriter writer;
  writer.number(static_cast<std::uint8_t>(purpose)).number(process).number(processes).number(epoch).number(session);
  writer.number(static_cast<std::uint8_t>(has_token))
      .number(port)
      .raw(nonce)
      .text(job)
      .text(host)
      .raw(given_up.encode());
  return writer.take();
}

Hello Hello::decode(std::span<const std::byte> body) {
  ByteReader reader(body, "hello");
  Hello hello;
  const auto purpose = reader.number<std::uint8_t>("purpose");
  if (purpose < 1 || purpose > 4) reader.fail("purpose is {}, expected 1 to 4", purpose);
  hello.purpose = Purpose{purpose};
  hello.process = reader.number<std::uint32_t>("process");
  hello.processes = reader.number<std::uint32_t>("processes");
  hello.epoch = reader.number<std::uint64_t>("epoch");
  hello.session = reader.number<std::uint64_t>("session");
  hello.has_token = reader.number<std::uint8_t>("token flag") != 0;
  hello.port = reader.number<std::uint16_t>("port");
  hello.nonce = reader.array<32>("nonce");
  hello.job = reader.text("job");
  hello.host = reader.text("host");
  hello.given_up = ProcessList::decode(reader.rest());
  return hello;
}

std::vector<std::byte> Refusal::encode() const {
  ByteWriter writer;
  writer.number(static_cast<std::uint32_t>(code)).text(text);
  return writer.take();
}

Refusal Refusal::decode(std::span<const std::byte> body) {
  ByteReader reader(body, "refusal");
  Refusal refusal;
  const auto code = reader.number<std::uint32_t>("code");
  refusal.code = name(Errc{static_cast<std::int32_t>(code)}) == "unknown" ? Errc::failed : Errc{static_cast<int>(code)};
  refusal.text = reader.text("text");
  return refusal;  // a later version may say more
}

std::vector<std::byte> Roster::encode() const {
  ByteWriter writer;
  writer.number(epoch).number(session).number(you).number(static_cast<std::uint32_t>(members.size()));
  for (const Member& member : members) writer.text(member.host).number(member.port);
  return writer.take();
}

Roster Roster::decode(std::span<const std::byte> body) {
  ByteReader reader(body, "roster");
  Roster roster;
  roster.epoch = reader.number<std::uint64_t>("epoch");
  roster.session = reader.number<std::uint64_t>("session");
  roster.you = reader.number<std::uint32_t>("process");
  const auto count = reader.number<std::uint32_t>("processes");
  if (count > reader.left()) reader.fail("it has {} processes", count);
  for (std::uint32_t i = 0; i < count; ++i) {
    Member& member = roster.members.emplace_back();
    member.host = reader.text("host");
    member.port = reader.number<std::uint16_t>("port");
  }
  if (roster.you >= count) reader.fail("it speaks to process {} of {}", roster.you, count);
  reader.finish();
  return roster;
}

std::vector<std::byte> Heartbeat::encode() const {
  ByteWriter writer;
  writer.number(sent).number(received).number(finished);
  return writer.take();
}

Heartbeat Heartbeat::decode(std::span<const std::byte> body) {
  ByteReader reader(body, "heartbeat");
  Heartbeat heartbeat;
  heartbeat.sent = reader.number<std::uint64_t>("sent");
  heartbeat.received = reader.number<std::uint64_t>("received");
  heartbeat.finished = reader.number<std::uint64_t>("finished");
  reader.finish();
  return heartbeat;
}

}  // namespace scalar::inline v0::bsp::sockets
