// Hama's bipartite: pairs vertices of two sides at random until no pair can be added.
#include <scalar/graph.hpp>

#include <algorithm>
#include <cstdio>
#include <vector>

using namespace scalar;

int main() {
  // Ann, Bob and Cem can do all four tasks, Dan only the fifth: whatever the choices, all four find one.
  const graph::Graph skills = graph::parse_edge_list(
      "Ann task1\n Ann task2\n Ann task3\n Ann task4\n Bob task1\n Bob task2\n Bob task3\n Bob task4\n"
      "Cem task1\n Cem task2\n Cem task3\n Cem task4\n Dan task5\n",
      {.build = {.directed = false}, .ids = graph::Ids::text});
  std::vector<std::uint8_t> is_person;
  for (graph::Vertex v = 0; v < skills.vertices(); ++v) is_person.push_back(!skills.name(v).starts_with("task"));

  const auto mates = graph::bipartite_matching(skills, is_person, {.seed = 1, .peers = 3});
  int pairs = 0;
  for (graph::Vertex v = 0; v < skills.vertices(); ++v) {
    if (mates[v] == graph::no_vertex) continue;
    const auto known = skills.out(v);
    if (mates[mates[v]] != v || std::find(known.begin(), known.end(), mates[v]) == known.end()) return 1;
    pairs += is_person[v];
  }
  std::printf("%d pairs\n", pairs);
  std::printf("Dan does %s\n", skills.name(mates[*skills.find("Dan")]).c_str());
}
