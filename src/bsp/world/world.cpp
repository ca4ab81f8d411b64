#include "scalar/bsp/detail/world.hpp"

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>

#include "bsp/world/readable.hpp"
#include "bsp/world/wire.hpp"
#include "core/fail.hpp"
#include "scalar/bsp/aborted.hpp"
#include "scalar/bsp/detail/mailbox_memory.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

std::string reason_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return known.what();
  } catch (...) {
    return "an exception of a type unknown here";
  }
}

/// A channel in use: the `index`-th mailbox of every peer.
struct Joined {
  std::int64_t index;
  const std::type_info* message;
  std::unique_ptr<ChannelBase> channel;
  int left = 0;                // local peers that have destroyed their mailbox
  int absent = 0;              // local peers that returned before they made theirs
  std::uint64_t last_use = 0;  // the superstep in which a peer last destroyed its mailbox
};

/// A channel that no peer uses any more, kept for the next mailbox of that message type.
struct Spare {
  const std::type_info* message;
  std::unique_ptr<ChannelBase> channel;
};

}  // namespace

struct World::Shared {
  std::mutex mutex;
  std::vector<Joined> joined;  // few: one per mailbox that is alive
  std::vector<Spare> spare;
  std::vector<std::int64_t> retired;  // of each local peer that has returned, how many mailboxes it had made

  std::exception_ptr error;
  int failed_rank = 0;
  std::uint64_t failed_superstep = 0;

  /// Whether no peer will use the channel again.
  static bool is_deserted(const Joined& entry, int peers) noexcept { return entry.left + entry.absent >= peers; }
  int absent_from(std::int64_t index) const noexcept {
    int count = 0;
    for (const std::int64_t made : retired) count += made <= index;
    return count;
  }
  void recycle(std::size_t position) {
    Joined& entry = joined[position];
    entry.channel->reset();
    spare.push_back({entry.message, std::move(entry.channel)});
    if (&entry != &joined.back()) entry = std::move(joined.back());
    joined.pop_back();
  }

  std::unique_ptr<ChannelBase> take_spare(const std::type_info& message) {
    for (Spare& candidate : spare)
      if (*candidate.message == message) {
        std::unique_ptr<ChannelBase> channel = std::move(candidate.channel);
        if (&candidate != &spare.back()) candidate = std::move(spare.back());
        spare.pop_back();
        return channel;
      }
    return nullptr;
  }
  Joined* find(std::int64_t index) noexcept {
    for (Joined& entry : joined)
      if (entry.index == index) return &entry;
    return nullptr;
  }
};

void ChannelBase::collect(std::uint64_t, Outbox&) {
  fail(Errc::unsupported, "bsp", "these messages cannot leave a process");
}
void ChannelBase::deliver(std::uint64_t, const Segment&) {
  fail(Errc::unsupported, "bsp", "these messages cannot enter a process");
}

World::World(Placement placement)
    : root_(this),
      placement_(std::move(placement)),
      size_(placement_.size()),
      first_(placement_.first(placement_.here())),
      local_(placement_.count(placement_.here())),
      fibers_(new Fiber[static_cast<std::size_t>(local_)]),
      frames_(new FramePool[static_cast<std::size_t>(local_)]),
      mailboxes_(static_cast<std::size_t>(local_)),
      gone_(static_cast<std::size_t>(local_)),
      parts_(static_cast<std::size_t>(size_)),
      shared_(std::make_unique<Shared>()) {
  for (int rank = first_; rank < first_ + local_; ++rank) fiber(rank).rank = rank;
  shared_->retired.reserve(static_cast<std::size_t>(local_));  // retire() must not fail
}

World::World(World& root, Placement placement, std::vector<int> root_ranks)
    : root_(&root),
      placement_(std::move(placement)),
      size_(placement_.size()),
      first_(placement_.first(placement_.here())),
      local_(placement_.count(placement_.here())),
      root_ranks_(std::move(root_ranks)),
      mailboxes_(static_cast<std::size_t>(local_)),
      gone_(static_cast<std::size_t>(local_)),
      parts_(static_cast<std::size_t>(size_)),
      shared_(std::make_unique<Shared>()) {
  shared_->retired.reserve(static_cast<std::size_t>(local_));
}

World::~World() = default;

void World::throw_aborted(Fiber& fiber) const {
  fiber.told = true;  // first: a std::bad_alloc from here on is a consequence of the failure too, and not a new one
  std::string reason;
  int rank = 0;
  std::uint64_t superstep = 0;
  {
    const Shared& of_run = *root_->shared_;
    const std::lock_guard lock(root_->shared_->mutex);
    reason = reason_of(of_run.error);
    rank = of_run.failed_rank, superstep = of_run.failed_superstep;
  }
  throw Aborted(rank, superstep, reason);
}

void World::fail(int rank, std::exception_ptr error) noexcept {
  root_->note_failure(root_rank(rank), std::move(error));
}

void World::note_failure(int rank, std::exception_ptr error) noexcept {
  const std::lock_guard lock(shared_->mutex);
  if (is_aborted()) return;  // a consequence, not a cause
  if (shared_->error && shared_->failed_rank <= rank) return;
  shared_->error = std::move(error);
  shared_->failed_rank = rank;
  shared_->failed_superstep = superstep();
  failed_.store(true, std::memory_order_release);
}

std::exception_ptr World::failure() const noexcept {
  const std::lock_guard lock(root_->shared_->mutex);
  return root_->shared_->error;
}

int World::failed_rank() const noexcept {
  const std::lock_guard lock(root_->shared_->mutex);
  return root_->shared_->failed_rank;
}

std::uint64_t World::failed_superstep() const noexcept {
  const std::lock_guard lock(root_->shared_->mutex);
  return root_->shared_->failed_superstep;
}

void World::rethrow_failure() const {
  if (shared_->error) std::rethrow_exception(shared_->error);
}

bool World::meet(const Meeting& meeting) {
  collective_ = nullptr;
  odd_ = -1;
  if (meeting.collectives != 0 && !has_failed()) check_collective();
  if (wire_ != nullptr && !is_aborted()) return wire_->depart(meeting);
  conclude(has_failed());
  return true;
}

/// Checks that all local peers are at the same collective; `Wire` compares the processes.
void World::check_collective() {
  const auto at = [this](int rank) { return is_gone(rank) ? nullptr : fiber(rank).collective; };
  collective_ = at(first_);
  for (int rank = first_; rank < first_ + local_ && odd_ < 0; ++rank)
    if (at(rank) != collective_ || is_gone(rank) != is_gone(first_)) odd_ = rank;
  if (odd_ >= 0 && wire_ == nullptr)
    fail_with(odd_, [this] { return mismatch(whereabouts(first_), whereabouts(odd_)); });
}

Whereabouts World::whereabouts(int rank) noexcept {
  const Collective* collective = is_gone(rank) ? nullptr : fiber(rank).collective;
  return {root_rank(rank), is_gone(rank), collective != nullptr ? collective->name : std::string_view()};
}

Error World::mismatch(const Whereabouts& one, const Whereabouts& other) const {
  const auto text = [](const Whereabouts& peer) {
    if (peer.gone) return fmt::format("peer {} has returned", peer.rank);
    return fmt::format("peer {} is in {}", peer.rank, peer.collective.empty() ? "sync" : peer.collective);
  };
  const bool alike = !one.collective.empty() && one.collective == other.collective && !one.gone && !other.gone;
  return Error(Errc::invalid_argument,
               fmt::format("peers are at different collectives: {}, {}{}", text(one), text(other),
                           alike ? " of another type or operation" : ""),
               fmt::format("bsp superstep {}", superstep()));
}

void World::conclude(bool failed) noexcept {
  if (!failed && collective_ != nullptr) try {
      collective_->complete(*this, collective_->name);
    } catch (...) {
      fail(0, std::current_exception());
      failed = true;
    }
  if (failed) aborted_.store(true, std::memory_order_relaxed);
  if (memory() != nullptr) memory()->settle();
  superstep_.store(superstep() + 1, std::memory_order_relaxed);
}

const void* World::remote_value(int rank) const noexcept { return wire_->value(rank); }

ChannelBase& World::join(int rank, std::int64_t index, const std::type_info& message, MakeChannel make) {
  const std::lock_guard lock(shared_->mutex);
  if (Joined* entry = shared_->find(index); entry != nullptr) {
    if (*entry->message != message)
      scalar::fail(Errc::type_mismatch, fmt::format("bsp peer {}", root_rank(rank)),
                   "mailbox {} is a Mailbox<{}>, but a Mailbox<{}> on another peer; all peers make theirs in the same "
                   "order",
                   index, readable(message), readable(*entry->message));
    return *entry->channel;
  }
  std::unique_ptr<ChannelBase> channel = shared_->take_spare(message);
  if (!channel) channel = make(*this);
  if (wire_ != nullptr) wire_->deliver_to(index, message, *channel);
  shared_->joined.push_back({index, &message, std::move(channel)});
  shared_->joined.back().absent = shared_->absent_from(index);
  shared_->spare.reserve(shared_->joined.size() + shared_->spare.size());  // leave() must not fail
  return *shared_->joined.back().channel;
}

void World::leave(std::int64_t index) noexcept {
  const std::lock_guard lock(shared_->mutex);
  Joined* entry = shared_->find(index);
  if (entry == nullptr) return;
  ++entry->left;
  entry->last_use = superstep();
  if (wire_ == nullptr && shared_->is_deserted(*entry, local_))
    shared_->recycle(static_cast<std::size_t>(entry - shared_->joined.data()));
}

void World::retire(int rank) noexcept {
  const std::lock_guard lock(shared_->mutex);
  shared_->retired.push_back(mailboxes(rank));
  gone_[static_cast<std::size_t>(rank - first_)] = true;
  for (Joined& entry : shared_->joined) entry.absent += mailboxes(rank) <= entry.index;
  for (std::size_t i = shared_->joined.size(); wire_ == nullptr && i-- > 0;)
    if (shared_->is_deserted(shared_->joined[i], local_)) shared_->recycle(i);
}

/// Across processes the last messages of a channel leave at the end of the superstep in which they were sent, and have
/// arrived at the end of the next.
void World::sweep() noexcept {
  const std::lock_guard lock(shared_->mutex);
  for (std::size_t i = shared_->joined.size(); i-- > 0;) {
    const Joined& entry = shared_->joined[i];
    if (entry.last_use + 2 < superstep() && shared_->is_deserted(entry, local_)) shared_->recycle(i);
  }
}

void World::tally(int rank, Tally& tally) {
  const std::uint64_t before = tally.bytes;
  const std::lock_guard lock(shared_->mutex);
  for (Joined& entry : shared_->joined) entry.channel->tally(rank, superstep(), tally);
  tally.most_sent = (std::max)(tally.most_sent, tally.bytes - before);
}

void World::each_channel(void (*use)(void*, std::int64_t, const std::type_info&, ChannelBase&), void* argument) {
  const std::lock_guard lock(shared_->mutex);
  for (Joined& entry : shared_->joined) use(argument, entry.index, *entry.message, *entry.channel);
}

}  // namespace scalar::inline v0::bsp::detail
