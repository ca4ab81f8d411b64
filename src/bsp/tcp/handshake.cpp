#include "bsp/tcp/handshake.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <string_view>

#include "bsp/tcp/bytes.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp::sockets {
namespace {

std::vector<std::byte> proof(std::string_view side, std::span<const std::byte> transcript, const std::string& token) {
  if (token.empty()) return {};
  ByteWriter writer;
  writer.text(side).raw(transcript);
  const std::vector<std::byte> text = writer.take();
  std::vector<std::byte> result(32);
  unsigned size = 0;
  if (HMAC(EVP_sha256(), token.data(), static_cast<int>(token.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(),
           reinterpret_cast<unsigned char*>(result.data()), &size) == nullptr ||
      size != result.size())
    fail(Errc::internal, "bsp::tcp", "HMAC-SHA256 failed");
  return result;
}

bool same(std::span<const std::byte> a, std::span<const std::byte> b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void expect(const Message& message, Message::Kind kind, const Connection& connection) {
  if (message.kind == Message::Kind::refusal) {
    const Refusal refusal = Refusal::decode(message.body);
    fail(refusal.code, connection.remote(), "it refuses: {}", refusal.text);
  }
  if (message.kind != kind)
    fail(Errc::parse, connection.remote(), "message {}, expected {}", static_cast<int>(message.kind),
         static_cast<int>(kind));
}

constexpr std::string_view opener = "scalar bsp tcp: the one that connects";
constexpr std::string_view answerer = "scalar bsp tcp: the one that answers";

}  // namespace

Nonce make_nonce() {
  Nonce nonce;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()), nonce.size()) != 1)
    fail(Errc::io, "bsp::tcp", "no random bytes from the system");
  return nonce;
}

awaitable<void> introduce(Connection& connection, Hello hello, const Creed& creed) {
  hello.job = creed.job;
  hello.has_token = !creed.token.empty();
  hello.nonce = make_nonce();
  Message message{Message::Kind::hello, hello.encode()};
  std::vector<std::byte> transcript = message.body;
  co_await connection.write(message.encode());
  message = co_await connection.read(Message::most_greeting_bytes);
  expect(message, Message::Kind::challenge, connection);
  transcript.insert(transcript.end(), message.body.begin(), message.body.end());
  message = {Message::Kind::proof, proof(opener, transcript, creed.token)};
  co_await connection.write(message.encode());
  message = co_await connection.read(Message::most_greeting_bytes);
  expect(message, Message::Kind::welcome, connection);
  if (!same(message.body, proof(answerer, transcript, creed.token)))
    fail(Errc::unauthenticated, connection.remote(), "it does not know this job's token");
}

awaitable<Guest> hear(Connection& connection, const Creed& creed) {
  Message message = co_await connection.read(Message::most_greeting_bytes);
  expect(message, Message::Kind::hello, connection);
  Guest guest;
  guest.hello = Hello::decode(message.body);
  guest.transcript = message.body;
  if (guest.hello.has_token != !creed.token.empty())
    fail(Errc::unauthenticated, "", "{}",
         guest.hello.has_token ? "it comes with a token, but there is none here"
                               : "it comes without a token, expected one");
  const Nonce nonce = make_nonce();
  message = {Message::Kind::challenge, {nonce.begin(), nonce.end()}};
  guest.transcript.insert(guest.transcript.end(), nonce.begin(), nonce.end());
  co_await connection.write(message.encode());
  message = co_await connection.read(Message::most_greeting_bytes);
  expect(message, Message::Kind::proof, connection);
  if (!same(message.body, proof(opener, guest.transcript, creed.token)))
    fail(Errc::unauthenticated, "", "it has another token than this job's");
  if (guest.hello.job != creed.job)
    fail(Errc::invalid_argument, "", "it is of job \"{}\", expected \"{}\"", guest.hello.job, creed.job);
  co_return guest;
}

awaitable<void> welcome(Connection& connection, const Guest& guest, const Creed& creed) {
  Message message{Message::Kind::welcome, proof(answerer, guest.transcript, creed.token)};
  co_await connection.write(message.encode());
}

awaitable<void> refuse(Connection& connection, const Refusal& refusal) {
  Message message{Message::Kind::refusal, refusal.encode()};
  co_await connection.write(message.encode());
  connection.finish();
}

}  // namespace scalar::inline v0::bsp::sockets
