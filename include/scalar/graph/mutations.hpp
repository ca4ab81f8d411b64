#pragma once
/// Changes of the graph that vertex programs ask for. Internal to the room; see `Context` and `OnConflict`.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph::detail {

/// In the order in which they are done (Pregel, section 3.4).
enum class Change : std::uint8_t { remove_edge = 0, remove_vertex = 1, add_vertex = 2, add_edge = 3 };

template <class Value>
struct Mutation {
  Change change = Change::remove_edge;
  Vertex target = 0;  ///< the vertex, or the one that the edge leaves
  Vertex to = 0;      ///< of edges
  Vertex by = 0;      ///< who asks
  float weight = 1;
  Value value{};
};

/// The out-edges of one vertex that has changed them, by neighbour.
struct OwnEdges {
  std::vector<Vertex> to{};
  std::vector<float> weights{};

  OwnEdges(std::span<const Vertex> neighbours, std::span<const float> given)
      : to(neighbours.begin(), neighbours.end()), weights(given.begin(), given.end()) {
    weights.resize(to.size(), 1.0f);
  }
  OwnEdges() = default;

  bool has(Vertex neighbour) const { return std::binary_search(to.begin(), to.end(), neighbour); }
  /// Adds an edge; one that is there gets the weight.
  void set(Vertex neighbour, float weight) {
    const auto at = std::lower_bound(to.begin(), to.end(), neighbour);
    const auto weight_at = weights.begin() + (at - to.begin());
    if (at != to.end() && *at == neighbour) {
      *weight_at = weight;
    } else {
      weights.insert(weight_at, weight);
      to.insert(at, neighbour);
    }
  }
  /// Removes all edges to `neighbour`.
  void erase(Vertex neighbour) {
    const auto [first, last] = std::equal_range(to.begin(), to.end(), neighbour);
    weights.erase(weights.begin() + (first - to.begin()), weights.begin() + (last - to.begin()));
    to.erase(first, last);
  }
};

/// Sorts requests into the order in which they are done, and calls `apply(group)` for those that ask for the same of
/// the same vertex or edge, by asking vertex.
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

}  // namespace scalar::inline v0::graph::detail
