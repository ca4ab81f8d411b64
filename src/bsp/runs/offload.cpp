#include "scalar/bsp/runs/offload.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "bsp/runs/signal.hpp"
#include "scalar/bsp/aborted.hpp"

namespace scalar::inline v0::bsp::detail {

struct Loan::Impl {
  explicit Impl(Scheduler& scheduler) : wanted(scheduler) {}

  Signal wanted;  // set when there is an errand, or the thread has finished
  std::mutex mutex;
  std::condition_variable replied;
  Errand* errand = nullptr;
  bool closed = false;
  std::thread thread;
};

Loan::Loan(Peer& peer) : peer_(peer), impl_(std::make_unique<Impl>(peer.world().scheduler())) {
  peer.world().scheduler().make_room_for_ready();
}

Loan::~Loan() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->closed = true;
  }
  impl_->replied.notify_all();
  if (!impl_->thread.joinable()) return;
  impl_->thread.join();
  peer_.world().scheduler().expect_from_outside(-1);
}

void Loan::start(void (*work)(void*), void* context) {
  impl_->thread = std::thread([this, work, context] {
    work(context);
    impl_->wanted.set();
  });
  peer_.world().scheduler().expect_from_outside(1);
}

void Loan::ask(Errand& errand) {
  std::unique_lock lock(impl_->mutex);
  if (!impl_->closed) {
    impl_->errand = &errand;
    lock.unlock();
    impl_->wanted.set();
    lock.lock();
    impl_->replied.wait(lock, [&] { return impl_->closed || impl_->errand == nullptr; });
    if (std::exchange(impl_->errand, nullptr) == nullptr) return;
  }
  lock.unlock();
  // The peer may be ending with an error that has not been noted yet. `World::throw_aborted` would mark that error as a
  // consequence of another one.
  if (!peer_.world().has_failed()) throw Aborted(peer_.rank(), peer_.superstep(), "the peer has ended");
  peer_.world().throw_aborted(peer_.fiber());
}

void Loan::reply() noexcept {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->errand = nullptr;
  }
  impl_->replied.notify_all();
}

void Loan::park(std::coroutine_handle<> self) noexcept {
  Fiber& fiber = peer_.fiber();
  fiber.handle = self;
  fiber.collective = nullptr;
  fiber.gate = &impl_->wanted;
  fiber.over = fiber.told;
}

Errand* Loan::errand() noexcept {
  const std::lock_guard lock(impl_->mutex);
  return impl_->errand;
}

}  // namespace scalar::inline v0::bsp::detail
