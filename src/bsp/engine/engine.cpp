#include "scalar/bsp/engine.hpp"

#include <fmt/core.h>

#include <string>
#include <tuple>
#include <utility>

#include "bsp/checkpoints/checkpointer.hpp"
#include "bsp/engine/resources.hpp"
#include "bsp/engine/scheduler.hpp"
#include "bsp/engine/tracer.hpp"
#include "bsp/world/memory_error.hpp"
#include "bsp/world/network.hpp"
#include "bsp/world/processes_change.hpp"
#include "bsp/world/wire.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp {
namespace {

constexpr int most_peers = 1 << 20;

int workers_of(const EngineOptions& options, const Runtime& runtime) {
  return options.workers > 0 ? options.workers : runtime.threads();
}

[[noreturn]] void refuse(std::string_view option, std::int64_t value, std::string_view expected) {
  fail(Errc::invalid_argument, "bsp::Engine", "{} is {}, expected {}", option, value, expected);
}

}  // namespace

namespace detail {

struct Session::Impl {
  Impl(const EngineOptions& options, const Runtime& runtime, int attempt)
      : network(options.transport != nullptr
                    ? std::make_unique<Network>(*options.transport, options.peers, attempt != 0)
                    : nullptr),
        world(network != nullptr ? network->placement() : Placement(options.peers)),
        share(runtime.slot<ActiveEngines>(), workers_of(options, runtime), options.resources.weight),
        scheduler(world, network.get(),
                  {workers_of(options, runtime), options.spin, options.superstep_deadline, options.stop,
                   &runtime.clock(), cores_of(options.resources, workers_of(options, runtime)), &share.allowed()}) {
    world.set_gate(scheduler);
    world.set_scheduler(scheduler);
    world.set_options(options);
    peers.reserve(static_cast<std::size_t>(world.local()));
    for (int rank = world.first(); rank < world.first() + world.local(); ++rank) peers.emplace_back(world, rank);
    crew = options.executor != nullptr || scheduler.workers() == 1
               ? make_host_crew(scheduler, network.get(), scheduler.workers() == 1 ? nullptr : options.executor)
               : make_tbb_crew(scheduler, network.get(), runtime);
    scheduler.set_crew(*crew);
    if (options.trace != nullptr) {
      tracer = std::make_unique<Tracer>(*options.trace, world, scheduler.workers());
      scheduler.set_tracer(tracer.get());
    }
    try {
      prepare(options, runtime, attempt);
    } catch (...) {  // the other processes must not wait for this one
      if (network != nullptr) network->fail(world.first(), std::current_exception(), 0), network->finish();
      throw;
    }
  }

  void prepare(const EngineOptions& options, const Runtime& runtime, int attempt) {
    if (network != nullptr) network->attach(world);
    if (options.resources.mailbox_bytes != 0) {
      memory = std::make_unique<MailboxMemory>(options.resources.mailbox_bytes, options.resources.spill_directory);
      world.set_memory(memory.get());
    }
    find_checkpoint(options, runtime, attempt);
    if (!world.is_distributed()) return;
    world.set_id(network->run());
    wire = std::make_shared<Wire>(*network, world, network->run(), scheduler);
    world.set_wire(wire.get());
    wire->open();
  }

  /// Finds the newest checkpoint that every process sees whole; all processes begin with it.
  void find_checkpoint(const EngineOptions& engine, const Runtime& runtime, int attempt) {
    const CheckpointOptions& options = engine.checkpoints;
    if (options.directory.empty()) return;
    checkpointer =
        std::make_unique<Checkpointer>(options, world.placement(), network != nullptr ? network->epoch() : 0);
    if (world.placement().here() == 0) {
      if (attempt == 0) {
        checkpointer->remove_old_claims();
      } else {
        checkpointer->claim(network->claim_pause(), engine.stop);
      }
    }
    std::uint64_t newest = checkpointer->newest(), agreed = newest, most = newest;
    const auto agree = [&] {
      if (network != nullptr) std::tie(agreed, most) = network->agree(newest);
    };
    agree();
    if (agreed != most) {  // some looked while others still wrote the previous run's last checkpoint, and see it now
      newest = checkpointer->newest();
      agree();
    }
    check_damage(options, runtime, newest != 0);
    if (agreed == 0 && most != 0 && attempt == 0)
      fail(Errc::not_found, options.directory,
           "{} sees no checkpoint in the directory where others see one; all must see the same",
           newest == 0 ? "this process" : "another process");
    checkpointer->restore(agreed);
    // No process writes before the first barrier, so files left over from failed runs can be removed, unless only some
    // processes see the newest checkpoint whole.
    if (world.placement().here() == 0 && agreed == most) checkpointer->remove_newer(agreed);
    world.set_checkpointer(checkpointer.get());
  }

  /// Warns of damaged checkpoints. When all are damaged, a run must not silently begin from the start.
  void check_damage(const CheckpointOptions& options, const Runtime& runtime, bool is_one_whole) const {
    const std::string damage = checkpointer->damage();
    if (damage.empty()) return;
    const auto warn = [&](const std::string& text) {
      runtime.log(LogLevel::warning, "bsp", options.directory + ": " + text);
    };
    if (is_one_whole) return warn("an earlier checkpoint is used, for the newest is damaged: " + damage);
    const std::string what = fmt::format("no checkpoint of run \"{}\" is whole: {}", options.name, damage);
    if (!options.start_anew)
      fail(Errc::corrupt, options.directory,
           "{}; remove the files, or set checkpoints.start_anew, to begin from the start", what);
    warn(what + "; the run begins from the start");
  }

  std::unique_ptr<MailboxMemory> memory;  // null: the heap
  std::unique_ptr<Network> network;       // null: this process alone
  std::unique_ptr<Checkpointer> checkpointer;
  World world;
  std::vector<Peer> peers;
  ActiveEngines::Share share;
  Scheduler scheduler;
  std::shared_ptr<Wire> wire;
  std::unique_ptr<Tracer> tracer;  // null: nothing is recorded
  std::unique_ptr<Crew> crew;
};

Session::Session(const EngineOptions& options, const Runtime& runtime, int attempt)
    : recovers_(options.checkpoints.recover) {
  try {
    impl_ = std::make_unique<Impl>(options, runtime, attempt);
  } catch (const std::bad_alloc&) {
    constexpr std::size_t each = sizeof(Fiber) + sizeof(FramePool) + sizeof(Peer);
    fail(Errc::resource_exhausted, "bsp::Engine",
         "there is no memory for {} peers, each of which takes {} bytes and what the program keeps for it",
         options.peers, each);
  }
}
void Session::throw_no_room(int rank) const {
  fail(Errc::resource_exhausted, "bsp::Engine", "there is no memory for peer {} of {}", rank, impl_->world.size());
}
Session::~Session() {
  if (is_driven_ || impl_->network == nullptr) return;
  try {  // the local peers could not be made: the other processes must not wait for them
    const Error error(Errc::aborted, "the peers of a process could not be started", "bsp");
    impl_->network->fail(first(), std::make_exception_ptr(error), 0);
    impl_->network->finish();
  } catch (...) {  // the others notice when this process's connection ends
  }
}

int Session::first() const noexcept { return impl_->world.first(); }
int Session::count() const noexcept { return impl_->world.local(); }
Peer& Session::peer(int rank) noexcept { return impl_->peers[static_cast<std::size_t>(rank - first())]; }
Leaf& Session::leaf(int rank) noexcept { return impl_->world.fiber(rank); }
void Session::set_root(int rank, const PromiseBase& root) noexcept { impl_->world.fiber(rank).root = &root; }

bool Session::drive() {
  Impl& impl = *impl_;
  is_driven_ = true;
  impl.crew->drive();
  if (impl.network != nullptr) impl.network->finish();
  if (impl.checkpointer != nullptr) impl.checkpointer->finish(impl.world.has_failed());
  try {
    impl.world.rethrow_failure();
  } catch (const ProcessesChange&) {
    return false;
  } catch (const std::bad_alloc&) {
    if (recovers_ && impl.network != nullptr && impl.network->has_lost()) return false;
    throw peer_memory_error(impl.world.failed_rank(), impl.world.failed_superstep());
  } catch (...) {
    // The error comes from another process, in which the change of processes begins, or has failed.
    if (recovers_ && impl.network != nullptr && impl.network->has_lost()) return false;
    throw;
  }
  if (impl.checkpointer != nullptr) impl.checkpointer->remove_all();
  return true;
}

}  // namespace detail

Engine::Engine(const EngineOptions& options, Runtime runtime) : options_(options), runtime_(std::move(runtime)) {
  if (options.peers < 1 || options.peers > most_peers)
    refuse("peers", options.peers, fmt::format("1 to {}", most_peers));
  if (options.workers < 0) refuse("workers", options.workers, "0 or more");
  if (options.spin.count() < 0 || options.spin > std::chrono::seconds(1))
    refuse("spin", options.spin.count(), "0 to 1000000 microseconds");
  if (!(options.resources.weight > 0) || options.resources.weight > 1e6)
    fail(Errc::invalid_argument, "bsp::Engine", "resources.weight is {}, expected more than 0",
         options.resources.weight);
  (void)detail::cores_of(options.resources, 1);
  if (options.checkpoints.every < 1) refuse("checkpoints.every", options.checkpoints.every, "1 or more");
  if (options.checkpoints.recover && options.checkpoints.directory.empty())
    fail(Errc::invalid_argument, "bsp::Engine",
         "checkpoints.recover without checkpoints.directory: there is nothing to go back to");
  if (options.superstep_deadline.count() < 0)
    refuse("superstep_deadline", options.superstep_deadline.count(), "0 or more milliseconds");
  if (options.collectives > Algorithm::two_phase)
    refuse("collectives", static_cast<int>(options.collectives), "an Algorithm");
  detail::check_machine(options.machine);
}

}  // namespace scalar::inline v0::bsp
