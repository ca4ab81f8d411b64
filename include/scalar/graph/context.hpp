#pragma once
/// Context: what a vertex sees and does in a superstep. MasterContext: what the master hook sees and does.
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "scalar/graph/detail/vertex_state.hpp"

namespace scalar::inline v0::graph {

/// One vertex in one superstep, as its program sees it. Valid only during the call that it is passed to.
template <class Program>
class Context {
 public:
  using Value = typename Program::Value;
  using Message = typename Program::Message;

  Vertex vertex() const noexcept { return state_.vertex_at(local_); }
  /// The number of the running superstep, from 0.
  std::uint64_t superstep() const noexcept { return state_.superstep; }
  /// The graph that was passed to `run`, without the changes of this program.
  const Graph& graph() const noexcept { return state_.graph; }
  /// The number of vertices, including those that may be added.
  Vertex vertices() const noexcept { return state_.owners.vertices(); }

  Value& value() noexcept { return state_.values[local_]; }

  /// The vertices that the out-edges lead to, in ascending order, with the changes of this program.
  std::span<const Vertex> neighbors() const noexcept { return state_.neighbors(local_); }
  std::size_t degree() const noexcept { return neighbors().size(); }
  /// The weight of the edge to `neighbors()[edge]`; 1 in a graph without weights.
  float weight(std::size_t edge) const noexcept {
    const std::span<const float> weights = state_.weights(local_);
    return weights.empty() ? 1.0f : weights[edge];
  }

  /// Sends a message that `to` gets in the next superstep. Errors: `Errc::out_of_range` for an invalid vertex.
  void send(Vertex to, const Message& message) { state_.send(local_, to, message); }
  /// Sends a message along every out-edge. Cheaper than one `send` per edge: the neighbors may read it in place.
  void send_to_neighbors(const Message& message) { state_.send_to_neighbors(local_, message); }
  /// Makes the vertex sleep until a message arrives. The run ends when all vertices sleep and no message is under way.
  void vote_to_halt() noexcept { halted_ = true; }

  /// The aggregates of this superstep, to add values to: `vertex.aggregate().error.add(x)`.
  AggregatesOf<Program>& aggregate() noexcept { return state_.pulse.aggregates; }
  /// The aggregates of the last superstep over all vertices, as the master hook left them; in superstep 0,
  /// default-constructed ones.
  const AggregatesOf<Program>& aggregated() const noexcept { return state_.aggregated; }

  /// Requests the removal of all edges `from` -> `to`. The requests of all vertices are carried out before the next
  /// superstep, in this order: edges removed, vertices removed (with the edges that leave them), vertices added, edges
  /// added. `OnConflict` says what happens to contradictory requests. Errors (all four kinds of requests):
  /// `Errc::out_of_range` for a vertex that is not below `vertices()`.
  void remove_edge(Vertex from, Vertex to)
    requires(detail::mutates_graph<Program>())
  {
    state_.request(local_, {.change = detail::Change::remove_edge, .target = from, .to = to});
  }
  /// Requests the removal of a vertex and the edges that leave it. Edges that lead to it stay.
  void remove_vertex(Vertex which)
    requires(detail::mutates_graph<Program>())
  {
    state_.request(local_, {.change = detail::Change::remove_vertex, .target = which});
  }
  /// Requests a new vertex, which is awake and has no edges.
  void add_vertex(Vertex which, Value value = {})
    requires(detail::mutates_graph<Program>())
  {
    state_.request(local_, {.change = detail::Change::add_vertex, .target = which, .value = std::move(value)});
  }
  /// Requests a new edge, or a new weight for an existing one. The edge may lead to a vertex that is not there, now or
  /// any more: `OnMissing` says what happens to messages along it.
  void add_edge(Vertex from, Vertex to, float weight = 1.0f)
    requires(detail::mutates_graph<Program>())
  {
    state_.request(local_, {.change = detail::Change::add_edge, .target = from, .to = to, .weight = weight});
  }

  /// Internal from here on.
  explicit Context(detail::VertexState<Program>& state) noexcept : state_(state) {}
  bool enter(std::size_t local) {  // computes a vertex; returns whether it has voted to halt
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

/// The whole run between two supersteps, as the master hook sees it. The hook runs at one peer, on that peer's copy of
/// the program, where it may keep state.
template <class Program>
class MasterContext {
 public:
  /// The superstep that has just ended.
  std::uint64_t superstep() const noexcept { return superstep_; }
  Vertex vertices() const noexcept { return vertices_; }
  /// The number of vertices that did not vote to halt in this superstep.
  std::uint64_t awake() const noexcept { return awake_; }
  /// The number of messages sent in this superstep.
  std::uint64_t messages() const noexcept { return messages_; }
  /// The aggregates of this superstep. The hook may change them; vertices see them in the next superstep.
  AggregatesOf<Program>& aggregated() noexcept { return aggregated_; }
  /// Ends the run now.
  void halt() noexcept { halts_ = true; }
  /// Wakes all vertices for the next superstep, with or without messages.
  void wake_all() noexcept { wakes_ = true; }

  /// Internal from here on.
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
