// Published figures of SNAP's ego-Facebook and web-NotreDame (snap.stanford.edu/data), and networkx's and scipy's.
#include <algorithm>
#include <fstream>

#include "graph/algorithms/checks.hpp"
#include "scalar/graph.hpp"
#include "support/paths.hpp"

using namespace scalar;
using namespace graph_test;

namespace {

bool is_there(const std::string& path) { return std::ifstream(path).good(); }

}  // namespace

TEST_CASE("ego-Facebook") {
  const std::string path = test::shared_data("facebook_combined.txt");
  if (!is_there(path)) {
    WARN("skipped: there is no " << path);
    return;
  }
  const Graph graph = graph::read_edge_list(path, {.build = {.directed = false}});
  REQUIRE(graph.vertices() == 4039);
  REQUIRE(graph.edges() == 88234);
  for (const int peers : {1, 4}) {
    CHECK(graph::triangle_count(graph, {.peers = peers}) == 1612010);
    double mean = 0;
    for (const double c : graph::clustering_coefficient(graph, {.peers = peers})) mean += c / 4039;
    CHECK(mean == Approx(0.6055).margin(0.00005));
    const auto cores = graph::k_core(graph, {.peers = peers});
    CHECK(*std::max_element(cores.begin(), cores.end()) == 115);
    CHECK(graph::strongly_connected_components(graph, {.peers = peers}).count == 1);
    check_independent_set(graph, graph::maximal_independent_set(graph, {.peers = peers}));
  }
  CHECK(graph::label_propagation(graph, {.peers = 1}) == graph::label_propagation(graph, {.peers = 4}));
  CHECK(graph::semi_clustering(graph, {.iterations = 1, .peers = 1}) ==
        graph::semi_clustering(graph, {.iterations = 1, .peers = 4}));
}

TEST_CASE("web-NotreDame") {
  const std::string path = test::shared_data("web-NotreDame.txt.gz");
  if (!is_there(path)) {
    WARN("skipped: there is no " << path);
    return;
  }
  const Graph graph = graph::read_edge_list(path);
  REQUIRE(graph.vertices() == 325729);
  REQUIRE(graph.edges() == 1497134);
  for (const int peers : {1, 4}) {
    CHECK(graph::triangle_count(graph, {.peers = peers}) == 8910005);
    const auto strong = graph::strongly_connected_components(graph, {.peers = peers});
    std::vector<std::uint32_t> sizes(graph.vertices());
    for (const Vertex label : strong.labels) ++sizes[label];
    CHECK(*std::max_element(sizes.begin(), sizes.end()) == 53968);
    CHECK(strong.count == 203609);
    const auto cores = graph::k_core(graph, {.peers = peers});
    CHECK(*std::max_element(cores.begin(), cores.end()) == 155);
  }
  CHECK(graph::connected_components(graph).count == 1);
  check_independent_set(graph, graph::maximal_independent_set(graph));
}
