#include "scalar/bsp/async/stale_clock.hpp"

#include <exception>
#include <utility>

#include "bsp/async/clock_core.hpp"
#include "bsp/async/table_seat.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp {
namespace {

std::string context_of(const Peer& peer) { return fmt::format("bsp peer {}", peer.rank()); }

/// Holds the clock that the peers of a process share, so that they find it where mailboxes find their channels.
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
      fail(Errc::invalid_argument, context_of(peer), "clock: the staleness is {}, but {} on another peer",
           options.staleness, others.staleness);
    if (others.record != options.record || others.replay != options.replay)
      fail(Errc::invalid_argument, context_of(peer),
           "clock: it has another log than another peer of this process, expected the same");
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
    fail(Errc::invalid_argument, context_of(peer), "clock: the staleness is {}, expected 0 or more", options.staleness);
  if (options.record != nullptr && options.replay != nullptr)
    fail(Errc::invalid_argument, context_of(peer), "clock: it is to record and to replay, expected one of them");
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
  if (peer_.fiber().told) return false;               // the peer has caught Aborted, and is not run again
  peer_.world().scheduler().look_between_barriers();  // the peer may tick for ever, without any barrier
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
