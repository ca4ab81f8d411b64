#pragma once
/// Engine: runs a BSP program, one coroutine per peer, on a few threads.
#include <concepts>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "scalar/bsp/collectives/span_collectives.hpp"
#include "scalar/bsp/engine_options.hpp"
#include "scalar/bsp/executor.hpp"
#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/peer.hpp"
#include "scalar/bsp/processes/transport.hpp"
#include "scalar/bsp/runs/checkpoint.hpp"
#include "scalar/bsp/task.hpp"
#include "scalar/core/runtime.hpp"

namespace scalar::inline v0::bsp {

namespace detail {

template <class>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<Task<T>> = true;

template <class Body>
concept PeerBody = std::invocable<Body&, Peer&> && is_task<std::invoke_result_t<Body&, Peer&>>;

/// One run of a program, from before the first peer starts until after the last has returned.
class Session {
 public:
  /// `attempt`: how many earlier attempts ended because the processes changed.
  Session(const EngineOptions& options, const Runtime& runtime, int attempt);
  ~Session();
  Peer& peer(int rank) noexcept;
  void set_root(int rank, const PromiseBase& root) noexcept;
  Leaf& leaf(int rank) noexcept;
  /// Throws `Errc::resource_exhausted`: there is no memory to start peer `rank` and the peers after it.
  [[noreturn]] void throw_no_room(int rank) const;
  /// The local ranks are `[first, first + count)`.
  int first() const noexcept;
  int count() const noexcept;
  /// Runs the peers until all have returned. Returns false when the processes have changed and the program must run
  /// again from its last checkpoint. Throws the error of the lowest rank in the first superstep that failed.
  bool drive();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  bool recovers_, is_driven_ = false;
};

}  // namespace detail

/// Runs programs of peers that compute in supersteps.
///
/// `run(body)` calls `body(peer)` once per peer; each call is a coroutine, and the engine runs all of them on at most
/// `workers` threads, including the calling thread. No peer blocks its thread: more peers than threads, engines in TBB
/// tasks, engines inside a peer's code and several engines at once all work. The body may be a lambda with captures; it
/// is called, not copied, so captures live as long as `run`. The peers share what they reach through captures.
///
/// Errors: an exception that leaves a body ends the run at the end of that superstep. All other peers get `Aborted`
/// from their barrier, everything is destroyed, and `run` throws the original exception of the lowest rank.
/// Thread safety: `run` may be called from several threads at once; the runs are independent.
class Engine {
 public:
  /// Errors: `Errc::invalid_argument` for impossible options.
  explicit Engine(const EngineOptions& options = {}, Runtime runtime = {});

  /// Runs `body` and returns what rank 0 returned; in a process that does not host rank 0, a default value.
  template <detail::PeerBody Body>
  auto run(Body&& body) const {
    using Value = typename std::invoke_result_t<Body&, Peer&>::value_type;
    for (int attempt = 0;; ++attempt) {
      detail::Session session(options_, runtime_, attempt);
      auto roots = start(session, body);  // destroyed before the session: their frames hold mailboxes
      if (!session.drive()) continue;
      if constexpr (std::default_initializable<Value>) {
        if (session.first() != 0) return Value{};
      }
      return roots.front().result();
    }
  }

  /// Runs `body` and returns what the peers of this process returned, in rank order.
  template <detail::PeerBody Body>
  auto run_all(Body&& body) const {
    using Value = typename std::invoke_result_t<Body&, Peer&>::value_type;
    static_assert(!std::is_void_v<Value>, "run_all returns the peers' values; use run for a body that returns nothing");
    for (int attempt = 0;; ++attempt) {
      detail::Session session(options_, runtime_, attempt);
      auto roots = start(session, body);
      std::vector<Value> values;
      try {
        values.reserve(roots.size());
      } catch (const std::bad_alloc&) {
        session.throw_no_room(session.first());
      }
      if (!session.drive()) continue;
      for (auto& root : roots) values.push_back(root.result());
      return values;
    }
  }

  const EngineOptions& options() const noexcept { return options_; }

 private:
  template <class Body>
  auto start(detail::Session& session, Body& body) const {
    std::vector<std::invoke_result_t<Body&, Peer&>> roots;
    int rank = session.first();
    try {
      roots.reserve(static_cast<std::size_t>(session.count()));
      for (; rank < session.first() + session.count(); ++rank) {
        roots.push_back(body(session.peer(rank)));
        session.set_root(rank, roots.back().start(session.leaf(rank)));
      }
    } catch (const std::bad_alloc&) {
      session.throw_no_room(rank);
    }
    return roots;
  }

  EngineOptions options_;
  Runtime runtime_;
};

}  // namespace scalar::inline v0::bsp
