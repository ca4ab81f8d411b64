#include "scalar/graph/build.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "graph/collector.hpp"
#include "graph/csr.hpp"

namespace scalar::inline v0::graph {
namespace {

template <class E>
bool is_possible(const E& edge) noexcept {
  if constexpr (std::is_same_v<E, WeightedEdge>)
    if (!std::isfinite(edge.weight)) return false;
  return edge.from < max_vertices && edge.to < max_vertices;
}

template <class E>
Vertex count_vertices(std::span<const E> edges, std::uint64_t at_least) {
  auto vertices = static_cast<Vertex>(at_least);
  for (const E& edge : edges) {
    vertices = (std::max)({vertices, edge.from + 1, edge.to + 1});
    if (is_possible(edge)) continue;
    std::string text = fmt::format("{} -> {}", edge.from, edge.to);
    if constexpr (std::is_same_v<E, WeightedEdge>) text += " of weight " + shown(edge.weight);
    fail(Errc::out_of_range, fmt::format("edge {}", &edge - edges.data()),
         "is {}, expected vertices below 4294967294 and finite weights", text);
  }
  return vertices;
}

template <class E>
Graph from_span(std::span<const E> edges, const BuildOptions& options, const Runtime& runtime) {
  check(options, std::is_same_v<E, WeightedEdge>);
  const Vertex n = count_vertices(edges, options.vertices);
  const auto piece = [&](std::int64_t begin, std::int64_t end, std::vector<E>&) {
    return edges.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
  };
  Lists out = build_lists(n, EdgeSource<E>{static_cast<std::int64_t>(edges.size()), piece}, options, runtime);
  return finish(n, std::move(out), options, nullptr, runtime);
}

}  // namespace

Graph from_edges(std::span<const Edge> edges, const BuildOptions& options, const Runtime& runtime) {
  return from_span(edges, options, runtime);
}
Graph from_edges(std::span<const WeightedEdge> edges, const BuildOptions& options, const Runtime& runtime) {
  return from_span(edges, options, runtime);
}

namespace {

/// A copy of `lists` with the weight `weight(from, to)` on every edge. `turned`: `lists` are the in-lists of a directed
/// graph. For an undirected edge, `weight` is called at both of its ends, with the smaller vertex first.
std::shared_ptr<Lists> weigh(const Lists& lists, bool directed, bool turned,
                             const FunctionRef<float(Vertex, Vertex)>& weight, const Runtime& runtime) {
  auto result = std::make_shared<Lists>();
  const std::int64_t vertices = lists.offsets.size() - 1, entries = lists.offsets[vertices];
  result->offsets = Array<std::int64_t>(vertices + 1);
  result->neighbors = Array<Vertex>(entries);
  result->weights = Array<float>(entries);
  std::copy_n(lists.offsets.data(), vertices + 1, result->offsets.data());
  std::copy_n(lists.neighbors.data(), entries, result->neighbors.data());
  parallel_for(runtime, vertices, 1024, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t v = begin; v < end; ++v) {
      for (std::int64_t i = lists.offsets[v]; i < lists.offsets[v + 1]; ++i) {
        auto from = static_cast<Vertex>(v), to = lists.neighbors[i];
        if (directed ? turned : to < from) std::swap(from, to);
        const float value = weight(from, to);
        if (!std::isfinite(value))
          fail(Errc::out_of_range, fmt::format("edge {} -> {}", from, to), "a weight of {}, expected a finite one",
               shown(value));
        result->weights[i] = value;
      }
    }
  });
  return result;
}

}  // namespace

Graph with_weights(const Graph& graph, FunctionRef<float(Vertex from, Vertex to)> weight, const Runtime& runtime) {
  if (graph.storage() == nullptr) return from_edges(std::span<const WeightedEdge>{}, {.directed = false}, runtime);
  auto storage = std::make_shared<Graph::Storage>(*graph.storage());
  const bool same = storage->in == storage->out;
  storage->out = weigh(*storage->out, storage->directed, false, weight, runtime);
  if (same)
    storage->in = storage->out;
  else if (storage->in != nullptr)
    storage->in = weigh(*storage->in, storage->directed, true, weight, runtime);
  return Graph(std::move(storage));
}

struct Builder::Impl {
  Impl(const BuildOptions& build, Ids kind) : options(build), wanted(kind), collector(build, kind) {}

  void expect(bool text) {
    if (text && !decided && wanted == Ids::numbers) collector = Collector(options, Ids::text);
    decided = true;
    if (text != (collector.ids() == Ids::text))
      fail(Errc::type_mismatch, {}, "{}",
           text ? "a text among ids that are numbers" : "a number among ids that are texts");
  }
  template <class Id, class... Weight>
  void add(Id from, Id to, Weight... weight) {
    expect(std::is_same_v<Id, std::string_view>);
    constexpr bool has_weight = sizeof...(Weight) != 0;
    if (collector.edges() != 0 && weighted != has_weight)
      fail(Errc::type_mismatch, {}, "{}",
           has_weight ? "an edge with a weight among edges without"
                      : "an edge without a weight among edges that have one");
    if (!(std::isfinite(weight) && ... && true)) fail(Errc::out_of_range, {}, "a weight that is not finite");
    weighted = has_weight;
    const Vertex first = collector.add(from);
    collector.push(first, collector.add(to), weight...);
  }
  template <class Id>
  bool add_vertex(Id id) {
    expect(std::is_same_v<Id, std::string_view>);
    if (collector.find(id) != no_vertex) return false;
    collector.add(id);
    return true;
  }

  BuildOptions options;
  Ids wanted;
  bool decided = false, weighted = false;
  Collector collector;
};

Builder::Builder(const BuildOptions& options, Ids ids) : impl_(std::make_unique<Impl>(options, ids)) {}
Builder::Builder(Builder&&) noexcept = default;
Builder& Builder::operator=(Builder&&) noexcept = default;
Builder::~Builder() = default;

void Builder::add(std::uint64_t from, std::uint64_t to) { impl_->add(from, to); }
void Builder::add(std::uint64_t from, std::uint64_t to, float weight) { impl_->add(from, to, weight); }
void Builder::add(std::string_view from, std::string_view to) { impl_->add(from, to); }
void Builder::add(std::string_view from, std::string_view to, float weight) { impl_->add(from, to, weight); }
bool Builder::add_vertex(std::uint64_t id) { return impl_->add_vertex(id); }
bool Builder::add_vertex(std::string_view id) { return impl_->add_vertex(id); }

Graph Builder::build(const Runtime& runtime) {
  Impl used = std::exchange(*impl_, Impl(impl_->options, impl_->wanted));
  return used.collector.build(used.weighted, runtime);
}

}  // namespace scalar::inline v0::graph
