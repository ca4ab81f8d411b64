#include "scalar/bsp/async/stale_clock.hpp"

#include <exception>
#include <string>
#include <utility>

#include "bsp/async/clock_core.hpp"
#include "bsp/async/table_seat.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp {
namespace {

[[noreturn]] void refuse(const Peer& peer, const std::string& what) {
  throw Error(Errc::invalid_argument, "clock: " + what, "bsp peer " + std::to_string(peer.rank()));
}

/// Where the peers of a process find the clock that they share.
class ClockChannel final : public detail::ChannelBase {
 public:
  static std::unique_ptr<ChannelBase> make(detail::World&) { return std::make_unique<ClockChannel>(); }

  std::shared_ptr<detail::ClockCore> core(Peer& peer, std::int64_t index, const StaleClockOptions& options) {
    const std::lock_guard lock(mutex_);
    if (core_ == nullptr) {
      auto core = std::make_shared<detail::ClockCore>(peer.world(), index, options);
      core->open();
      core_ = std::move(core);
    }
    const StaleClockOptions& others = core_->options();
    if (others.staleness != options.staleness)
      refuse(peer, "the staleness is " + std::to_string(options.staleness) + ", but " +
                       std::to_string(others.staleness) + " on another peer");
    if (others.record != options.record || others.replay != options.replay)
      refuse(peer, "it has another log than another peer of this process, expected the same");
    core_->enter(peer.rank());
    return core_;
  }
  void reset() noexcept override { core_.reset(); }
  void collect(std::uint64_t, detail::Outbox&) override {}

 private:
  std::mutex mutex_;
  std::shared_ptr<detail::ClockCore> core_;
};

std::shared_ptr<detail::ClockCore> join(Peer& peer, std::int64_t index, const StaleClockOptions& options) {
  if (options.staleness < 0)
    refuse(peer, "the staleness is " + std::to_string(options.staleness) + ", expected 0 or more");
  if (options.record != nullptr && options.replay != nullptr)
    refuse(peer, "it is to record and to replay, expected one of them");
  detail::World& world = peer.world();
  auto& channel = static_cast<ClockChannel&>(world.join(peer.rank(), index, typeid(StaleClock), &ClockChannel::make));
  ++peer.mailboxes();
  try {
    return channel.core(peer, index, options);
  } catch (...) {
    world.leave(index);
    throw;
  }
}

}  // namespace

StaleClock::StaleClock(Peer& peer, const StaleClockOptions& options)
    : peer_(peer), index_(peer.mailboxes()), core_(join(peer, index_, options)) {}

StaleClock::~StaleClock() {
  core_->leave(peer_.rank(), std::uncaught_exceptions() != 0);
  peer_.world().leave(index_);
}

int StaleClock::staleness() const noexcept { return core_->options().staleness; }
std::uint64_t StaleClock::slowest() const { return core_->slowest(); }
std::uint64_t StaleClock::worst() const { return core_->worst(); }

void StaleClock::attach(detail::TableSeat& table) {
  tables_.push_back(&table);
  ++tables_made_;
}
void StaleClock::detach(detail::TableSeat& table) noexcept { std::erase(tables_, &table); }

bool StaleClock::advance() {
  if (peer_.fiber().told) return false;               // it has caught Aborted, and is not run again
  peer_.world().scheduler().look_between_barriers();  // with others or alone, it may tick for ever
  if (peer_.world().has_failed()) peer_.world().throw_aborted(peer_.fiber());
  std::vector<detail::Push> pushes;
  for (detail::TableSeat* table : tables_) table->impl().seal(now_ + 1, pushes);
  ++now_;
  return core_->advance(peer_.rank(), tables_made_, pushes);
}

void StaleClock::park(std::coroutine_handle<> self) noexcept {
  detail::Fiber& fiber = peer_.fiber();
  fiber.handle = self;
  fiber.collective = nullptr;
  fiber.gate = core_.get();
  fiber.over = fiber.told;
}

void StaleClock::resume() {
  if (peer_.world().has_failed()) peer_.world().throw_aborted(peer_.fiber());
  core_->show(peer_.rank(), tables_);
  for (detail::TableSeat* table : tables_) table->refresh();
}

}  // namespace scalar::inline v0::bsp
