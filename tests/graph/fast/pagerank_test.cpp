#include "scalar/graph/algorithms/pagerank.hpp"

#include <cmath>
#include <cstring>
#include <numeric>

#include "graph/fast/reference.hpp"
#include "scalar/bsp/collectives/gather.hpp"
#include "scalar/bsp/engine.hpp"
#include "scalar/core/error.hpp"
#include "scalar/graph/generate.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace graph_test;
using graph::Dangling;
using graph::Graph;
using graph::pagerank;
using graph::PageRankOptions;
using test::message_of;

namespace {

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return sum;
}

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

std::string mistake_of(Errc code, const Graph& graph, const PageRankOptions& options) {
  return message_of(code, [&] { pagerank(graph, options); });
}

}  // namespace

TEST_CASE("pagerank: as networkx has it, under each policy for dangling vertices") {
  for (const Known& known : known_graphs()) {
    INFO(known.name);
    std::vector<double> teleport(known.graph.vertices());
    for (std::size_t v = 0; v < teleport.size(); ++v) teleport[v] = static_cast<double>(v % 3);
    if (teleport.size() == 1) teleport[0] = 7;
    const PageRankOptions exact{.iterations = 1000, .tolerance = 1e-14};
    PageRankOptions looped = exact, personal = exact;
    looped.dangling = Dangling::self_loop;
    personal.teleport = teleport;
    CHECK(distance(pagerank(known.graph, exact).ranks, known.numbers("pagerank")) < 1e-11);
    CHECK(distance(pagerank(known.graph, looped).ranks, known.numbers("pagerank_self_loop")) < 1e-11);
    CHECK(distance(pagerank(known.graph, personal).ranks, known.numbers("pagerank_teleport")) < 1e-11);
    CHECK(pagerank(known.graph, exact).converged);
  }
}

TEST_CASE("pagerank: closed forms") {
  // On a cycle all are alike; on an undirected regular graph too.
  for (const double rank : pagerank(graph::cycle(100)).ranks) CHECK(rank == Approx(0.01).epsilon(1e-13));
  for (const double rank : pagerank(graph::complete(17)).ranks) CHECK(rank == Approx(1 / 17.0).epsilon(1e-13));
  // An undirected star: the center c and a leaf l solve c = j + d (n - 1) l, l = j + d c / (n - 1), j = (1 - d) / n.
  constexpr double d = 0.85, n = 50, jump = (1 - d) / n;
  const auto star = pagerank(graph::star(50), {.iterations = 500}).ranks;
  const double center = (jump + d * (n - 1) * jump) / (1 - d * d);
  CHECK(star[0] == Approx(center).epsilon(1e-12));
  CHECK(star[49] == Approx(jump + d * center / (n - 1)).epsilon(1e-12));
}

TEST_CASE("pagerank: what leaks is lost, what is redistributed is not") {
  const Graph path = graph_of({{0, 1}, {1, 2}});  // 2 is dangling
  const auto kept = pagerank(path, {.iterations = 60}),
             leaked = pagerank(path, {.iterations = 60, .dangling = Dangling::leak});
  CHECK(sum(kept.ranks) == Approx(1).epsilon(1e-14));
  const double jump = 0.15 / 3;
  CHECK(leaked.ranks[0] == Approx(jump));
  CHECK(leaked.ranks[1] == Approx(jump * 1.85));
  CHECK(leaked.ranks[2] == Approx(jump * (1 + 0.85 * 1.85)));
  const auto held = pagerank(path, {.iterations = 200, .dangling = Dangling::self_loop});
  CHECK(sum(held.ranks) == Approx(1).epsilon(1e-14));
  CHECK(held.ranks[2] == Approx(jump * (1 + 0.85 * 1.85) / 0.15));
}

TEST_CASE("pagerank: the same bits for any peers and threads") {
  const Graph graph = graph::kronecker({.scale = 10});
  const Graph directed = graph::uniform({.vertices = 3000, .edges = 9000, .build = {.directed = true}});
  std::vector<double> teleport(3000);
  for (std::size_t v = 0; v < teleport.size(); ++v) teleport[v] = 1.0 / static_cast<double>(v + 1);
  const auto expected = pagerank<float>(graph, {.iterations = 20, .peers = 1});
  const auto personal = pagerank(directed, {.tolerance = 1e-9, .teleport = teleport, .peers = 1});
  CHECK((personal.converged && personal.iterations > 5 && personal.iterations < 100));
  for (const Division& division : divisions()) {
    const auto again = pagerank<float>(graph, {.iterations = 20, .peers = division.peers}, division.runtime);
    CHECK(std::memcmp(again.ranks.data(), expected.ranks.data(), expected.ranks.size() * sizeof(float)) == 0);
    const auto too =
        pagerank(directed, {.tolerance = 1e-9, .teleport = teleport, .peers = division.peers}, division.runtime);
    CHECK(too.ranks == personal.ranks);
    CHECK((too.iterations == personal.iterations && too.change == personal.change));
  }
}

TEST_CASE("pagerank: float is close to double") {
  const Graph graph = graph::kronecker({.scale = 12});
  const auto exact = pagerank(graph, {.iterations = 20});
  const auto fast = pagerank<float>(graph, {.iterations = 20});
  double worst = 0;
  for (std::size_t v = 0; v < exact.ranks.size(); ++v)
    worst = std::max(worst, std::abs(static_cast<double>(fast.ranks[v]) / exact.ranks[v] - 1));
  CHECK(worst < 2e-5);
}

TEST_CASE("pagerank: iterations and tolerance end it") {
  const Graph graph = graph::star(10);
  const auto none = pagerank(graph, {.iterations = 0, .tolerance = 1e-3});
  CHECK((none.iterations == 0 && !none.converged && none.change == 0));
  CHECK(none.ranks == std::vector<double>(10, 0.1));
  const auto one = pagerank(graph, {.iterations = 1, .tolerance = 1e-12});
  CHECK((one.iterations == 1 && !one.converged));
  CHECK(one.change == Approx(2 * (0.015 + 0.85 * 0.9 - 0.1)));
  const auto enough = pagerank(graph, {.iterations = 1000, .tolerance = 1e-6});
  CHECK((enough.converged && enough.change <= 1e-6 && enough.iterations < 200));
  CHECK(pagerank(graph, {.iterations = enough.iterations, .tolerance = 1e-6}).converged);
  CHECK_FALSE(pagerank(graph, {.iterations = enough.iterations - 1, .tolerance = 1e-6}).converged);
  CHECK(pagerank(graph, {.damping = 0}).ranks == std::vector<double>(10, 0.1));
}

TEST_CASE("pagerank: a graph without vertices, and one vertex") {
  for (const int peers : {1, 3}) {
    CHECK(pagerank(Graph(), {.peers = peers}).ranks.empty());
    CHECK(pagerank(graph_of({}, true, 1), {.peers = peers}).ranks == std::vector<double>{1});
    CHECK(pagerank(graph_of({}, false, 1), {.dangling = Dangling::self_loop, .peers = peers}).ranks[0] == Approx(1));
  }
}

TEST_CASE("pagerank: inside an engine each peer gets its share") {
  const Graph graph = graph::kronecker({.scale = 9});
  const auto whole = pagerank(graph, {.iterations = 10});
  const auto parts = bsp::Engine({.peers = 5}).run_all([&](bsp::Peer& peer) -> bsp::Task<graph::PageRank<double>> {
    co_return co_await pagerank(peer, graph, {.iterations = 10});
  });
  std::vector<double> joined;
  for (const auto& part : parts) {
    CHECK(part.first == joined.size());
    CHECK(part.iterations == 10);
    joined.insert(joined.end(), part.ranks.begin(), part.ranks.end());
  }
  CHECK(joined == whole.ranks);
}

TEST_CASE("pagerank: the shares of peers, of unequal lengths, are collected in one call") {
  const Graph graph = graph::cycle(11);
  const auto whole = pagerank(graph, {.iterations = 3});
  const auto wrong = bsp::Engine({.peers = 4}).run_all([&](bsp::Peer& peer) -> bsp::Task<bool> {
    const auto share = co_await pagerank(peer, graph, {.iterations = 3});
    std::vector<double> all;
    std::vector<std::size_t> cuts;
    co_await bsp::all_gather_v(peer, share.ranks, all, cuts);
    co_return all != whole.ranks || cuts[static_cast<std::size_t>(peer.rank())] != share.first;
  });
  CHECK(wrong == std::vector<bool>(4));
}

TEST_CASE("pagerank: what makes no sense is refused") {
  const Graph graph = graph::cycle(4);
  const double nan = std::nan("");
  CHECK(mistake_of(Errc::invalid_argument, graph, {.damping = 1.5}) == "pagerank: damping is 1.5, expected 0 to 1");
  CHECK_THAT(mistake_of(Errc::invalid_argument, graph, {.damping = nan}), Catch::Matchers::Contains("damping is "));
  CHECK(mistake_of(Errc::invalid_argument, graph, {.iterations = -1}) ==
        "pagerank: iterations is -1, expected 0 or more");
  CHECK_THAT(mistake_of(Errc::invalid_argument, graph, {.tolerance = nan}), Catch::Matchers::Contains("tolerance"));
  CHECK(mistake_of(Errc::invalid_argument, graph, {.peers = -2}) == "pagerank: peers is -2, expected 0 or more");
  const std::vector<double> few(3, 1), negative{1, 1, -1, 1}, none(4, 0), wild{1, 1, nan, 1}, huge(4, 1e308);
  CHECK(mistake_of(Errc::shape_mismatch, graph, {.teleport = few}) ==
        "pagerank: teleport has 3 weights for 4 vertices");
  CHECK_THAT(mistake_of(Errc::invalid_argument, graph, {.teleport = negative}), Catch::Matchers::Contains("vertex 2"));
  CHECK_THAT(mistake_of(Errc::invalid_argument, graph, {.teleport = wild}), Catch::Matchers::Contains("vertex 2"));
  CHECK_THAT(mistake_of(Errc::invalid_argument, graph, {.teleport = none}), Catch::Matchers::Contains("sums to 0"));
  CHECK_THAT(mistake_of(Errc::invalid_argument, graph, {.teleport = huge}), Catch::Matchers::Contains("sums to inf"));
  const Graph one_way = graph::from_edges(std::vector<graph::Edge>{{0, 1}}, {.directed = true, .in_edges = false});
  CHECK_THAT(mistake_of(Errc::empty, one_way, {}), Catch::Matchers::Contains("in-edges"));
}

TEST_CASE("pagerank: the most linked pages of web-NotreDame, and facebook's") {
  for (const std::string name : {"web-NotreDame.txt.gz", "facebook_combined.txt"}) {
    const std::string path = shared_file(name);
    if (path.empty()) {
      WARN("skipped: no " << name << " in the shared data");
      continue;
    }
    const bool directed = name[0] == 'w';
    const Graph graph = graph::read_edge_list(path, {.build = {.directed = directed}});
    const json::Value& known = reference().at(name);
    REQUIRE(graph.vertices() == known.at("vertices").as_uint());
    const auto result = pagerank(graph, {.iterations = 50, .peers = 3});
    CHECK(sum(result.ranks) == Approx(1).epsilon(1e-12));
    std::vector<graph::Vertex> order(graph.vertices());
    std::iota(order.begin(), order.end(), 0u);
    std::partial_sort(order.begin(), order.begin() + 10, order.end(),
                      [&](auto a, auto b) { return result.ranks[a] > result.ranks[b]; });
    for (std::size_t k = 0; k < 10; ++k) {
      CHECK(graph.id(order[k]) == known.at("top").as_array()[k].as_uint());
      CHECK(result.ranks[order[k]] == Approx(known.at("ranks").as_array()[k].as_double()).epsilon(1e-11));
    }
  }
}
