#include "scalar/graph/generate.hpp"

#include <algorithm>
#include <array>

#include "core/fail.hpp"
#include "graph/csr.hpp"
#include "scalar/core/random.hpp"

namespace scalar::inline v0::graph {
namespace {

// Random streams of a seed. The random words of an edge depend on its index only, so that any piece of the edges can be
// drawn on its own.
constexpr std::uint64_t edge_stream = 0, permutation_stream = 1, weight_stream = 2;

__extension__ using Wide = unsigned __int128;

/// The graph of `count` edges; `draw(begin, edges)` fills `edges` with those from number `begin` on.
template <class Draw>
Graph generate(Vertex vertices, std::int64_t count, const BuildOptions& options, const Runtime& runtime,
               const Draw& draw) {
  check(options, false);
  const Vertex n = (std::max)(vertices, static_cast<Vertex>(options.vertices));
  const auto piece = [&](std::int64_t begin, std::int64_t end, std::vector<Edge>& scratch) -> std::span<const Edge> {
    scratch.resize(static_cast<std::size_t>(end - begin));
    draw(begin, scratch);
    return scratch;
  };
  return finish(n, build_lists(n, EdgeSource<Edge>{count, piece}, options, runtime), options, nullptr, runtime);
}

/// A permutation of the numbers below `2^bits` without a table, as in the reference code of Graph500. It is one-to-one
/// because each of its steps can be undone.
class Scramble {
 public:
  Scramble(int bits, std::uint64_t seed)
      : mask_((std::uint64_t{1} << bits) - 1), shift_(static_cast<unsigned>(bits + 1) / 2 + (bits == 0 ? 1 : 0)) {
    Philox random(seed, permutation_stream);
    for (std::uint64_t& factor : factors_) factor = (std::uint64_t{random()} << 32 | random()) | 1;
    for (std::uint64_t& term : terms_) term = random();
  }
  Vertex operator()(std::uint64_t number) const noexcept {
    for (std::size_t i = 0; i < factors_.size(); ++i) {
      number = (number * factors_[i] + terms_[i]) & mask_;
      number ^= number >> shift_;
    }
    return static_cast<Vertex>(number);
  }

 private:
  std::uint64_t mask_;
  unsigned shift_;
  std::array<std::uint64_t, 3> factors_{}, terms_{};
};

}  // namespace

Graph kronecker(const Kronecker& options, const Runtime& runtime) {
  if (options.scale < 0 || options.scale > 31)
    fail(Errc::invalid_argument, {}, "Kronecker::scale is {}, expected 0 to 31", options.scale);
  if (options.edge_factor < 0) fail(Errc::invalid_argument, {}, "Kronecker::edge_factor is {}", options.edge_factor);
  const Vertex vertices = Vertex{1} << options.scale;
  const Scramble label(options.scale, options.seed);
  constexpr auto a = static_cast<std::uint32_t>(0.57 * 0x1p32), ab = static_cast<std::uint32_t>(0.76 * 0x1p32),
                 abc = static_cast<std::uint32_t>(0.95 * 0x1p32);
  const auto blocks = static_cast<std::uint64_t>(options.scale + 3) / 4;  // of four words, one word per bit
  const auto draw = [&](std::int64_t begin, std::span<Edge> edges) {
    std::uint64_t counter = static_cast<std::uint64_t>(begin) * blocks;
    for (Edge& edge : edges) {
      Vertex from = 0, to = 0;
      for (std::uint64_t block = 0; block < blocks; ++block) {
        for (const std::uint32_t word : Philox::block(options.seed, edge_stream, counter++)) {
          from = from << 1 | Vertex{word >= ab};
          to = to << 1 | (Vertex{word >= a} ^ Vertex{word >= ab} ^ Vertex{word >= abc});
        }
      }
      edge = {label(from), label(to)};  // `label` drops the surplus bits
    }
  };
  return generate(vertices, std::int64_t{options.edge_factor} << options.scale, options.build, runtime, draw);
}

Graph uniform(const Uniform& options, const Runtime& runtime) {
  if (options.edges < 0 || (options.vertices == 0 && options.edges != 0))
    fail(Errc::invalid_argument, {}, "{} edges between {} vertices", options.edges, options.vertices);
  if (options.vertices > max_vertices) fail(Errc::invalid_argument, {}, "Uniform::vertices is {}", options.vertices);
  const auto place = [&](std::uint32_t high, std::uint32_t low) {  // scales 64 bits to the range: a bias of 2^-32
    return static_cast<Vertex>(static_cast<Wide>(std::uint64_t{high} << 32 | low) * options.vertices >> 64);
  };
  const auto draw = [&](std::int64_t begin, std::span<Edge> edges) {
    auto counter = static_cast<std::uint64_t>(begin);
    for (Edge& edge : edges) {
      const auto words = Philox::block(options.seed, edge_stream, counter++);
      edge = {place(words[0], words[1]), place(words[2], words[3])};
    }
  };
  return generate(options.vertices, options.edges, options.build, runtime, draw);
}

Graph grid(std::span<const Vertex> lengths, bool wrap, const Runtime& runtime) {
  if (lengths.empty()) fail(Errc::invalid_argument, {}, "a grid of no dimensions");
  std::uint64_t count = 1;
  for (const Vertex length : lengths) {
    if (length == 0) fail(Errc::invalid_argument, {}, "a grid with a length of 0");
    count *= length;
    if (count > max_vertices) fail(Errc::too_large, {}, "a grid of more than 4294967294 vertices");
  }
  std::vector<Edge> edges;
  std::uint64_t step = 1;  // between neighbors along a dimension
  for (std::size_t i = lengths.size(); i-- > 0;) {
    const std::uint64_t length = lengths[i];
    for (std::uint64_t v = 0; v < count; ++v) {
      const std::uint64_t at = v / step % length;
      if (at + 1 < length)
        edges.push_back({static_cast<Vertex>(v), static_cast<Vertex>(v + step)});
      else if (wrap && length > 2)
        edges.push_back({static_cast<Vertex>(v), static_cast<Vertex>(v - at * step)});
    }
    step *= length;
  }
  return from_edges(edges, {.directed = false, .vertices = count}, runtime);
}

Graph path(Vertex vertices, const Runtime& runtime) {
  if (vertices == 0) return from_edges(std::span<const Edge>{}, {.directed = false}, runtime);
  return grid({&vertices, 1}, false, runtime);
}

Graph cycle(Vertex vertices, const Runtime& runtime) {
  if (vertices < 3) fail(Errc::invalid_argument, {}, "a cycle of {} vertices, expected at least 3", vertices);
  return grid({&vertices, 1}, true, runtime);
}

Graph star(Vertex vertices, const Runtime& runtime) {
  return generate(vertices, vertices == 0 ? 0 : std::int64_t{vertices} - 1, {.directed = false}, runtime,
                  [](std::int64_t begin, std::span<Edge> edges) {
                    for (Edge& edge : edges) edge = {0, static_cast<Vertex>(++begin)};
                  });
}

Graph complete(Vertex vertices, const Runtime& runtime) {
  std::vector<Edge> edges;
  for (Vertex from = 0; from < vertices; ++from)
    for (Vertex to = from + 1; to < vertices; ++to) edges.push_back({from, to});
  return from_edges(edges, {.directed = false, .vertices = vertices}, runtime);
}

Graph with_random_weights(const Graph& graph, const RandomWeights& options, const Runtime& runtime) {
  constexpr int exact = 1 << 24;
  if (options.high < options.low || options.low < -exact || options.high > exact)
    fail(Errc::invalid_argument, {}, "weights from {} to {}, expected low <= high and both within 2^24", options.low,
         options.high);
  const auto range = static_cast<std::uint64_t>(options.high - options.low) + 1;
  const auto draw = [&](Vertex from, Vertex to) {
    const auto block = Philox::block(options.seed, weight_stream, std::uint64_t{from} << 32 | to);
    return static_cast<float>(options.low + static_cast<int>(block[0] * range >> 32));
  };
  return with_weights(graph, draw, runtime);
}

}  // namespace scalar::inline v0::graph
