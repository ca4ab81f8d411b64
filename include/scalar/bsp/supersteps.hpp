#pragma once
/// Supersteps as plain functions, for programs that do not want coroutines.
#include <functional>
#include <utility>
#include <vector>

#include "scalar/bsp/collectives.hpp"
#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::bsp {

/// What one peer does in one superstep: it reads `box.received()`, calls `box.send(...)` and changes its own `State`.
/// Returns whether the peer votes to halt.
template <class State, class Message>
using Superstep = std::function<bool(State& state, Peer& peer, Mailbox<Message>& box)>;

/// Makes a body that runs the functions of `chain` one after another, with a barrier after each, and repeats the chain
/// until all peers return true from the same function. The body returns the peer's state:
/// `State end = engine.run(bsp::supersteps<Message>(start, {step_a, step_b}))`; `run_all` returns every peer's state.
///
/// Every peer begins with a copy of `start`. If `State` has functions `setup(peer)` or `cleanup(peer)`, they are called
/// before the first superstep and after the last. (What must happen even when a peer has failed belongs in the state's
/// destructor.) The votes travel with the barrier. Messages sent in the last superstep are not received.
/// A step may be a member function of the state: `&State::step`. All peers share the steps, which keep no state.
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
