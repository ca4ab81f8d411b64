#include "graph/collector.hpp"

#include <numeric>

#include "core/fail.hpp"

namespace scalar::inline v0::graph {
namespace {

constexpr std::int64_t id_grain = std::int64_t{1} << 16;

/// The permutation that sorts `ids`; `vertex_of` becomes its inverse.
template <class Table>
std::vector<Vertex> ascending(const Table& ids, std::vector<Vertex>& vertex_of) {
  std::vector<Vertex> order(ids.size());
  std::iota(order.begin(), order.end(), Vertex{0});
  std::sort(order.begin(), order.end(), [&](Vertex a, Vertex b) { return ids[a] < ids[b]; });
  vertex_of.resize(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) vertex_of[order[i]] = static_cast<Vertex>(i);
  return order;
}

}  // namespace

void check_density(std::uint64_t vertices, std::int64_t edges, const std::string& context) {
  const auto most = (std::uint64_t{1} << 20) + 64 * static_cast<std::uint64_t>(edges);
  if (vertices > most)
    fail(Errc::too_large, context, "{} vertices for {} edges, expected at most {} where vertices are numbered densely",
         vertices, edges, most);
}

std::shared_ptr<const IdTable> Collector::order_ids(std::vector<Vertex>& vertex_of, const Runtime& runtime) {
  if (ids_ == Ids::dense) return nullptr;
  auto table = std::make_shared<IdTable>();
  table->kind = ids_;
  if (ids_ == Ids::text) {
    const std::vector<std::string> names = texts_.release();
    std::size_t bytes = 0;
    for (const std::string& name : names) bytes += name.size();
    table->text.reserve(bytes);
    table->ends.reserve(names.size());
    for (const Vertex i : ascending(names, vertex_of)) table->ends.push_back((table->text += names[i]).size());
    return table;
  }
  std::vector<std::uint64_t> ids = std::move(numbers_.numbers());
  numbers_ = NumberIndex();
  const std::uint64_t greatest = ids.empty() ? 0 : *std::max_element(ids.begin(), ids.end());
  if (greatest < ids.size()) {  // the ids are distinct, so they are exactly 0 to ids.size() - 1
    vertex_of.resize(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) vertex_of[i] = static_cast<Vertex>(ids[i]);
    return nullptr;
  }
  const std::vector<Vertex> order = ascending(ids, vertex_of);
  table->numbers.resize(ids.size());
  parallel_for(runtime, static_cast<std::int64_t>(ids.size()), id_grain, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
      table->numbers[i] = ids[order[i]];
  });
  return table;
}

template <class E>
Graph Collector::build_from(EdgeList<E>& edges, const Runtime& runtime) {
  check(options_, std::is_same_v<E, WeightedEdge>);
  if (options_.vertices >= vertices() && ids_ == Ids::dense)
    dense_vertices_ = options_.vertices;
  else if (ids_ == Ids::dense)
    check_density(dense_vertices_, edges.count());
  const auto n = static_cast<Vertex>(vertices());
  std::vector<Vertex> vertex_of;
  const std::shared_ptr<const IdTable> table = order_ids(vertex_of, runtime);
  if (!vertex_of.empty())
    parallel_for(runtime, edges.count(), EdgeSource<E>::grain, [&](std::int64_t begin, std::int64_t end) {
      for (E& edge : edges.piece(begin, end)) {
        edge.from = vertex_of[edge.from];
        edge.to = vertex_of[edge.to];
      }
    });
  std::vector<Vertex>().swap(vertex_of);
  const auto piece = [&](std::int64_t begin, std::int64_t end, std::vector<E>&) -> std::span<const E> {
    return edges.piece(begin, end);
  };
  Lists out = build_lists(n, EdgeSource<E>{edges.count(), piece}, options_, runtime);
  edges = {};  // frees the memory before the in-edges are built
  return finish(n, std::move(out), options_, table, runtime);
}

Graph Collector::build(bool weighted, const Runtime& runtime) {
  return weighted ? build_from(weighted_, runtime) : build_from(plain_, runtime);
}

}  // namespace scalar::inline v0::graph
