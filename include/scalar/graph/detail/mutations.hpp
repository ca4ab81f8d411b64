#pragma once
/// Changes to the graph that vertex programs request. Internal; see `Context` and `OnConflict`.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <typeinfo>
#include <utility>
#include <vector>

#include "scalar/graph/detail/pulse.hpp"

namespace scalar::inline v0::graph::detail {

/// The kinds of changes, in the order in which they are applied (Pregel, section 3.4).
enum class Change : std::uint8_t { remove_edge = 0, remove_vertex = 1, add_vertex = 2, add_edge = 3 };

/// A request for a change.
template <class Value>
struct Mutation {
  Change change = Change::remove_edge;
  Vertex target = 0;  ///< the vertex to change, or the one that the edge leaves
  Vertex to = 0;      ///< the vertex that the edge leads to
  Vertex by = 0;      ///< the requesting vertex
  float weight = 1;
  Value value{};
};

/// The out-edges of a vertex that has changed them, in ascending order of the neighbors.
struct OwnEdges {
  std::vector<Vertex> to{};
  std::vector<float> weights{};

  OwnEdges(std::span<const Vertex> neighbors, std::span<const float> given)
      : to(neighbors.begin(), neighbors.end()), weights(given.begin(), given.end()) {
    weights.resize(to.size(), 1.0f);
  }
  OwnEdges() = default;

  bool has(Vertex neighbor) const { return std::binary_search(to.begin(), to.end(), neighbor); }
  /// Adds an edge, or sets the weight of an existing one.
  void set(Vertex neighbor, float weight) {
    const auto at = std::lower_bound(to.begin(), to.end(), neighbor);
    const auto weight_at = weights.begin() + (at - to.begin());
    if (at != to.end() && *at == neighbor) {
      *weight_at = weight;
    } else {
      weights.insert(weight_at, weight);
      to.insert(at, neighbor);
    }
  }
  /// Removes all edges to `neighbor`.
  void erase(Vertex neighbor) {
    const auto [first, last] = std::equal_range(to.begin(), to.end(), neighbor);
    weights.erase(weights.begin() + (first - to.begin()), weights.begin() + (last - to.begin()));
    to.erase(first, last);
  }
};

/// Sorts requests into the order in which they are applied, and calls `apply(group)` for each group that requests the
/// same change to the same vertex or edge. Within a group, requests are in ascending order of the requesting vertex.
template <class Value, class Apply>
void for_each_request(std::vector<Mutation<Value>>& requests, Apply apply) {
  using M = Mutation<Value>;
  const auto is_edge = [](const M& m) { return m.change == Change::remove_edge || m.change == Change::add_edge; };
  const auto alike = [&](const M& a, const M& b) {
    return a.change == b.change && a.target == b.target && (!is_edge(a) || a.to == b.to);
  };
  std::stable_sort(requests.begin(), requests.end(), [&](const M& a, const M& b) {
    if (a.change != b.change) return a.change < b.change;
    if (a.target != b.target) return a.target < b.target;
    if (is_edge(a) && a.to != b.to) return a.to < b.to;
    return a.by < b.by;
  });
  for (auto at = requests.begin(); at != requests.end();) {
    const auto next = std::find_if_not(at, requests.end(), [&](const M& m) { return alike(*at, m); });
    apply(std::span<M>(at, next));
    at = next;
  }
}

/// Applies requests to the state of the peer that owns the changed vertices.
template <class State>
struct Changing {
  using Requests = std::span<Mutation<typename State::Value>>;
  State& state;

  /// `group`: requests for the same change to the same vertex or edge.
  void apply(Requests group) {
    const auto& first = group.front();
    const std::size_t i = state.local(first.target);
    const bool there = State::test(state.exists, i);
    switch (first.change) {
      case Change::remove_edge:
        if (!there || !std::ranges::binary_search(state.neighbors(i), first.to))
          return conflict(first.target, "an edge to be removed is not there");
        return edges(i).erase(first.to);
      case Change::remove_vertex:
        if (!there) return conflict(first.target, "it is to be removed, but is not there");
        State::clear(state.exists, i), State::clear(state.awake, i);
        state.own_edges[i] = std::make_unique<OwnEdges>();
        return;
      case Change::add_vertex:
        return add_vertex(group, i, there);
      case Change::add_edge:
        if (!there) return conflict(first.target, "an edge is to be added, but the vertex is not there");
        if (std::any_of(group.begin(), group.end(), [&](const auto& m) { return m.weight != first.weight; }))
          conflict(first.target, "an edge is to be added with different weights");
        return edges(i).set(first.to, first.weight);
    }
  }

 private:
  void conflict(Vertex vertex, const char* what) const {
    if (state.options.on_conflict == OnConflict::fail)
      throw_at_vertex(Errc::invalid_argument, state.peer.rank(), state.superstep, vertex, what);
  }
  OwnEdges& edges(std::size_t i) {
    if (!state.own_edges[i]) state.own_edges[i] = std::make_unique<OwnEdges>(state.neighbors(i), state.weights(i));
    return *state.own_edges[i];
  }
  void add_vertex(Requests group, std::size_t i, bool there) {
    const Vertex vertex = group.front().target;
    bool is_made = false;
    if (there || group.size() > 1) {
      if constexpr (requires(const VertexConflict<typename State::Value>& c) { state.program.resolve(c); }) {
        std::vector<typename State::Value> wanted;
        for (auto& request : group) wanted.push_back(std::move(request.value));
        state.values[i] = state.program.resolve(
            VertexConflict<typename State::Value>{vertex, there ? &state.values[i] : nullptr, wanted});
        is_made = true;
      } else {
        conflict(vertex, there ? "it is to be added, but is there already" : "it is to be added more than once");
        if (there) return;
      }
    }
    if (!is_made) state.values[i] = std::move(group.front().value);
    State::set(state.exists, i), State::set(state.awake, i);
  }
};

}  // namespace scalar::inline v0::graph::detail

namespace scalar::inline v0::bsp {

template <class Value>
  requires(!detail::Plain<graph::detail::Mutation<Value>>)
struct Serializer<graph::detail::Mutation<Value>> {
  using Mutation = graph::detail::Mutation<Value>;
  static constexpr bool available = Serializer<Value>::available;

  static void write(const Mutation& mutation, std::vector<std::byte>& out) {
    const std::uint32_t head[] = {static_cast<std::uint32_t>(mutation.change), mutation.target, mutation.to,
                                  mutation.by, std::bit_cast<std::uint32_t>(mutation.weight)};
    for (const std::uint32_t word : head) Serializer<std::uint32_t>::write(word, out);
    Serializer<Value>::write(mutation.value, out);
  }
  static void read(std::span<const std::byte>& in, Mutation& mutation) {
    std::uint32_t head[5] = {};
    for (std::uint32_t& word : head) Serializer<std::uint32_t>::read(in, word);
    if (head[0] > static_cast<std::uint32_t>(graph::detail::Change::add_edge))
      detail::throw_bad_content(typeid(Mutation), "no such change", head[0]);
    mutation.change = static_cast<graph::detail::Change>(head[0]);
    mutation.target = head[1], mutation.to = head[2], mutation.by = head[3];
    mutation.weight = std::bit_cast<float>(head[4]);
    Serializer<Value>::read(in, mutation.value);
  }
};

}  // namespace scalar::inline v0::bsp
