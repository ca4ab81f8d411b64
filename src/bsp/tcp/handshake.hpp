#pragma once
/// How two processes get to know each other.
///
/// The one that connects says who it is (hello), the other answers with a nonce (challenge); then each proves that it
/// knows the token, the one that connects first, as anybody can connect. A proof is HMAC-SHA256, under the token, of
/// the hello and the challenge, so everything in them is proved, too.
#include <memory>
#include <string>
#include <vector>

#include "bsp/tcp/connection.hpp"
#include "bsp/tcp/message.hpp"

namespace scalar::inline v0::bsp::sockets {

/// What all processes of a job must agree on.
struct Creed {
  std::string job{};
  std::string token{};
};

/// One who has introduced itself and waits for an answer.
struct Guest {
  Hello hello{};
  std::vector<std::byte> transcript{};
};

/// Introduces this process to the one at the other end.
/// Errors: what the other side refuses with; `Errc::unauthenticated` when it does not prove that it knows the token.
awaitable<void> introduce(Connection& connection, Hello hello, const Creed& creed);

/// Hears a hello and checks it. Errors: `Errc::unauthenticated`, `Errc::invalid_argument` for another job, and those of
/// reading; all for `refuse`.
awaitable<Guest> hear(Connection& connection, const Creed& creed);
awaitable<void> welcome(Connection& connection, const Guest& guest, const Creed& creed);
awaitable<void> refuse(Connection& connection, const Refusal& refusal);

Nonce make_nonce();

}  // namespace scalar::inline v0::bsp::sockets
