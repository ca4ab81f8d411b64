// Graphs: reads links from a file, ranks the pages, and looks at what leads to the first of them.
//   graph_pagerank [EDGES]      two ids a line
#include <scalar/graph.hpp>

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <vector>

using namespace scalar;

int main(int argc, char** argv) {
  const graph::Graph web =
      graph::read_edge_list(argc > 1 ? argv[1] : "examples/data/links.txt", {.ids = graph::Ids::text});
  std::printf("%u pages, %d links\n", web.vertices(), static_cast<int>(web.edges()));

  const auto result = graph::pagerank(web, {.iterations = 100, .tolerance = 1e-9});
  std::vector<graph::Vertex> order(web.vertices());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](graph::Vertex a, graph::Vertex b) { return result.ranks[a] > result.ranks[b]; });
  for (std::size_t i = 0; i < std::min<std::size_t>(3, order.size()); ++i)
    std::printf("%s %.1f %%\n", web.name(order[i]).c_str(), 100 * result.ranks[order[i]]);
  if (order.empty()) return 0;

  std::printf("linked from:");
  for (const graph::Vertex from : web.in(order[0])) std::printf(" %s", web.name(from).c_str());
  std::printf("\n");
}
