#pragma once
/// What a vertex program is, how it is run, and what a run gives back.
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

/// The aggregates of a program that has none.
struct NoAggregates {};

/// The request to a program's `resolve`: how the vertex came to have several values.
template <class Value>
struct VertexConflict {
  Vertex vertex = 0;
  const Value* present = nullptr;      ///< its value where it was there already, else null
  std::span<const Value> requested{};  ///< what was asked for, by requesting vertex, then in the order asked
};

/// What a vertex does in every superstep (Malewicz et al., "Pregel: a system for large-scale graph processing", SIGMOD
/// 2010, section 3).
///
/// A program is a copyable struct, each peer has a copy. It says
///
///     using Value = ...;    // the state of a vertex: movable, default-constructible, not bool
///     using Message = ...;  // movable, default-constructible; trivially copyable ones may be combined and pulled
///     void compute(graph::Context<Program>& vertex, std::span<const Message> messages);
///
/// and may say
///
///     void init(graph::Context<Program>& vertex);          // sets value(), before superstep 0; sends nothing
///     static Message combine(const Message&, const Message&);  // associative, commutative: at most one message
///     arrives struct Aggregates { graph::Sum<double> error; ... };     // at most 6 aggregators, or any struct with
///     merge() void master(graph::MasterContext<Program>& master);      // once a superstep, after it, on one peer
///     static constexpr bool mutates = true;                    // its vertices add and remove edges and vertices
///     Value resolve(const graph::VertexConflict<Value>&);      // of vertices added twice; else the first request wins
///
/// `compute` is called for every vertex that has not voted to halt or has got a message, which wakes it. It must depend
/// on nothing but its vertex, messages, aggregates and constants of the program: calls of one superstep run in any
/// order and on several threads, each peer on its own copy of the program.
template <class Program>
concept VertexProgram =
    std::copy_constructible<Program> && std::is_class_v<Program> &&
    requires {
      typename Program::Value;
      typename Program::Message;
    } && std::default_initializable<typename Program::Value> && std::default_initializable<typename Program::Message> &&
    std::movable<typename Program::Value> && std::movable<typename Program::Message> &&
    !std::same_as<typename Program::Value, bool> && !std::same_as<typename Program::Message, bool>;

/// How messages travel. All give the same messages; only the order in which a combiner folds them differs, which shows
/// in the last bits of sums of floating-point numbers.
enum class MessagePath : std::uint8_t {
  automatic = 0,  ///< `pull` while most edges carry what `send_to_neighbors` sends, else `dense` or `sparse`
  sparse = 1,     ///< each message to the owner of its vertex
  dense = 2,      ///< with a combiner: one accumulator per vertex and peer (`bsp::CombinePolicy::dense`)
  pull = 3,       ///< what goes to all neighbors is published once, and read along the in-edges
};

/// How the vertices are divided among the peers.
enum class Division : std::uint8_t {
  edges = 0,     ///< ranges of vertices with about as many edges; with `extra_vertices`, as `vertices`
  vertices = 1,  ///< ranges of as many vertices
  hash = 2,      ///< by a hash of the vertex: even where neighboring numbers are alike; messages travel `sparse` only
};

/// What happens to requests that contradict each other or the graph: the same vertex added twice or present (without
/// `resolve`), the same edge added with different weights, something removed that is not there, an edge added to or
/// from a vertex that is not there.
enum class OnConflict : std::uint8_t {
  first = 0,  ///< the request of the least vertex wins; among its own, the first. Impossible requests do nothing
  fail = 1,   ///< the run ends with `Errc::invalid_argument` naming peer, superstep and vertex
};

/// What happens to a message to a vertex that was removed or never added.
enum class OnMissing : std::uint8_t {
  drop = 0,  ///< it is counted in `Statistics::dropped`
  fail = 1,  ///< the run ends with `Errc::not_found` naming peer, superstep and vertex
};

/// Who gets the values in the end, when a program is run by the peers of a program of your own.
enum class Gather : std::uint8_t {
  root = 0,      ///< rank 0; the others' results have no values
  everyone = 1,  ///< every peer
  own = 2,       ///< every peer those of its own vertices, from `RunResult::first` on; not with `Division::hash`
};

struct RunOptions {
  int peers = 0;  ///< of `run(program, graph, ...)`: 0 for the Runtime's threads
  Division division = Division::edges;
  MessagePath path = MessagePath::automatic;
  std::uint64_t max_supersteps = (std::numeric_limits<std::uint64_t>::max)();  ///< the run ends after so many
  Vertex extra_vertices = 0;  ///< numbers from `graph.vertices()` on that a mutating program may add
  OnConflict on_conflict = OnConflict::first;
  OnMissing on_missing = OnMissing::drop;
  Gather gather = Gather::root;
};

/// What a run did.
struct Statistics {
  std::uint64_t supersteps = 0;  ///< how many were computed
  std::uint64_t computed = 0;    ///< calls of `compute`
  std::uint64_t messages = 0;    ///< sent, before combining
  std::uint64_t dropped = 0;     ///< of these, to vertices that were not there
  std::uint64_t mutations = 0;   ///< requested
  std::uint64_t pulled = 0;      ///< supersteps whose messages were published and read along the in-edges
  bool halted = false;           ///< all had voted to halt, or the master did; false: `max_supersteps` were over

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

/// The aggregates of a program: `Program::Aggregates`, or none.
template <class Program>
using AggregatesOf = typename detail::FindAggregates<Program>::type;

/// What a run gives back. Values of vertices that a mutating program removed are the last they had.
template <VertexProgram Program>
struct RunResult {
  Vertex first = 0;                               ///< with `Gather::own`: of whom the first value is
  std::vector<typename Program::Value> values{};  ///< by vertex, `graph.vertices() + extra_vertices` of them
  std::vector<std::uint8_t> exists{};  ///< of a mutating program: 1 for the vertices that are there in the end
  AggregatesOf<Program> aggregates{};  ///< of the last superstep, at every peer
  Statistics statistics{};             ///< at every peer
};

}  // namespace scalar::inline v0::graph
