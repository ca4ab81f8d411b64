#include "scalar/graph/generate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <vector>

#include "graph/checks.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;
using namespace scalar::graph;
using graph_test::list;
using graph_test::Vertices;

namespace {

bool same(const Graph& a, const Graph& b) {
  return list(a.out_offsets()) == list(b.out_offsets()) && list(a.out_neighbors()) == list(b.out_neighbors());
}

/// C(n, k) p^k (1 - p)^(n - k).
double binomial(int n, int k, double p) {
  return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) + k * std::log(p) +
                  (n - k) * std::log1p(-p));
}

}  // namespace

TEST_CASE("kronecker graphs do not depend on the threads, only on the seed") {
  const Kronecker options{.scale = 13};
  const Graph graph = kronecker(options, Runtime({.threads = 1}));
  CHECK(same(graph, kronecker(options, Runtime({.threads = 4}))));
  CHECK_FALSE(same(graph, kronecker({.scale = 13, .seed = 1})));
  CHECK(graph.vertices() == 8192);
  CHECK_FALSE(graph.is_directed());
  for (Vertex v = 0; v < graph.vertices(); ++v) {
    const auto neighbors = graph.out(v);
    REQUIRE(std::adjacent_find(neighbors.begin(), neighbors.end(), std::greater_equal<>()) == neighbors.end());
    REQUIRE_FALSE(std::binary_search(neighbors.begin(), neighbors.end(), v));
  }
}

TEST_CASE("kronecker degrees follow the model") {
  // Before vertices are permuted, the row of an edge has a 1 in each bit with probability C + D = 0.24, independently,
  // so the out-degrees are those of a binomial cascade: sum over v of degree^2 has the expectation m + m (m - 1)
  // (0.76^2 + 0.24^2)^scale.
  constexpr int scale = 12;
  const Graph graph = kronecker({.scale = scale, .build = {.directed = true}});
  const double m = 16.0 * 4096;
  CHECK(graph.edges() == 16 * 4096);
  for (const bool in : {false, true}) {
    double squares = 0;
    for (Vertex v = 0; v < graph.vertices(); ++v)
      squares += std::pow(static_cast<double>(in ? graph.in_degree(v) : graph.out_degree(v)), 2);
    const double expected = m + m * (m - 1) * std::pow(0.76 * 0.76 + 0.24 * 0.24, scale);
    CHECK(squares == Approx(expected).epsilon(0.05));
  }
  // Self-loops are edges whose every bit falls in A or D: 0.62^scale of them.
  std::int64_t loops = 0;
  for (Vertex v = 0; v < graph.vertices(); ++v) loops += std::count(graph.out(v).begin(), graph.out(v).end(), v);
  CHECK(std::abs(static_cast<double>(loops) - m * std::pow(0.62, scale)) < 5 * std::sqrt(m * std::pow(0.62, scale)));
  // The permutation: the busiest vertex of the model is 0; here it is any.
  std::set<Vertex> busiest;
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    const Graph other = kronecker({.scale = 10, .seed = seed});
    Vertex best = 0;
    for (Vertex v = 1; v < other.vertices(); ++v)
      if (other.out_degree(v) > other.out_degree(best)) best = v;
    busiest.insert(best);
  }
  CHECK(busiest.size() >= 3);
}

TEST_CASE("uniform graphs have the degrees of the binomial distribution") {
  const Graph graph =
      uniform({.vertices = 20'000, .edges = 200'000, .build = {.directed = true}}, Runtime({.threads = 3}));
  CHECK(graph.edges() == 200'000);
  CHECK(same(graph,
             uniform({.vertices = 20'000, .edges = 200'000, .build = {.directed = true}}, Runtime({.threads = 1}))));
  std::array<int, 40> out{}, in{};
  for (Vertex v = 0; v < graph.vertices(); ++v) {
    ++out[static_cast<std::size_t>(std::min<std::int64_t>(39, graph.out_degree(v)))];
    ++in[static_cast<std::size_t>(std::min<std::int64_t>(39, graph.in_degree(v)))];
  }
  for (int degree = 2; degree < 22; ++degree) {
    const double expected = 20'000 * binomial(200'000, degree, 1.0 / 20'000);
    CHECK(std::abs(out[static_cast<std::size_t>(degree)] - expected) < 5 * std::sqrt(expected) + 5);
    CHECK(std::abs(in[static_cast<std::size_t>(degree)] - expected) < 5 * std::sqrt(expected) + 5);
  }
}

TEST_CASE("grids of any dimension") {
  const Vertex plane[] = {3, 4};
  const Graph grid2 = grid(plane);
  CHECK(grid2.vertices() == 12);
  CHECK(grid2.edges() == 3 * 3 + 2 * 4);
  CHECK(list(grid2.out(0)) == Vertices{1, 4});
  CHECK(list(grid2.out(5)) == Vertices{1, 4, 6, 9});
  CHECK(list(grid2.out(11)) == Vertices{7, 10});

  const Graph torus = grid(plane, true);
  CHECK(torus.edges() == 24);
  CHECK(list(torus.out(0)) == Vertices{1, 3, 4, 8});

  const Vertex cube[] = {2, 2, 2, 2};
  for (const bool wrap : {false, true}) {  // a length of 2 has nothing to wrap
    const Graph hypercube = grid(cube, wrap);
    CHECK(hypercube.edges() == 4 * 8);
    for (Vertex v = 0; v < 16; ++v)
      for (const Vertex w : hypercube.out(v)) CHECK(((v ^ w) & ((v ^ w) - 1)) == 0);
  }
  const Vertex point[] = {1, 1};
  CHECK(grid(point, true).edges() == 0);
}

TEST_CASE("small graphs by name") {
  CHECK(path(0).vertices() == 0);
  CHECK(path(1).edges() == 0);
  const Graph line = path(100'000);
  CHECK(line.edges() == 99'999);
  CHECK(list(line.out(99'999)) == Vertices{99'998});
  CHECK(cycle(3).edges() == 3);
  CHECK(list(cycle(5).out(0)) == Vertices{1, 4});
  CHECK(star(0).vertices() == 0);
  CHECK(star(1).edges() == 0);
  const Graph hub = star(200'000);
  CHECK(hub.out_degree(0) == 199'999);
  CHECK(hub.out(0).back() == 199'999);
  CHECK(list(hub.out(199'999)) == Vertices{0});
  CHECK(complete(1).edges() == 0);
  CHECK(complete(6).edges() == 15);
  CHECK(list(complete(4).out(2)) == Vertices{0, 1, 3});
}

TEST_CASE("random weights are the same at both ends and cover their range") {
  const Graph graph = with_random_weights(kronecker({.scale = 8}), {.low = -2, .high = 2});
  std::array<int, 5> counts{};
  for (Vertex v = 0; v < graph.vertices(); ++v)
    for (std::size_t i = 0; i < graph.out(v).size(); ++i) {
      const Vertex w = graph.out(v)[i];
      const auto back = graph.out(w);
      const auto place = std::lower_bound(back.begin(), back.end(), v) - back.begin();
      REQUIRE(graph.out_weights(v)[i] == graph.out_weights(w)[static_cast<std::size_t>(place)]);
      ++counts.at(static_cast<std::size_t>(graph.out_weights(v)[i] + 2));
    }
  const double expected = static_cast<double>(graph.out_neighbors().size()) / 5;
  for (const int count : counts) CHECK(std::abs(count - expected) < 8 * std::sqrt(expected));
}

TEST_CASE("generators refuse what cannot be") {
  const auto text = [](auto call) -> std::string {
    try {
      call();
    } catch (const Error& error) {
      return std::string(name(error.code())) + ": " + error.what();
    }
    return "nothing";
  };
  CHECK(text([] { kronecker({.scale = 32}); }) == "invalid_argument: Kronecker::scale is 32, expected 0 to 31");
  CHECK(text([] { kronecker({.scale = -1}); }) == "invalid_argument: Kronecker::scale is -1, expected 0 to 31");
  CHECK(text([] { uniform({.vertices = 0, .edges = 1}); }) == "invalid_argument: 1 edges between 0 vertices");
  CHECK(text([] { uniform({.vertices = 5, .edges = -1}); }) == "invalid_argument: -1 edges between 5 vertices");
  CHECK(text([] { cycle(2); }) == "invalid_argument: a cycle of 2 vertices, expected at least 3");
  CHECK(text([] { grid({}); }) == "invalid_argument: a grid of no dimensions");
  const Vertex none[] = {3, 0}, huge[] = {1u << 20, 1u << 20, 1u << 31, 1u << 31};
  CHECK(text([&] { grid(none); }) == "invalid_argument: a grid with a length of 0");
  CHECK(text([&] { grid(huge); }) == "too_large: a grid of more than 4294967294 vertices");
  CHECK(text([] { with_random_weights(path(2), {.low = 2, .high = 1}); }) ==
        "invalid_argument: weights from 2 to 1, expected low <= high and both within 2^24");
  CHECK(kronecker({.scale = 0}).vertices() == 1);
  CHECK(uniform({}).vertices() == 0);
}
