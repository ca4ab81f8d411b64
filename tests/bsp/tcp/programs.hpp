#pragma once
/// What the processes of the tests run; the tests run it in one process as well, to compare.
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "scalar/bsp.hpp"
#include "scalar/core/hash.hpp"

namespace bsp_tcp_test {

using scalar::bsp::Peer;
using scalar::bsp::Task;

/// Numbers, texts, spans and collectives; returns a hash of everything this peer saw, combined over all peers.
inline Task<std::uint64_t> agree(Peer& peer) {
  scalar::Hasher seen;
  seen.add(static_cast<std::uint64_t>(peer.rank()));
  auto numbers = peer.mailbox<std::uint64_t>();
  auto texts = peer.mailbox<std::string>();
  for (std::uint64_t step = 0; step < 20; ++step) {
    for (int to = 0; to < peer.size(); ++to) {
      for (std::uint64_t k = 0; k < 50 * step; ++k)
        numbers.send(to, 1000 * k + static_cast<std::uint64_t>(peer.rank()));
      texts.emplace(to, std::string(static_cast<std::size_t>(peer.rank()) * 20, 'x') + std::to_string(step));
    }
    co_await peer.sync();
    for (const std::uint64_t number : numbers.received()) seen.add(number);
    for (const std::string& text : texts.received()) seen.add(std::string_view(text));
    const double share = 1.0 / (3 + peer.rank() + static_cast<double>(step));
    const double sum = co_await all_reduce(peer, share, std::plus{});
    std::uint64_t bits = 0;
    std::memcpy(&bits, &sum, sizeof bits);
    seen.add(bits);
    std::vector<float> values(3000, static_cast<float>(share));
    co_await all_reduce(peer, std::span(values), std::plus{});
    seen.add(std::as_bytes(std::span(values)));
  }
  co_return co_await all_reduce(peer, seen.digest().low, std::bit_xor{});
}

/// One large frame from each process to each other, and a hash of what came.
inline Task<std::uint64_t> bulk(Peer& peer) {
  auto numbers = peer.mailbox<std::uint64_t>();
  const auto rank = static_cast<std::uint64_t>(peer.rank());
  for (int to = 0; to < peer.size(); ++to)
    for (std::uint64_t k = 0; k < 3000; ++k) numbers.send(to, (k + rank) * 0x9e3779b97f4a7c15u);
  co_await peer.sync();
  scalar::Hasher seen;
  seen.add(rank);
  for (const std::uint64_t number : numbers.received()) seen.add(number);
  co_return co_await all_reduce(peer, seen.digest().low, std::bit_xor{});
}

/// Peers that add to a table without barriers; returns a hash of everything they saw of it, combined over all. Who
/// ticks three times before the others begin is `first`: 0 peer 0, 1 all others, -1 whoever is.
inline Task<std::uint64_t> stale(Peer& peer, scalar::bsp::StaleClockOptions options, int first) {
  scalar::bsp::StaleClock clock(peer, options);
  scalar::bsp::ParameterTable<float> table(clock, 2, 8);
  const bool is_early = (peer.rank() != 0) == (first == 1);
  scalar::Hasher seen;
  seen.add(static_cast<std::uint64_t>(peer.rank()));
  std::vector<float> change(8);
  for (int step = 0; step < 40; ++step) {
    if (first != -1 && step == (is_early ? 3 : 0)) co_await peer.sync();
    seen.add(table.version()).add(std::as_bytes(table.values()));
    const std::size_t row = static_cast<std::size_t>(step + peer.rank()) % 2;
    for (std::size_t i = 0; i < change.size(); ++i)
      change[i] = (0.1f - 0.3f * table.pull(row)[i]) / static_cast<float>(step + 3 * peer.rank() + 7);
    table.push(row, change);
    co_await clock.tick();
  }
  co_return co_await all_reduce(peer, seen.digest().low, std::bit_xor{});
}

}  // namespace bsp_tcp_test
