#pragma once
/// Small types of a running vertex program. Internal; see `run`.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "scalar/bsp/serialize.hpp"
#include "scalar/core/error.hpp"
#include "scalar/graph/aggregators.hpp"
#include "scalar/graph/graph.hpp"
#include "scalar/graph/partition.hpp"
#include "scalar/graph/vertex_program.hpp"

namespace scalar::inline v0::graph::detail {

/// Throws `code` with the context "graph: peer R, superstep S, vertex V".
[[noreturn]] void throw_at_vertex(Errc code, int rank, std::uint64_t superstep, Vertex vertex, const std::string& what);

/// The partition among `peers` that `options` ask for; it includes the extra vertices.
Partition partition_of(const Graph& graph, const RunOptions& options, int peers);

/// A message with its receiver.
template <class Message>
struct Addressed {
  Vertex to = 0;
  Message message{};
};

/// The counts and aggregates of a superstep. Each peer has one; they are merged at the end of the superstep.
template <class Aggregates>
struct Pulse {
  std::uint64_t awake = 0;      ///< vertices that have not voted to halt
  std::uint64_t computed = 0;   ///< calls of compute
  std::uint64_t messages = 0;   ///< sent
  std::uint64_t published = 0;  ///< messages that were, or could have been, published to all neighbors
  std::uint64_t mutations = 0;  ///< requested
  Aggregates aggregates{};
};
template <class Aggregates>
struct MergePulses {
  Pulse<Aggregates> operator()(Pulse<Aggregates> into, const Pulse<Aggregates>& from) const {
    into.awake += from.awake, into.computed += from.computed, into.messages += from.messages;
    into.published += from.published, into.mutations += from.mutations;
    merge_aggregates(into.aggregates, from.aggregates);
    return into;
  }
};

struct Nothing {};

template <class Program>
struct Combine {
  template <class Message>
  Message operator()(const Message& a, const Message& b) const {
    return Program::combine(a, b);
  }
};

}  // namespace scalar::inline v0::graph::detail

namespace scalar::inline v0::bsp {

/// Addressed messages that are not plain memory can be sent to other processes if the messages can.
template <class Message>
  requires(!detail::Plain<graph::detail::Addressed<Message>>)
struct Serializer<graph::detail::Addressed<Message>> {
  static constexpr bool available = Serializer<Message>::available;

  static void write(const graph::detail::Addressed<Message>& letter, std::vector<std::byte>& out) {
    Serializer<graph::Vertex>::write(letter.to, out);
    Serializer<Message>::write(letter.message, out);
  }
  static void read(std::span<const std::byte>& in, graph::detail::Addressed<Message>& letter) {
    Serializer<graph::Vertex>::read(in, letter.to);
    Serializer<Message>::read(in, letter.message);
  }
};

}  // namespace scalar::inline v0::bsp
