#include "scalar/bsp/runs/checkpoint.hpp"

#include <fmt/core.h>

#include <string>
#include <utility>

#include "bsp/checkpoints/checkpointer.hpp"
#include "bsp/engine/scheduler.hpp"
#include "bsp/world/network.hpp"
#include "bsp/world/processes_change.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {

bool persist_state(Peer& peer, std::unique_ptr<Persisted> state) {
  const int rank = peer.world().root_rank(peer.rank());
  if (state->shards() != 0) (void)shards_of(state->shards(), rank, peer.world().root().size());
  Checkpointer* checkpointer = peer.world().checkpointer();
  if (checkpointer == nullptr) return false;
  return checkpointer->bind(rank, std::move(state));
}

int same_shards(std::initializer_list<int> named) {
  int shards = -1;
  for (const int one : named) {
    if (one == -1) continue;
    if (shards != -1 && one != shards)
      fail(Errc::invalid_argument, "bsp::Peer::persist",
           "a peer's sharded states have {} and {}, expected the same number", shards,
           text_of_shards(static_cast<std::uint64_t>(one)));
    shards = one;
  }
  if (shards < 1) fail(Errc::invalid_argument, "bsp::Peer::persist", "shards is {}, expected at least 1", shards);
  return shards;
}

namespace {

constexpr Collective save_collective = collective_of<Save>("checkpoint");

bool processes_wait(Peer& peer) {
  const Checkpointer* checkpointer = peer.world().checkpointer();
  if (checkpointer == nullptr || !checkpointer->recovers() || peer.rank() != peer.world().first()) return false;
  const Network* network = peer.world().scheduler().network();
  return network != nullptr && network->wants_regroup();
}

/// "peers 1, 3": the peers whose value differs from peer 0's; empty when none does.
std::string others(World& world, bool (*differs)(const Save::Value&, const Save::Value&)) {
  constexpr int most = 8;
  const auto first = world.value<Save::Value>(0);
  std::string ranks;
  int found = 0;
  for (int rank = 1; rank < world.size(); ++rank)
    if (differs(first, world.value<Save::Value>(rank)) && ++found <= most)
      ranks += fmt::format("{}{}", found == 1 ? "" : ", ", rank);
  if (found == 0) return {};
  return fmt::format("{} {}{}", found == 1 ? "peer" : "peers", ranks, found > most ? ", ..." : "");
}

void check_same(World& world) {
  const std::string other_shards = others(world, [](const auto& a, const auto& b) { return a.shards != b.shards; });
  if (!other_shards.empty())
    fail(Errc::invalid_argument, "bsp::Peer::checkpoint", "peer 0 names state in {}, but {} another number",
         text_of_shards(world.value<Save::Value>(0).shards), other_shards);
  const std::string other_bytes = others(world, [](const auto& a, const auto& b) { return a.common != b.common; });
  if (!other_bytes.empty())
    fail(Errc::invalid_argument, "bsp::Peer::checkpoint",
         "beside sharded state all peers name the same values, but those of {} differ from those of peer 0; what is a "
         "peer's own belongs in the state of its shards",
         other_bytes);
}

}  // namespace

Save::Save(Peer& peer) : Barrier(peer, &save_collective) {
  if (&peer.world() != &peer.world().root())
    fail(Errc::unsupported, fmt::format("bsp peer {}", peer.rank()),
         "checkpoint in a team: only all peers together can write their state");
}

void Save::stage() {
  Checkpointer* checkpointer = peer().world().checkpointer();
  if (checkpointer == nullptr) return;
  value_ = checkpointer->stage(peer().rank());
  value_.processes_wait = processes_wait(peer());
}

void Save::complete(World& world, std::string_view) {
  if (world.checkpointer() == nullptr) return;
  check_same(world);
  bool processes_wait = false;
  for (int rank = 0; rank < world.size(); ++rank) processes_wait |= world.value<Value>(rank).processes_wait != 0;
  if (world.checkpointer()->commit(processes_wait)) throw ProcessesChange();
}

}  // namespace scalar::inline v0::bsp::detail
