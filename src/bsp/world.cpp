#include "scalar/bsp/world.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <mutex>
#include <string>

#include "scalar/bsp/aborted.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

std::string readable(const std::type_info& type) {
  int status = 0;
  char* text = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string result = text != nullptr ? text : type.name();
  std::free(text);
  return result;
}

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
  int left = 0;  // peers whose mailbox is gone
};

/// A channel that every peer has left, kept for the next mailbox of that type.
struct Spare {
  const std::type_info* message;
  std::unique_ptr<ChannelBase> channel;
};

}  // namespace

struct World::Shared {
  std::mutex mutex;
  std::vector<Joined> joined;  // few: the mailboxes alive at the same time
  std::vector<Spare> spare;
  std::vector<std::int64_t> retired;  // how many mailboxes each returned peer had made

  std::exception_ptr error;
  int failed_rank = 0;
  std::uint64_t failed_superstep = 0;

  // Nobody will use a channel again when every peer has left it or has returned before it came to make it.
  void recycle(std::size_t position, int peers) {
    Joined& entry = joined[position];
    std::int64_t absent = 0;
    if (entry.left + static_cast<std::int64_t>(retired.size()) < peers) return;
    for (const std::int64_t made : retired) absent += made <= entry.index;
    if (entry.left + absent < peers) return;
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
};

World::World(int size)
    : size_(size),
      fibers_(new Fiber[static_cast<std::size_t>(size)]),
      frames_(new FramePool[static_cast<std::size_t>(size)]),
      parts_(static_cast<std::size_t>(size)),
      shared_(std::make_unique<Shared>()) {
  for (int rank = 0; rank < size; ++rank) {
    fiber(rank).rank = rank;
    fiber(rank).frames = &frames_[static_cast<std::size_t>(rank)];
  }
  shared_->retired.reserve(static_cast<std::size_t>(size));  // retire() may not fail
}

World::~World() = default;

void World::throw_aborted() const {
  std::string reason;
  int rank = 0;
  std::uint64_t superstep = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    reason = reason_of(shared_->error);
    rank = shared_->failed_rank, superstep = shared_->failed_superstep;
  }
  throw Aborted(rank, superstep, reason);
}

void World::fail(int rank, std::exception_ptr error) noexcept {
  const std::lock_guard lock(shared_->mutex);
  if (aborted_) return;  // a consequence, not a cause
  if (shared_->error && shared_->failed_rank <= rank) return;
  shared_->error = std::move(error);
  shared_->failed_rank = rank;
  shared_->failed_superstep = superstep_;
  failed_.store(true, std::memory_order_release);
}

void World::rethrow_failure() const {
  if (shared_->error) std::rethrow_exception(shared_->error);
}

ChannelBase& World::join(int rank, std::int64_t index, const std::type_info& message, MakeChannel make) {
  const std::lock_guard lock(shared_->mutex);
  for (Joined& entry : shared_->joined) {
    if (entry.index != index) continue;
    if (*entry.message != message)
      throw Error(Errc::type_mismatch,
                  "mailbox " + std::to_string(index) + " is a Mailbox<" + readable(message) + ">, but a Mailbox<" +
                      readable(*entry.message) + "> on another peer; all peers make theirs in the same order",
                  "bsp peer " + std::to_string(rank));
    return *entry.channel;
  }
  std::unique_ptr<ChannelBase> channel = shared_->take_spare(message);
  if (!channel) channel = make(size_);
  shared_->joined.push_back({index, &message, std::move(channel)});
  shared_->spare.reserve(shared_->joined.size() + shared_->spare.size());  // leave() may not fail
  return *shared_->joined.back().channel;
}

void World::leave(std::int64_t index) noexcept {
  const std::lock_guard lock(shared_->mutex);
  for (std::size_t i = 0; i < shared_->joined.size(); ++i)
    if (shared_->joined[i].index == index) {
      ++shared_->joined[i].left;
      return shared_->recycle(i, size_);
    }
}

void World::retire(std::int64_t mailboxes) noexcept {
  const std::lock_guard lock(shared_->mutex);
  shared_->retired.push_back(mailboxes);
  for (std::size_t i = shared_->joined.size(); i-- > 0;) shared_->recycle(i, size_);
}

}  // namespace scalar::inline v0::bsp::detail
