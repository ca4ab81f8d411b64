#include "scalar/graph/graph.hpp"

#include <vector>

#include "scalar/core/error.hpp"
#include "scalar/graph/build.hpp"
#include "support/catch.hpp"

using namespace scalar;
using namespace scalar::graph;

TEST_CASE("a default graph has no vertices") {
  const Graph graph;
  CHECK(graph.vertices() == 0);
  CHECK(graph.edges() == 0);
  CHECK(graph.out_offsets().size() == 1);
  CHECK(graph.out_neighbours().empty());
  CHECK_FALSE(graph.find(0));
  CHECK_FALSE(graph.find("0"));
}
