// One process of a job that recovers: `bsp_recovery_process <option>=<value>...`. The process that hosts peer 0 at the
// end prints `sum <bits>`; each prints `begun` when its peers start, again after a change of the processes.
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <string>
#include <vector>

#include "bsp/recovery/disk_faults.hpp"
#include "scalar/bsp.hpp"
#include "scalar/bsp/collectives/shards.hpp"
#include "scalar/bsp/processes/tcp.hpp"
#include "support/process_words.hpp"

using namespace scalar;
using test::say;

namespace {

test::Words words;
bsp::Transport* transport = nullptr;

/// A sum that depends on every message of every step. This process ends itself in step `die` or leaves in step `leave`,
/// and peers stay in step `stay` until there are `until` processes.
bsp::Task<double> program(bsp::Peer& peer) {
  int step = 0;
  std::vector<double> values(1000, peer.rank() + 1.0);
  peer.persist(step, values);
  if (peer.rank() == peer.world().first()) say("begun " + std::to_string(step));
  auto ring = peer.mailbox<double>();
  const int steps = words.number("steps", 60), die = words.number("die", -1), stay = words.number("stay", -1),
            until = words.number("until", 0);
  while (step < steps) {
    while (step == stay && peer.world().placement().processes() < until) co_await peer.checkpoint();
    if (step == words.number("leave", -1)) transport->withdraw();
    ring.send(peer.right(), std::span<const double>(values));
    if (step == die && words.text("phase") == "compute") ::raise(SIGKILL);
    co_await peer.sync();
    if (step == die && words.text("phase") == "sent") ::raise(SIGKILL);
    const std::span<const double> from_left = ring.received(peer.left());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = values[i] / 2 + from_left[i] / 3 + 1e-3 * step;
    ++step;
    if (step == die && words.text("phase") == "checkpoint") ::raise(SIGKILL);
    co_await peer.checkpoint();
  }
  double sum = 0;
  for (const double value : values) sum += value;
  co_return co_await all_reduce(peer, sum, std::plus{});
}

/// The same for state in shards: the sum depends on every shard in every step, and not on the number of peers.
bsp::Task<double> program_in_shards(bsp::Peer& peer) {
  constexpr int shards = 12;
  constexpr std::size_t width = 50;
  bsp::ShardReduce<double> reduce(peer, shards);
  bsp::ShardFold<double> fold(reduce.shards().first, width);
  int step = 0;
  std::vector<double> model(width, 1.0 / 3);
  std::vector<std::vector<double>> rows;
  for (int shard = reduce.shards().first; shard < reduce.shards().last; ++shard) rows.emplace_back(width, shard + 1.0);
  peer.persist(step, model, bsp::sharded(rows, shards));
  if (peer.rank() == peer.world().first()) say("begun " + std::to_string(step));
  const int steps = words.number("steps", 60), die = words.number("die", -1);
  while (step < steps) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t k = 0; k < width; ++k) rows[i][k] = rows[i][k] / 3 + model[width - 1 - k] / 36 + 1e-3 * step;
      fold.push([&](std::span<double> to) { std::copy(rows[i].begin(), rows[i].end(), to.begin()); });
    }
    if (step == die) ::raise(SIGKILL);
    co_await reduce.all_reduce(fold, std::span<double>(model));
    ++step;
    co_await peer.checkpoint();
  }
  double sum = 0;
  for (const double value : model) sum += value;
  co_return peer.rank() == 0 ? sum : 0.0;
}

/// `disk=dies_before call=rename nth=7 files=2`, for example.
test::DiskFault disk_fault() {
  using Kind = test::DiskFault::Kind;
  const std::string kind = words.text("disk");
  return {.kind = kind == "dies_before"  ? Kind::dies_before
                  : kind == "dies_after" ? Kind::dies_after
                  : kind == "is_full"    ? Kind::is_full
                                         : Kind::none,
          .at_rename = words.text("call") == "rename",
          .call = words.number("nth", 0),
          .files = words.number("files", 0)};
}

}  // namespace

int main(int argc, char** argv) {
  words = test::Words(argc, argv);
  test::set_disk_fault(disk_fault());
  if (words.has("limit")) {  // as if the disk were full
    const rlimit limit{static_cast<rlim_t>(words.number("limit", 0)), static_cast<rlim_t>(words.number("limit", 0))};
    ::signal(SIGXFSZ, SIG_IGN);
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
  }
  try {
    bsp::EngineOptions engine{.peers = words.number("peers", 6), .workers = 1};
    if (words.has("coordinator"))
      engine.transport = bsp::tcp({.coordinator = words.text("coordinator"),
                                   .process = words.number("process", 0),
                                   .processes = words.number("processes", 1),
                                   .newcomer = words.number("newcomer", 0) != 0});
    transport = engine.transport.get();
    if (words.has("directory"))
      engine.checkpoints = {.directory = words.text("directory"),
                            .every = words.number("every", 1),
                            .recover = words.number("recover", 1) != 0};
    const double sum = bsp::Engine(engine).run(words.has("shards") ? program_in_shards : program);
    if (sum != 0) say("sum " + std::to_string(std::bit_cast<std::uint64_t>(sum)));
  } catch (const std::exception& error) {
    say(std::string("error ") + error.what());
    return 1;
  }
}
