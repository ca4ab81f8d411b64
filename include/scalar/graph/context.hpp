#pragma once
/// Context: what a vertex sees and does in a superstep; MasterContext: the same for the master hook.
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "scalar/graph/detail/vertex_state.hpp"

namespace scalar::inline v0::graph {

/// One vertex in one superstep, as its program sees it. Valid during the call that it is given to.
template <class Program>
class Context {
 public:
  using Value = typename Program::Value;
  using Message = typename Program::Message;

  Vertex vertex() const noexcept { return state_.vertex_at(local_); }
  /// The number of the running superstep, from 0.
  std::uint64_t superstep() const noexcept { return state_.superstep; }
  /// The graph as it was given: the same in every superstep, also where the program changes its own view of it.
  const Graph& graph() const noexcept { return state_.graph; }
  /// How many vertices there are or may be added.
  Vertex vertices() const noexcept { return state_.owners.vertices(); }

  Value& value() noexcept { return state_.values[local_]; }

  /// The vertices that edges lead to, ascending; with the changes of this program.
  std::span<const Vertex> neighbors() const noexcept { return state_.neighbors(local_); }
  std::size_t degree() const noexcept { return neighbors().size(); }
  /// The weight of the edge to `neighbors()[edge]`; 1 where edges have none.
  float weight(std::size_t edge) const noexcept {
    const std::span<const float> weights = state_.weights(local_);
    return weights.empty() ? 1.0f : weights[edge];
  }

  /// Sends a message that `to` gets in the next superstep. Errors: `Errc::out_of_range` for a vertex that is none.
  void send(Vertex to, const Message& message) { state_.send(local_, to, message); }
  /// Sends a message along every edge. Cheaper than one `send` an edge: the engine may let the neighbors fetch it.
  void send_to_neighbors(const Message& message) { state_.send_to_neighbors(local_, message); }
  /// Sleeps until a message comes. The run ends when all vertices sleep and no message is under way.
  void vote_to_halt() noexcept { halted_ = true; }

  /// The aggregates of this superstep, to add to: `vertex.aggregate().error.add(x)`.
  AggregatesOf<Program>& aggregate() noexcept { return state_.pulse.aggregates; }
  /// The aggregates of the last superstep over all vertices, as the master hook left them; in superstep 0 nothing was
  /// added to them.
  const AggregatesOf<Program>& aggregated() const noexcept { return state_.aggregated; }

  /// Asks for changes of the graph. They are done before the next superstep, in this order, whoever asks: edges
  /// removed, vertices removed (with the edges that leave them), vertices added, edges added. `OnConflict` says what
  /// happens to those that contradict. Errors: `Errc::out_of_range` for a vertex not below `vertices()`.
  void remove_edge(Vertex from, Vertex to)
    requires(detail::mutates_graph<Program>())
  {
    state_.request(local_, {.change = detail::Change::remove_edge, .target = from, .to = to});
  }
  void remove_vertex(Vertex which)
    requires(detail::mutates_graph<Program>())
  {
    state_.request(local_, {.change = detail::Change::remove_vertex, .target = which});
  }
  /// The new vertex is awake and has no edges.
  void add_vertex(Vertex which, Value value = {})
    requires(detail::mutates_graph<Program>())
  {
    state_.request(local_, {.change = detail::Change::add_vertex, .target = which, .value = std::move(value)});
  }
  /// An edge that is there gets the weight.
  void add_edge(Vertex from, Vertex to, float weight = 1.0f)
    requires(detail::mutates_graph<Program>())
  {
    state_.request(local_, {.change = detail::Change::add_edge, .target = from, .to = to, .weight = weight});
  }

  /// Internal, from here on.
  explicit Context(detail::VertexState<Program>& state) noexcept : state_(state) {}
  bool enter(std::size_t local) {  // computes a vertex; true when it has voted to halt
    local_ = local;
    halted_ = false;
    state_.program.compute(*this, state_.messages(local));
    return halted_;
  }
  void initialize(std::size_t local) {
    local_ = local;
    if constexpr (detail::HasInit<Program>) state_.program.init(*this);
  }

 private:
  detail::VertexState<Program>& state_;
  std::size_t local_ = 0;
  bool halted_ = false;
};

/// The whole run between two supersteps, as the master hook sees it. The hook runs at one peer, on its copy of the
/// program, which it may use to remember.
template <class Program>
class MasterContext {
 public:
  /// The superstep that has just ended.
  std::uint64_t superstep() const noexcept { return superstep_; }
  Vertex vertices() const noexcept { return vertices_; }
  /// Vertices that have not voted to halt in it.
  std::uint64_t awake() const noexcept { return awake_; }
  /// Messages sent in it.
  std::uint64_t messages() const noexcept { return messages_; }
  /// The aggregates of it. What they are made to here is what vertices see in the next.
  AggregatesOf<Program>& aggregated() noexcept { return aggregated_; }
  /// Ends the run now.
  void halt() noexcept { halts_ = true; }
  /// Wakes all vertices for the next superstep, messages or not.
  void wake_all() noexcept { wakes_ = true; }

  /// Internal, from here on.
  MasterContext(std::uint64_t superstep, Vertex vertices, std::uint64_t awake, std::uint64_t messages,
                const AggregatesOf<Program>& aggregated) noexcept
      : superstep_(superstep), awake_(awake), messages_(messages), vertices_(vertices), aggregated_(aggregated) {}
  bool halts() const noexcept { return halts_; }
  bool wakes() const noexcept { return wakes_; }

 private:
  std::uint64_t superstep_, awake_, messages_;
  Vertex vertices_;
  bool halts_ = false, wakes_ = false;
  AggregatesOf<Program> aggregated_;
};

}  // namespace scalar::inline v0::graph
