#pragma once
/// Supersteps as plain functions, for programs that do not want coroutines.
#include <functional>
#include <utility>
#include <vector>

#include "scalar/bsp/collectives.hpp"
#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::bsp {

/// What one peer does in one superstep: reads `box.received()`, calls `box.send(...)`, changes its own `State`. Returns
/// whether it would halt.
template <class State, class Message>
using Superstep = std::function<bool(State& state, Peer& peer, Mailbox<Message>& box)>;

/// The body that runs the functions of `chain` one after another, a barrier after each, and starts again at the first
/// after the last, until all peers return true from one of them. It returns the peer's state:
/// `State end = engine.run(bsp::supersteps<Message>(start, {step_a, step_b}))`; `run_all` gives that of every peer.
///
/// Every peer begins with a copy of `start`. Where `State` has a function `setup(peer)` or `cleanup(peer)`, it is
/// called before the first superstep and after the last. (What must also happen when a peer has failed belongs into the
/// state's destructor.) The votes travel with the barrier. What is sent in the last superstep is received by nobody.
/// A step may be a member function of the state: `&State::step`. Steps are shared by all peers: they keep nothing.
template <class Message, class State>
auto supersteps(State start, std::vector<Superstep<State, Message>> chain) {
  return [start = std::move(start), chain = std::move(chain)](Peer& peer) -> Task<State> {
    State state = start;
    auto box = peer.mailbox<Message>();
    if constexpr (requires { state.setup(peer); }) state.setup(peer);
    for (bool halted = chain.empty(); !halted;)
      for (auto step = chain.begin(); step != chain.end() && !halted; ++step)
        halted = co_await all_reduce(peer, (*step)(state, peer, box), std::logical_and{});
    if constexpr (requires { state.cleanup(peer); }) state.cleanup(peer);
    co_return state;
  };
}

}  // namespace scalar::inline v0::bsp
