#include "scalar/bsp/engine.hpp"

#include <string>

#include "bsp/scheduler.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp {
namespace {

constexpr int most_peers = 1 << 20;

[[noreturn]] void refuse(const std::string& option, std::int64_t value, const std::string& expected) {
  throw Error(Errc::invalid_argument, option + " is " + std::to_string(value) + ", expected " + expected,
              "bsp::Engine");
}

}  // namespace

namespace detail {

struct Session::Impl {
  Impl(const EngineOptions& options, const Runtime& runtime)
      : world(options.peers),
        scheduler(world, {options.workers > 0 ? options.workers : runtime.threads(), options.spin}) {
    peers.reserve(static_cast<std::size_t>(options.peers));
    for (int rank = 0; rank < options.peers; ++rank) peers.emplace_back(world, rank);
    if (scheduler.workers() == 1) return;
    crew =
        options.executor != nullptr ? make_host_crew(scheduler, *options.executor) : make_tbb_crew(scheduler, runtime);
    scheduler.set_crew(crew.get());
  }

  World world;
  std::vector<Peer> peers;
  Scheduler scheduler;
  std::unique_ptr<Crew> crew;  // null: the caller is the only worker
};

Session::Session(const EngineOptions& options, const Runtime& runtime)
    : impl_(std::make_unique<Impl>(options, runtime)) {}
Session::~Session() = default;

Peer& Session::peer(int rank) noexcept { return impl_->peers[static_cast<std::size_t>(rank)]; }
Leaf& Session::leaf(int rank) noexcept { return impl_->world.fiber(rank); }
void Session::set_root(int rank, const PromiseBase& root) noexcept { impl_->world.fiber(rank).root = &root; }

void Session::drive() {
  if (impl_->crew != nullptr) {
    impl_->crew->drive();
  } else {
    impl_->scheduler.open_first();
    while (!impl_->scheduler.is_finished()) impl_->scheduler.work(0);
  }
  impl_->world.rethrow_failure();
}

}  // namespace detail

Engine::Engine(const EngineOptions& options, Runtime runtime) : options_(options), runtime_(std::move(runtime)) {
  if (options.peers < 1 || options.peers > most_peers)
    refuse("peers", options.peers, "1 to " + std::to_string(most_peers));
  if (options.workers < 0) refuse("workers", options.workers, "0 or more");
  if (options.spin.count() < 0 || options.spin > std::chrono::seconds(1))
    refuse("spin", options.spin.count(), "0 to 1000000 microseconds");
}

}  // namespace scalar::inline v0::bsp
