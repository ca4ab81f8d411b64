#pragma once
/// Peer::offload: runs blocking code on a separate thread, where it can use the barriers of its peer.
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "scalar/bsp/collectives.hpp"
#include "scalar/bsp/peer.hpp"
#include "scalar/bsp/task.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

/// An `Errand` is a coroutine that a peer runs for its offloaded code, whose thread waits for it.
class Errand {
 public:
  virtual Task<> run(Peer& peer) = 0;

 protected:
  ~Errand() = default;
};

/// A `Loan` is the thread of a peer's offloaded code, and passes errands from the thread to the peer.
class Loan {
 public:
  explicit Loan(Peer& peer);
  ~Loan();  // lets further errands fail, and joins the thread
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;

  /// Starts `work(context)` on the thread; it does not throw.
  void start(void (*work)(void*), void* context);
  /// Called on the thread: has the peer run an errand, and waits for it. Throws `Aborted` when the run is over.
  void ask(Errand& errand);
  /// Awaited by the peer: suspends until there is an errand, or the thread has finished.
  class Next : public Awaitable {
   public:
    Next(Peer& peer, Loan& loan) noexcept : Awaitable{&peer.fiber()}, loan_(loan) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) const noexcept { loan_.park(self); }
    Errand* await_resume() const noexcept { return loan_.errand(); }  // null: the thread has finished

   private:
    Loan& loan_;
  };
  Next next() noexcept { return {peer_, *this}; }
  /// Called by the peer: the errand is done.
  void reply() noexcept;

 private:
  struct Impl;
  void park(std::coroutine_handle<> self) noexcept;
  Errand* errand() noexcept;
  Peer& peer_;
  std::unique_ptr<Impl> impl_;
};

/// What a function returned or threw. The function may return `void`.
template <class R>
struct Outcome {
  std::optional<R> value;
  std::exception_ptr error;
  template <class F>
  void set(F&& f) {
    value.emplace(std::forward<F>(f)());
  }
  R take() {
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
};
template <>
struct Outcome<void> {
  std::exception_ptr error;
  template <class F>
  void set(F&& f) {
    std::forward<F>(f)();
  }
  void take() const {
    if (error) std::rethrow_exception(error);
  }
};

}  // namespace detail

/// A peer as offloaded code sees it. Barriers block the thread of that code, and no other.
///
/// Thread safety: used only by the function to which it was given.
class BlockingPeer {
 public:
  int rank() const noexcept { return peer_.rank(); }
  int size() const noexcept { return peer_.size(); }

  /// Has the peer run `make(peer)`, a coroutine that may use mailboxes and collectives, and returns what it returns.
  /// Throws what the coroutine throws, such as `Aborted`.
  template <class Make>
  auto run(Make&& make) {
    using R = typename std::invoke_result_t<Make&, Peer&>::value_type;
    Call<R, Make> call(make);
    loan_.ask(call);
    return call.outcome.take();
  }
  /// As `Peer::sync`, but blocks this thread.
  void sync() {
    run([](Peer& peer) -> Task<> { co_await peer.sync(); });
  }

  /// Internal.
  BlockingPeer(Peer& peer, detail::Loan& loan) noexcept : peer_(peer), loan_(loan) {}

 private:
  template <class R, class Make>
  struct Call final : detail::Errand {
    explicit Call(Make& given) : make(given) {}
    Task<> run(Peer& peer) override {
      try {
        auto task = make(peer);
        if constexpr (std::is_void_v<R>) {
          co_await std::move(task);
        } else {
          outcome.value.emplace(co_await std::move(task));
        }
      } catch (...) {
        outcome.error = std::current_exception();
      }
    }
    Make& make;
    detail::Outcome<R> outcome;
  };
  Peer& peer_;
  detail::Loan& loan_;
};

/// As `all_reduce` and `broadcast` of a `Peer`, but the calling thread waits for the result.
template <class T, class Op>
T all_reduce(BlockingPeer& blocked, T value, Op op) {
  return blocked.run([&](Peer& peer) -> Task<T> { co_return co_await all_reduce(peer, value, op); });
}
template <class T>
T broadcast(BlockingPeer& blocked, T value, int root = 0) {
  return blocked.run([&](Peer& peer) -> Task<T> { co_return co_await broadcast(peer, value, root); });
}

template <class F>
auto Peer::offload(F fn) -> Task<std::invoke_result_t<F&, BlockingPeer&>> {
  using R = std::invoke_result_t<F&, BlockingPeer&>;
  struct Work {
    F& fn;
    BlockingPeer blocking;
    detail::Outcome<R> outcome{};
    static void run(void* self) noexcept {
      Work& work = *static_cast<Work*>(self);
      try {
        work.outcome.set([&]() -> R { return work.fn(work.blocking); });
      } catch (...) {
        work.outcome.error = std::current_exception();
      }
    }
  };
  std::optional<Work> work;  // outlives the thread
  detail::Loan loan(*this);
  work.emplace(Work{fn, BlockingPeer(*this, loan)});
  loan.start(&Work::run, &*work);
  for (;;) {
    detail::Errand* errand = co_await loan.next();
    if (errand == nullptr) break;
    auto task = errand->run(*this);
    co_await std::move(task);
    loan.reply();
  }
  co_return work->outcome.take();
}

}  // namespace scalar::inline v0::bsp
