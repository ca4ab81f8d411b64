#pragma once
/// The requirements for a vertex program, the options of a run, and its result.
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

template <class Program>
class Context;
template <class Program>
class MasterContext;

/// The aggregates of a program without aggregators.
struct NoAggregates {};

/// The argument of a program's `resolve`: the values from which it chooses that of `vertex`.
template <class Value>
struct VertexConflict {
  Vertex vertex = 0;
  const Value* present = nullptr;      ///< its value if it was there already, else null
  std::span<const Value> requested{};  ///< the requested values, by requesting vertex, then in the order of requests
};

/// A program that says what a vertex does in every superstep (Malewicz et al., "Pregel: a system for large-scale graph
/// processing", SIGMOD 2010, section 3).
///
/// A program is a copyable struct; each peer has a copy. It must have these members:
///
///     using Value = ...;    // the state of a vertex: movable, default-constructible, not bool
///     using Message = ...;  // movable, default-constructible, not bool; only trivially copyable messages are
///                           // combined by their sender or pulled
///     void compute(graph::Context<Program>& vertex, std::span<const Message> messages);
///
/// It may have these members:
///
///     void init(graph::Context<Program>& vertex);              // sets value() before superstep 0; sends nothing
///     static Message combine(const Message&, const Message&);  // associative, commutative; with it, at most one
///                                                              // message arrives
///     struct Aggregates { graph::Sum<double> error; ... };     // at most 16 aggregators, or any struct with merge()
///     void master(graph::MasterContext<Program>& master);      // runs after every superstep, at one peer
///     static constexpr bool mutates = true;                    // its vertices add and remove edges and vertices
///     Value resolve(const graph::VertexConflict<Value>&);      // the value of a vertex that is added twice; without
///                                                              // it, the first request wins
///
/// `compute` is called for every vertex that has not voted to halt or that has a message, which wakes it. `compute`
/// must depend on nothing but its vertex, messages, aggregates and constants of the program: the calls of a superstep
/// run in any order and on several threads, at each peer with its own copy of the program.
template <class Program>
concept VertexProgram =
    std::copy_constructible<Program> && std::is_class_v<Program> &&
    requires {
      typename Program::Value;
      typename Program::Message;
    } && std::default_initializable<typename Program::Value> && std::default_initializable<typename Program::Message> &&
    std::movable<typename Program::Value> && std::movable<typename Program::Message> &&
    !std::same_as<typename Program::Value, bool> && !std::same_as<typename Program::Message, bool>;

/// How messages travel. All paths deliver the same messages. Only the order in which a combiner folds them differs,
/// which shows in the last bits of floating-point sums.
enum class MessagePath : std::uint8_t {
  automatic = 0,  ///< `pull` while most edges carry messages of `send_to_neighbors`, else `dense` or `sparse`
  sparse = 1,     ///< each message is sent to the owner of its vertex
  dense = 2,      ///< with a combiner: one accumulator per vertex and peer (`bsp::CombinePolicy::dense`)
  pull = 3,       ///< a message to all neighbors is published once, and read along the in-edges
};

/// How the vertices are divided among the peers.
enum class Division : std::uint8_t {
  edges = 0,     ///< ranges of vertices with about the same number of edges; with `extra_vertices`, as `vertices`
  vertices = 1,  ///< ranges of about the same number of vertices
  hash = 2,      ///< by a hash of the vertex: even if close numbers are alike; messages travel `sparse` only
};

/// What happens to requests that contradict each other or the graph: a vertex is added twice or is already there
/// (without `resolve`), an edge is added with different weights, a removed vertex or edge is not there, or the vertex
/// that an added edge leaves is not there. An edge that leads to a vertex which is not there is no conflict: see
/// `OnMissing`.
enum class OnConflict : std::uint8_t {
  first = 0,  ///< the request of the smallest vertex wins; of several by it, the first. Impossible ones do nothing
  fail = 1,   ///< the run ends with `Errc::invalid_argument` naming peer, superstep and vertex
};

/// What happens to a message to a vertex that was removed or never added, sent to it or along an edge that leads to it.
enum class OnMissing : std::uint8_t {
  drop = 0,  ///< it is dropped and counted in `Statistics::dropped`
  fail = 1,  ///< the run ends with `Errc::not_found` naming peer, superstep and vertex
};

/// Which peers get the values in the end if a program runs inside an engine.
enum class Gather : std::uint8_t {
  root = 0,      ///< rank 0; the results of the others have no values
  everyone = 1,  ///< every peer
  own = 2,       ///< every peer those of its own vertices, from `RunResult::first` on; not with `Division::hash`
};

struct RunOptions {
  int peers = 0;  ///< for `run(program, graph, ...)`; 0: one per thread of the Runtime
  Division division = Division::edges;
  MessagePath path = MessagePath::automatic;
  std::uint64_t max_supersteps = (std::numeric_limits<std::uint64_t>::max)();  ///< the run ends after this many
  Vertex extra_vertices = 0;  ///< how many vertices, numbered from `graph.vertices()` on, a mutating program may add
  OnConflict on_conflict = OnConflict::first;
  OnMissing on_missing = OnMissing::drop;
  Gather gather = Gather::root;
};

/// Counts of a run.
struct Statistics {
  std::uint64_t supersteps = 0;  ///< supersteps computed
  std::uint64_t computed = 0;    ///< calls of `compute`
  std::uint64_t messages = 0;    ///< messages sent, before combining
  std::uint64_t dropped = 0;     ///< of these, messages to vertices that were not there
  std::uint64_t mutations = 0;   ///< changes requested
  std::uint64_t pulled = 0;      ///< supersteps whose messages were published and read along the in-edges
  bool halted = false;           ///< all vertices had voted to halt, or the master; false: `max_supersteps` was reached

  friend bool operator==(const Statistics&, const Statistics&) = default;
};

namespace detail {

template <class Program>
struct FindAggregates {
  using type = NoAggregates;
};
template <class Program>
  requires requires { typename Program::Aggregates; }
struct FindAggregates<Program> {
  using type = typename Program::Aggregates;
};

template <class Program>
concept HasCombiner = requires(const typename Program::Message& message) {
  { Program::combine(message, message) } -> std::convertible_to<typename Program::Message>;
};
template <class Program>
concept HasInit = requires(Program program, Context<Program>& vertex) { program.init(vertex); };
template <class Program>
concept HasMaster = requires(Program program, MasterContext<Program>& master) { program.master(master); };
template <class Program>
constexpr bool mutates_graph() {
  if constexpr (requires { Program::mutates; })
    return Program::mutates;
  else
    return false;
}

}  // namespace detail

/// The aggregates of a program: `Program::Aggregates`, or `NoAggregates` without it.
template <class Program>
using AggregatesOf = typename detail::FindAggregates<Program>::type;

/// The result of a run. A vertex that a mutating program has removed keeps its last value.
template <VertexProgram Program>
struct RunResult {
  Vertex first = 0;                               ///< with `Gather::own`: the vertex of the first value
  std::vector<typename Program::Value> values{};  ///< by vertex; `graph.vertices() + extra_vertices` of them
  std::vector<std::uint8_t> exists{};  ///< of a mutating program: 1 for vertices that are there in the end, else 0
  AggregatesOf<Program> aggregates{};  ///< of the last superstep, at every peer
  Statistics statistics{};             ///< at every peer
};

}  // namespace scalar::inline v0::graph
