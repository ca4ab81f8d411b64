#include "graph/csr.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "core/fail.hpp"
#include "core/quoted.hpp"

namespace scalar::inline v0::graph {
namespace {

constexpr std::int64_t vertex_grain = 1024;

template <class E>
constexpr bool has_weight = std::is_same_v<E, WeightedEdge>;

/// Calls `body(edge)` for every edge.
template <class E, class Body>
void for_edges(const EdgeSource<E>& edges, const Runtime& runtime, const Body& body) {
  parallel_for(runtime, edges.count, EdgeSource<E>::grain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<E> scratch;
    for (const E& edge : edges.piece(begin, end, scratch)) body(edge);
  });
}

/// Adds one to `counter` and returns its old value. `shared`: other threads may do so at the same time.
std::int64_t take(std::int64_t& counter, bool shared) noexcept {
  return shared ? std::atomic_ref(counter).fetch_add(1, std::memory_order_relaxed) : counter++;
}

/// Turns the lengths of lists into the offsets where they begin.
void prefix_sum(Array<std::int64_t>& offsets) noexcept {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < offsets.size(); ++i) sum += std::exchange(offsets[i], sum);
}

/// A vertex and its weight as one number that sorts by vertex, then by weight.
std::uint64_t key_of(Vertex vertex, float weight) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(weight);
  return std::uint64_t{vertex} << 32 | ((bits >> 31) != 0 ? ~bits : bits | 0x80000000u);
}
float weight_of(std::uint64_t key) noexcept {
  const auto bits = static_cast<std::uint32_t>(key);
  return std::bit_cast<float>((bits >> 31) != 0 ? bits & 0x7fffffffu : ~bits);
}

void sort_list(Lists& lists, std::int64_t begin, std::int64_t end, std::vector<std::uint64_t>& keys) {
  Vertex* const neighbors = lists.neighbors.data();
  if (!lists.weighted()) {
    std::sort(neighbors + begin, neighbors + end);
    return;
  }
  float* const weights = lists.weights.data();
  keys.clear();
  for (std::int64_t i = begin; i < end; ++i) keys.push_back(key_of(neighbors[i], weights[i]));
  std::sort(keys.begin(), keys.end());
  for (const std::uint64_t key : keys) {
    neighbors[begin] = static_cast<Vertex>(key >> 32);
    weights[begin++] = weight_of(key);
  }
}

/// Merges edges to the same neighbor in a sorted list; returns the number of edges left.
std::int64_t merge_list(Lists& lists, std::int64_t begin, std::int64_t end, Duplicates duplicates) {
  Vertex* const neighbors = lists.neighbors.data();
  float* const weights = lists.weights.data();
  if (weights == nullptr) return std::unique(neighbors + begin, neighbors + end) - (neighbors + begin);
  std::int64_t left = begin;
  for (std::int64_t i = begin; i < end;) {
    const Vertex neighbor = neighbors[i];
    const float lightest = weights[i];
    double sum = 0;
    for (; i < end && neighbors[i] == neighbor; ++i) sum += weights[i];
    neighbors[left] = neighbor;
    weights[left] = duplicates == Duplicates::sum ? static_cast<float>(sum) : lightest;
    if (!std::isfinite(weights[left++]))
      fail(Errc::out_of_range, {}, "the weights of the edges to vertex {} sum to {}, expected what a float32 holds",
           neighbor, shown(sum));
  }
  return left - begin;
}

/// Merges duplicates in sorted lists and closes the gaps.
void merge_lists(Lists& lists, Duplicates duplicates, const Runtime& runtime) {
  const std::int64_t vertices = lists.offsets.size() - 1;
  Array<std::int64_t> offsets(vertices + 1);
  parallel_for(runtime, vertices, vertex_grain, [&](std::int64_t begin, std::int64_t end) {
    for (; begin < end; ++begin)
      offsets[begin] = merge_list(lists, lists.offsets[begin], lists.offsets[begin + 1], duplicates);
  });
  offsets[vertices] = 0;
  prefix_sum(offsets);
  if (offsets[vertices] == lists.offsets[vertices]) return;
  for (std::int64_t v = 0; v < vertices; ++v) {
    const auto count = static_cast<std::size_t>(offsets[v + 1] - offsets[v]);
    if (offsets[v] == lists.offsets[v] || count == 0) continue;
    std::memmove(&lists.neighbors[offsets[v]], &lists.neighbors[lists.offsets[v]], count * sizeof(Vertex));
    if (lists.weighted())
      std::memmove(&lists.weights[offsets[v]], &lists.weights[lists.offsets[v]], count * sizeof(float));
  }
  lists.neighbors.shrink(offsets[vertices]);
  if (lists.weighted()) lists.weights.shrink(offsets[vertices]);
  lists.offsets = std::move(offsets);
}

/// The number of entries that are self-loops.
std::int64_t count_loops(const Lists& lists, const Runtime& runtime) {
  std::atomic<std::int64_t> loops{0};
  parallel_for(runtime, lists.offsets.size() - 1, vertex_grain, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t found = 0;
    for (std::int64_t v = begin; v < end; ++v) {
      const auto [first, last] =
          std::equal_range(lists.neighbors.data() + lists.offsets[v], lists.neighbors.data() + lists.offsets[v + 1],
                           static_cast<Vertex>(v));
      found += last - first;
    }
    loops += found;
  });
  return loops;
}

}  // namespace

void check(const BuildOptions& options, bool weighted) {
  if (options.duplicates == Duplicates::sum && !weighted)
    fail(Errc::invalid_argument, {}, "Duplicates::sum needs edges with weights");
  if (options.vertices > max_vertices)
    fail(Errc::too_large, {}, "{} vertices, expected at most {}", options.vertices, max_vertices);
}

void sort_lists(Lists& lists, const Runtime& runtime) {
  parallel_for(runtime, lists.offsets.size() - 1, vertex_grain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::uint64_t> keys;
    for (; begin < end; ++begin) sort_list(lists, lists.offsets[begin], lists.offsets[begin + 1], keys);
  });
}

template <class E>
Lists build_lists(Vertex vertices, const EdgeSource<E>& edges, const BuildOptions& options, const Runtime& runtime) {
  const bool both = !options.directed, drop = options.self_loops == SelfLoops::drop, shared = runtime.threads() > 1;
  Lists lists;
  lists.offsets = Array<std::int64_t>(std::int64_t{vertices} + 1, true);
  for_edges(edges, runtime, [&](const E& edge) {
    if (drop && edge.from == edge.to) return;
    take(lists.offsets[edge.from], shared);
    if (both && edge.from != edge.to) take(lists.offsets[edge.to], shared);
  });

  prefix_sum(lists.offsets);
  const std::int64_t entries = lists.offsets[vertices];
  lists.neighbors = Array<Vertex>(entries);
  if constexpr (has_weight<E>) lists.weights = Array<float>(entries);
  for_edges(edges, runtime, [&](const E& edge) {
    if (drop && edge.from == edge.to) return;
    const auto put = [&](Vertex from, Vertex to) {
      const std::int64_t place = take(lists.offsets[from], shared);
      lists.neighbors[place] = to;
      if constexpr (has_weight<E>) lists.weights[place] = edge.weight;
    };
    put(edge.from, edge.to);
    if (both && edge.from != edge.to) put(edge.to, edge.from);
  });
  // Filling a list has moved its offset to its end, which is where the next list begins.
  std::memmove(lists.offsets.data() + 1, lists.offsets.data(), std::size_t{vertices} * sizeof(std::int64_t));
  lists.offsets[0] = 0;

  sort_lists(lists, runtime);
  if (options.duplicates != Duplicates::keep) merge_lists(lists, options.duplicates, runtime);
  return lists;
}

template Lists build_lists(Vertex, const EdgeSource<Edge>&, const BuildOptions&, const Runtime&);
template Lists build_lists(Vertex, const EdgeSource<WeightedEdge>&, const BuildOptions&, const Runtime&);

namespace {

template <class E>
Lists transpose_as(const Lists& lists, const Runtime& runtime) {
  const std::int64_t* const offsets = lists.offsets.data();
  const std::int64_t vertices = lists.offsets.size() - 1;
  const auto turned = [&](std::int64_t begin, std::int64_t end, std::vector<E>& scratch) -> std::span<const E> {
    scratch.resize(static_cast<std::size_t>(end - begin));
    std::int64_t v = std::upper_bound(offsets, offsets + vertices + 1, begin) - offsets - 1;
    for (E& edge : scratch) {
      while (offsets[v + 1] <= begin) ++v;
      edge.from = lists.neighbors[begin];
      edge.to = static_cast<Vertex>(v);
      if constexpr (has_weight<E>) edge.weight = lists.weights[begin];
      ++begin;
    }
    return scratch;
  };
  return build_lists(static_cast<Vertex>(vertices), EdgeSource<E>{offsets[vertices], turned}, {}, runtime);
}

}  // namespace

Lists transpose(const Lists& lists, const Runtime& runtime) {
  return lists.weighted() ? transpose_as<WeightedEdge>(lists, runtime) : transpose_as<Edge>(lists, runtime);
}

Graph finish(Vertex vertices, Lists out, const BuildOptions& options, std::shared_ptr<const IdTable> ids,
             const Runtime& runtime, std::shared_ptr<const Lists> in) {
  auto storage = std::make_shared<Graph::Storage>();
  storage->vertices = vertices;
  storage->directed = options.directed;
  const std::int64_t entries = out.offsets[vertices];
  storage->edges = options.directed ? entries : (entries + count_loops(out, runtime)) / 2;
  if (options.directed && options.in_edges && in == nullptr) in = std::make_shared<Lists>(transpose(out, runtime));
  storage->out = std::make_shared<Lists>(std::move(out));
  storage->in = options.directed ? std::move(in) : storage->out;
  storage->ids = std::move(ids);
  return Graph(std::move(storage));
}

}  // namespace scalar::inline v0::graph
