#pragma once
/// graph::run: executes a vertex program on a graph.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "scalar/bsp/engine.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/context.hpp"

namespace scalar::inline v0::graph {

namespace detail {

/// Errors: `Errc::invalid_argument`, `Errc::out_of_range` for options that do not fit the graph.
void check_options(const Graph& graph, const RunOptions& options, bool mutates);
int peers_of(int wanted, const Runtime& runtime);

template <class Aggregates>
struct Verdict {
  bool halts = false, wakes = false;
  Aggregates aggregates{};
};

template <class Program>
[[gnu::noinline]] void initialize_all(VertexState<Program>& state) {
  Context<Program> context(state);
  for (std::size_t w = 0; w < state.awake.size(); ++w)
    for (std::uint64_t bits = state.awake[w]; bits != 0; bits &= bits - 1)
      context.initialize(64 * w + static_cast<std::size_t>(std::countr_zero(bits)));
}

template <class Program>
[[gnu::noinline]] void compute_all(VertexState<Program>& state) {
  Context<Program> context(state);
  std::uint64_t computed = 0, awake = 0;
  for (std::size_t w = 0; w < state.awake.size(); ++w) {
    const std::uint64_t todo = state.awake[w] | state.has[w];
    if (todo == 0) continue;
    std::uint64_t halted = 0;
    for (std::uint64_t bits = todo; bits != 0; bits &= bits - 1) {
      const int bit = std::countr_zero(bits);
      if (context.enter(64 * w + static_cast<std::size_t>(bit))) halted |= 1ull << bit;
    }
    state.awake[w] = todo & ~halted;
    state.has[w] = 0;
    computed += static_cast<std::uint64_t>(std::popcount(todo));
    awake += static_cast<std::uint64_t>(std::popcount(todo & ~halted));
  }
  state.pulse.computed = computed;
  state.pulse.awake = awake;
}

template <class Program>
void wake_all(VertexState<Program>& state) noexcept {
  for (std::size_t i = state.share.begin - state.base; i < state.size; ++i) {
    if constexpr (VertexState<Program>::mutates)
      if (!VertexState<Program>::test(state.exists, i)) continue;
    VertexState<Program>::set(state.awake, i);
  }
}

template <class Program>
void keep_own(VertexState<Program>& state, RunResult<Program>& result) {
  result.first = static_cast<Vertex>(state.share.begin);
  result.values = std::move(state.values);
  result.values.erase(result.values.begin(),
                      result.values.begin() + (state.size == 0 ? 0 : std::ptrdiff_t(state.share.begin - state.base)));
  if constexpr (VertexState<Program>::mutates)
    for (std::size_t i = state.share.begin - state.base; i < state.size; ++i)
      result.exists.push_back(VertexState<Program>::test(state.exists, i));
}

template <class T>
void send_share(bsp::Mailbox<T>& box, const bsp::Peer& peer, Gather gather, std::span<const T> own) {
  for (int rank = 0; rank < (gather == Gather::everyone ? peer.size() : 1); ++rank) box.send(rank, own);
}
template <class T>
std::vector<T> in_order(const bsp::Mailbox<T>& box, const Partition& owners) {
  std::vector<T> all;
  if (box.runs().empty()) return all;
  all.resize(owners.vertices());
  for (const auto& run : box.runs()) {
    Vertex slot = owners.first(run.source);
    for (T& value : run.values) all[owners.vertex(slot++)] = std::move(value);
  }
  return all;
}

}  // namespace detail

/// Runs `program` inside an engine: every peer calls it with an equal program, graph and options.
///
/// The graph is read in place in every process. Peers exchange all other data through their engine, so they may be in
/// several processes. `options.peers` is ignored. Takes one superstep of the engine per superstep of the program (two
/// with a master hook), and one to gather the values. Messages in the caller's own mailboxes are lost meanwhile.
/// `graph` must outlive the call.
/// Errors: `Errc::out_of_range` naming peer, superstep and vertex for a message or change to an unknown vertex; those
/// of `OnConflict` and `OnMissing`; what the program throws.
/// Thread safety: a copy of the program is used by one thread at a time.
template <VertexProgram Program>
bsp::Task<RunResult<Program>> run(bsp::Peer& peer, const Program& program, const Graph& graph,
                                  RunOptions options = {}) {
  using State = detail::VertexState<Program>;
  using Aggregates = AggregatesOf<Program>;
  detail::check_options(graph, options, State::mutates);
  RunResult<Program> result;
  Statistics& statistics = result.statistics;
  {
    State state(peer, program, graph, options);
    state.publishes = state.publishes_next(nullptr);
    state.begin();
    detail::initialize_all(state);
    while (statistics.supersteps < options.max_supersteps) {
      detail::compute_all(state);
      state.finish();
      const detail::Pulse<Aggregates> mine = state.pulse;
      const detail::Pulse<Aggregates> pulse = co_await all_reduce(peer, mine, detail::MergePulses<Aggregates>{});
      state.receive(pulse);
      ++statistics.supersteps;
      statistics.computed += pulse.computed, statistics.messages += pulse.messages;
      statistics.mutations += pulse.mutations;
      statistics.pulled += state.publishes && pulse.published != 0;
      detail::Verdict<Aggregates> verdict{.aggregates = pulse.aggregates};
      if constexpr (detail::HasMaster<Program>) {
        if (peer.rank() == 0) {
          MasterContext<Program> master(state.superstep, state.owners.vertices(), pulse.awake, pulse.messages,
                                        pulse.aggregates);
          state.program.master(master);
          verdict = {master.halts(), master.wakes(), master.aggregated()};
        }
        verdict = co_await broadcast(peer, verdict, 0);
      }
      state.aggregated = verdict.aggregates;
      statistics.halted =
          verdict.halts || (pulse.awake == 0 && pulse.messages == 0 && pulse.mutations == 0 && !verdict.wakes);
      if (statistics.halted) break;
      if (verdict.wakes) detail::wake_all(state);
      ++state.superstep;
      state.publishes = state.publishes_next(&pulse);
      state.begin();
    }
    result.aggregates = state.aggregated;
    if (options.gather == Gather::own) {
      detail::keep_own(state, result);
      const std::uint64_t lost = state.dropped;
      statistics.dropped = co_await all_reduce(peer, lost, std::plus{});
      co_return result;
    }
    auto values = peer.mailbox<typename Program::Value>();
    auto exists = peer.mailbox<std::uint8_t>();
    const std::size_t first = state.share.begin - state.base;
    detail::send_share<typename Program::Value>(values, peer, options.gather,
                                                std::span(state.values).subspan(state.size == 0 ? 0 : first));
    if constexpr (State::mutates) {
      std::vector<std::uint8_t> there;
      for (std::size_t i = first; i < state.size; ++i) there.push_back(State::test(state.exists, i));
      detail::send_share<std::uint8_t>(exists, peer, options.gather, there);
    }
    const std::uint64_t dropped = state.dropped;
    statistics.dropped = co_await all_reduce(peer, dropped, std::plus{});
    result.values = detail::in_order(values, state.owners);
    result.exists = detail::in_order(exists, state.owners);
  }
  co_return result;
}

/// Runs `program` on `graph` with an engine in this process, and returns the values of all vertices.
///
///     struct Degrees {
///       using Value = int;
///       using Message = int;
///       static int combine(int a, int b) { return a + b; }
///       void compute(graph::Context<Degrees>& vertex, std::span<const int> messages) {
///         if (vertex.superstep() == 0) vertex.send_to_neighbors(1);
///         for (int count : messages) vertex.value() = count;
///         vertex.vote_to_halt();
///       }
///     };
///     auto in_degrees = graph::run(Degrees{}, graph).values;
///
/// Errors: those of `run(peer, ...)`.
template <VertexProgram Program>
RunResult<Program> run(const Program& program, const Graph& graph, const RunOptions& options = {},
                       const Runtime& runtime = {}) {
  const bsp::Engine engine({.peers = detail::peers_of(options.peers, runtime)}, runtime);
  return engine.run([&](bsp::Peer& peer) { return run(peer, program, graph, options); });
}

}  // namespace scalar::inline v0::graph
