#pragma once
/// How two processes get to know each other.
///
/// The process that connects says who it is (hello), and the other answers with a nonce (challenge). Then each proves
/// that it knows the token; the one that connects goes first, since anybody can connect. A proof is the HMAC-SHA256,
/// under the token, of the hello and the challenge, so it covers everything in them.
#include <memory>
#include <string>
#include <vector>

#include "bsp/tcp/connection.hpp"
#include "bsp/tcp/message.hpp"

namespace scalar::inline v0::bsp::sockets {

/// A creed is what all processes of a job must agree on.
struct Creed {
  std::string job{};
  std::string token{};
};

/// A process that has introduced itself and waits for an answer.
struct Guest {
  Hello hello{};
  std::vector<std::byte> transcript{};
};

/// Introduces this process to the one at the other end.
/// Errors: those that the other side refuses it with; `Errc::unauthenticated` if the other side does not prove that it
/// knows the token.
awaitable<void> introduce(Connection& connection, Hello hello, const Creed& creed);

/// Reads a hello and checks it. Errors, all to be passed to `refuse`: `Errc::unauthenticated`, `Errc::invalid_argument`
/// for another job, and those of reading.
awaitable<Guest> hear(Connection& connection, const Creed& creed);
awaitable<void> welcome(Connection& connection, const Guest& guest, const Creed& creed);
awaitable<void> refuse(Connection& connection, const Refusal& refusal);

Nonce make_nonce();

}  // namespace scalar::inline v0::bsp::sockets
