#include "scalar/graph/detail/mutations.hpp"

#include <algorithm>
#include <memory>
#include <string>

#include "graph/algorithms/checks.hpp"
#include "scalar/graph/run.hpp"

using namespace scalar;
using namespace graph_test;
using graph::Context;
using graph::Division;
using graph::OnConflict;
using graph::OnMissing;
using graph::run;

namespace {

using Neighbors = std::vector<std::pair<Vertex, float>>;

/// Does in superstep 0 what `act` says, and writes down its neighbors in superstep 2.
template <class Act>
struct Changer {
  struct Value {
    std::string made = "as given";
    Neighbors neighbors{};
    std::vector<int> messages{};
  };
  using Message = int;
  static constexpr bool mutates = true;
  Act act;

  void compute(Context<Changer>& vertex, std::span<const int> messages) {
    for (const int m : messages) vertex.value().messages.push_back(m);
    if (vertex.superstep() == 0) act(vertex);
    if (vertex.superstep() < 2) return;
    for (std::size_t e = 0; e < vertex.degree(); ++e)
      vertex.value().neighbors.emplace_back(vertex.neighbors()[e], vertex.weight(e));
    vertex.vote_to_halt();
  }
};
template <class Act>
Changer(Act) -> Changer<Act>;

template <class Act>
auto change(const Graph& graph, Act act, graph::RunOptions options = {}) {
  return run(Changer<Act>{act}, graph, options);
}

const std::vector<Edge> square{{0, 1}, {1, 2}, {2, 3}, {3, 0}};

}  // namespace

TEST_CASE("edges are added and removed before the next superstep") {
  const Graph graph = make(4, square, true);
  for (const int peers : peer_counts) {
    const auto seen = change(graph,
                             [](auto& vertex) {
                               if (vertex.vertex() == 3) {
                                 vertex.add_edge(0, 3, 2.5f);
                                 vertex.add_edge(0, 2);
                                 vertex.remove_edge(1, 2);
                                 vertex.add_edge(2, 3, 4);  // there: it gets the weight
                               }
                             },
                             {.peers = peers});
    CHECK(seen.values[0].neighbors == Neighbors{{1, 1}, {2, 1}, {3, 2.5f}});
    CHECK(seen.values[1].neighbors.empty());
    CHECK(seen.values[2].neighbors == Neighbors{{3, 4}});
    CHECK(seen.values[3].neighbors == Neighbors{{0, 1}});
    CHECK(seen.statistics.mutations == 4);
    CHECK(seen.exists == std::vector<std::uint8_t>(4, 1));
  }
}

TEST_CASE("removals come before additions, edges before vertices where removed and after them where added") {
  const Graph graph = make(4, square, true);
  for (const int peers : peer_counts) {
    const auto seen = change(graph,
                             [](auto& vertex) {
                               using Value = std::remove_cvref_t<decltype(vertex.value())>;
                               if (vertex.vertex() == 0) {  // asked for in the opposite order
                                 vertex.add_edge(4, 1);     // of a vertex that is only now added
                                 vertex.add_vertex(4, Value{.made = "anew"});
                                 vertex.add_edge(1, 3);  // after its removal and return: its old edge to 2 is gone
                                 vertex.add_vertex(1, Value{.made = "again"});
                                 vertex.remove_vertex(1);
                                 vertex.remove_edge(1, 2);  // while it is still there
                                 vertex.remove_vertex(2);
                               }
                             },
                             {.peers = peers, .extra_vertices = 3, .on_conflict = OnConflict::fail});
    CHECK(seen.exists == std::vector<std::uint8_t>{1, 1, 0, 1, 1, 0, 0});
    CHECK(seen.values.size() == 7);
    CHECK(seen.values[1].made == "again");
    CHECK(seen.values[1].neighbors == Neighbors{{3, 1}});
    CHECK(seen.values[4].made == "anew");
    CHECK(seen.values[4].neighbors == Neighbors{{1, 1}});
    CHECK(seen.values[2].neighbors.empty());
  }
}

TEST_CASE("of contradicting requests the least vertex's wins, or the run fails") {
  const Graph graph = make(4, square, true);
  using Value = std::string;
  const auto twice = [](auto& vertex) {
    using V = std::remove_cvref_t<decltype(vertex.value())>;
    if (vertex.vertex() == 0) return;
    vertex.add_vertex(5, V{.made = "by " + std::to_string(vertex.vertex())});
  };
  const auto weights = [](auto& vertex) { vertex.add_edge(2, 0, static_cast<float>(10 - vertex.vertex())); };
  const auto present = [](auto& vertex) { vertex.add_vertex(2); };
  const auto absent = [](auto& vertex) { vertex.remove_vertex(5), vertex.remove_edge(0, 3), vertex.add_edge(5, 1); };
  for (const int peers : peer_counts) {
    CHECK(change(graph, twice, {.peers = peers, .extra_vertices = 2}).values[5].made == Value("by 1"));
    CHECK(change(graph, weights, {.peers = peers}).values[2].neighbors == Neighbors{{0, 10}, {3, 1}});
    CHECK(change(graph, present, {.peers = peers}).values[2].made == "as given");
    const auto nothing = change(graph, absent, {.peers = peers, .extra_vertices = 2});
    CHECK(nothing.exists == std::vector<std::uint8_t>{1, 1, 1, 1, 0, 0});
    CHECK(nothing.values[0].neighbors == Neighbors{{1, 1}});
  }
  const auto fails = [&](auto act, Vertex extra) {
    return message_of(Errc::invalid_argument, [&] {
      change(graph, act,
             {.peers = 2, .division = Division::vertices, .extra_vertices = extra, .on_conflict = OnConflict::fail});
    });
  };
  CHECK(fails(twice, 2) == "graph: peer 1, superstep 0, vertex 5: it is to be added more than once");
  CHECK(fails(weights, 0) == "graph: peer 1, superstep 0, vertex 2: an edge is to be added with different weights");
  CHECK(fails(present, 0) == "graph: peer 1, superstep 0, vertex 2: it is to be added, but is there already");
  CHECK(fails(absent, 2) == "graph: peer 0, superstep 0, vertex 0: an edge to be removed is not there");
}

namespace {

struct Resolver {
  using Value = std::string;
  using Message = int;
  static constexpr bool mutates = true;
  void init(Context<Resolver>& vertex) { vertex.value() = "old"; }
  void compute(Context<Resolver>& vertex, std::span<const int>) {
    if (vertex.superstep() == 0) {
      vertex.add_vertex(1, std::to_string(vertex.vertex()));
      vertex.add_vertex(3, "n" + std::to_string(vertex.vertex()));
    }
    vertex.vote_to_halt();
  }
  std::string resolve(const graph::VertexConflict<std::string>& conflict) {
    std::string all = std::to_string(conflict.vertex) + ":" + (conflict.present ? *conflict.present : "none");
    for (const std::string& one : conflict.requested) all += "+" + one;
    return all;
  }
};

struct Sender {
  using Value = int;
  using Message = int;
  static constexpr bool mutates = true;
  void compute(Context<Sender>& vertex, std::span<const int> messages) {
    vertex.value() += static_cast<int>(messages.size());
    if (vertex.superstep() == 0 && vertex.vertex() == 1) vertex.remove_vertex(2), vertex.add_vertex(4);
    if (vertex.superstep() < 2) vertex.send_to_neighbors(1);
    if (vertex.superstep() == 0) vertex.send(4, 1);
    vertex.vote_to_halt();
  }
};

/// Vertex 0 gets an edge to vertex 4, which is added two supersteps later, and sends along this edge all the while.
struct Pointing {
  using Value = int;
  using Message = int;
  static constexpr bool mutates = true;
  void compute(Context<Pointing>& vertex, std::span<const int> messages) {
    vertex.value() += static_cast<int>(messages.size());
    if (vertex.vertex() != 0 || vertex.superstep() > 2) return vertex.vote_to_halt();
    if (vertex.superstep() == 0) vertex.remove_edge(0, 1), vertex.add_edge(0, 4);
    if (vertex.superstep() == 2) vertex.add_vertex(4);
    if (vertex.superstep() > 0) vertex.send_to_neighbors(1);
  }
};

/// Doubles itself until there is no room: new vertices are computed like others.
struct Growing {
  using Value = int;
  using Message = int;
  static constexpr bool mutates = true;
  void compute(Context<Growing>& vertex, std::span<const int> messages) {
    vertex.value() += static_cast<int>(messages.size());
    const Vertex child = vertex.vertex() + (1u << vertex.superstep());
    if (child >= vertex.vertices()) return vertex.vote_to_halt();
    vertex.add_vertex(child, 100);
    vertex.add_edge(child, vertex.vertex());
    vertex.send_to_neighbors(1);
    vertex.send(child, 1);
  }
};

}  // namespace

TEST_CASE("a program resolves its own conflicts") {
  for (const int peers : peer_counts) {
    const auto seen = run(Resolver{}, make(3, {}, true), {.peers = peers, .extra_vertices = 1});
    CHECK(seen.values == std::vector<std::string>{"old", "1:old+0+1+2", "old", "3:none+n0+n1+n2"});
  }
}

TEST_CASE("messages to vertices that are not there are dropped and counted, or end the run") {
  const Graph graph = make(4, square, true);
  for (const int peers : peer_counts) {
    const auto seen = run(Sender{}, graph, {.peers = peers, .extra_vertices = 1});
    CHECK(seen.statistics.dropped == 2);                    // from 1, in both supersteps
    CHECK(seen.values == std::vector<int>{2, 2, 0, 1, 4});  // the new vertex has got four
    CHECK(seen.exists == std::vector<std::uint8_t>{1, 1, 0, 1, 1});
  }
  CHECK(message_of(Errc::not_found, [&] {
          run(Sender{}, graph,
              {.peers = 2, .division = Division::vertices, .extra_vertices = 1, .on_missing = OnMissing::fail});
        }) == "graph: peer 1, superstep 0, vertex 2: a message came, but the vertex is not there");
}

TEST_CASE("an edge may lead to a vertex that is not there; messages along it go by on_missing") {
  const Graph graph = make(4, square, true);
  const auto run_pointing = [&](int peers, OnMissing on_missing) {
    return run(Pointing{}, graph,
               {.peers = peers,
                .division = Division::vertices,
                .extra_vertices = 1,
                .on_conflict = OnConflict::fail,
                .on_missing = on_missing});
  };
  for (const int peers : peer_counts) {
    const auto seen = run_pointing(peers, OnMissing::drop);
    CHECK(seen.values == std::vector<int>{0, 0, 0, 0, 1});
    CHECK(seen.statistics.dropped == 1);
    CHECK(seen.exists == std::vector<std::uint8_t>{1, 1, 1, 1, 1});
  }
  CHECK(message_of(Errc::not_found, [&] { run_pointing(2, OnMissing::fail); }) ==
        "graph: peer 1, superstep 1, vertex 4: a message came, but the vertex is not there");
}

TEST_CASE("new vertices are computed, get messages, and have edges") {
  for (const int peers : peer_counts)
    for (const Division division : {Division::edges, Division::hash}) {
      const auto seen =
          run(Growing{}, make(1, {}, true), {.peers = peers, .division = division, .extra_vertices = 255});
      CHECK(seen.exists == std::vector<std::uint8_t>(256, 1));
      CHECK(seen.statistics.mutations == 2 * 255);
      // Vertex v is born in superstep bit_width(v); it gets one message from its parent and one of each child's... each
      // superstep in which the child has offspring.
      CHECK(seen.values[128] == 101);
      CHECK(seen.values[255] == 101);
      CHECK(seen.statistics.dropped == 0);
    }
}

TEST_CASE("changes of vertices that cannot be are errors that name place and vertex") {
  const Graph graph = make(4, square, true);
  const auto wild = [](auto& vertex) {
    if (vertex.vertex() == 3) vertex.add_edge(0, 9);
  };
  CHECK(message_of(Errc::out_of_range, [&] { change(graph, wild, {.peers = 2, .division = Division::vertices}); }) ==
        "graph: peer 1, superstep 0, vertex 3: vertex 9 is not one of the 4");
  CHECK(message_of(Errc::out_of_range, [&] { change(graph, wild, {.extra_vertices = 0xffffffffu}); }) ==
        "graph::run: extra_vertices is 4294967295: a graph of 4 vertices may get 4294967290");
}
