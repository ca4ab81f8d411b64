#pragma once
/// Task<T>: the coroutine type of BSP programs and of their helpers.
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "scalar/bsp/detail/frame_pool.hpp"

namespace scalar::inline v0::bsp {

template <class T = void>
class Task;

namespace detail {

/// Where a peer continues when it is resumed: its innermost suspended frame; null once it has returned.
struct Leaf {
  std::coroutine_handle<> handle;
};

/// Base of everything besides tasks that a peer awaits. It belongs to the peer whose leaf is `leaf`.
struct Awaitable {
  Leaf* leaf;
};

[[noreturn]] void throw_foreign_await();
[[noreturn]] void throw_spent_task();

/// What the promises of all tasks share.
///
/// Awaiting a child makes it the leaf and returns to the worker, which resumes the leaf (a trampoline). So nested
/// awaits use no stack, even where the compiler does not turn a symmetric transfer into a jump.
struct PromiseBase {
  Leaf* leaf = nullptr;
  std::coroutine_handle<> continuation;
  std::exception_ptr error;

  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> done) const noexcept {
      done.promise().leaf->handle = done.promise().continuation;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }

  template <class T>
  auto await_transform(Task<T>&& task) {
    return std::move(task).awaiter();
  }
  template <class T>
  void await_transform(Task<T>& task) = delete;  // a task is awaited once: co_await std::move(task)
  template <std::derived_from<Awaitable> A>
  A await_transform(A&& awaitable) {  // by value: of a reference, g++ copies the target once more
    if (awaitable.leaf != leaf) [[unlikely]]
      throw_foreign_await();
    return std::forward<A>(awaitable);
  }

  static void* operator new(std::size_t bytes) { return FramePool::allocate(bytes); }
  static void operator delete(void* frame, std::size_t bytes) noexcept { FramePool::release(frame, bytes); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;

  template <class U = T>
    requires std::constructible_from<T, U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  void return_void() const noexcept {}
  void take() const {
    if (error) std::rethrow_exception(error);
  }
};

}  // namespace detail

/// A coroutine that belongs to a peer. It starts when it is awaited, and may itself sync and await other tasks.
///
/// A program's body returns `Task<R>`, and so do its helpers, which the body calls as `co_await helper(peer, ...)`. A
/// task is awaited once; its exception is thrown by the `co_await`. Tasks may await only tasks and what `Peer` and the
/// collectives return, since anything else could resume a peer behind the engine's back.
/// With g++ 12, pass to awaited functions only arguments that are trivially destructible (numbers, spans, views,
/// references) or have a name: the compiler destroys some temporaries of a full expression with `co_await` twice.
template <class T>
class [[nodiscard]] Task {
  static_assert(std::is_void_v<T> || std::is_object_v<T>,
                "a Task returns a value or void; return a pointer, not a reference");

 public:
  struct promise_type : detail::Promise<T> {
    Task get_return_object() noexcept { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
  };
  using value_type = T;

  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~Task() {
    if (frame_) frame_.destroy();
  }

  /// Internal: what `co_await` of this task works with.
  class Awaiter {
   public:
    explicit Awaiter(std::coroutine_handle<promise_type> child) noexcept : child_(child) {}
    bool await_ready() const noexcept { return false; }
    template <class Parent>
    void await_suspend(std::coroutine_handle<Parent> parent) const noexcept {
      detail::Leaf* leaf = parent.promise().leaf;
      child_.promise().leaf = leaf;
      child_.promise().continuation = parent;
      leaf->handle = child_;
    }
    T await_resume() const { return child_.promise().take(); }

   private:
    std::coroutine_handle<promise_type> child_;
  };
  /// Internal. Errors: `Errc::invalid_argument` for a task that was moved from or has been started.
  Awaiter awaiter() && {
    check_fresh();
    return Awaiter(frame_);
  }
  /// Internal: makes this task the root of a peer.
  detail::PromiseBase& start(detail::Leaf& leaf) {
    check_fresh();
    frame_.promise().leaf = &leaf;
    leaf.handle = frame_;
    return frame_.promise();
  }
  /// Internal: the value of a root that has returned.
  T result() { return frame_.promise().take(); }

 private:
  explicit Task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
  void check_fresh() const {
    if (!frame_ || frame_.promise().leaf != nullptr) detail::throw_spent_task();
  }
  std::coroutine_handle<promise_type> frame_;
};

}  // namespace scalar::inline v0::bsp
