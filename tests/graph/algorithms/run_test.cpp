#include "scalar/graph/run.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>

#include "graph/algorithms/checks.hpp"
#include "scalar/graph/algorithms/bfs.hpp"
#include "scalar/graph/generate.hpp"

using namespace scalar;
using namespace graph_test;
using graph::Context;
using graph::Division;
using graph::MasterContext;
using graph::MessagePath;
using graph::run;

namespace {

Graph ring(Vertex n) {
  std::vector<Edge> edges;
  for (Vertex v = 0; v < n; ++v) edges.push_back({v, (v + 1) % n});
  return make(n, edges, true);
}

/// Counts how often each vertex is computed; vertex 0 sends a token along the ring that everyone passes on.
struct Token {
  struct Value {
    int computed = 0;
    std::uint64_t woken_at = 0;
  };
  using Message = int;
  void compute(Context<Token>& vertex, std::span<const int> messages) {
    ++vertex.value().computed;
    vertex.vote_to_halt();
    if (vertex.superstep() == 0 && vertex.vertex() != 0) return;
    vertex.value().woken_at = vertex.superstep();
    for (const int hops : messages)
      if (hops > 0) vertex.send_to_neighbors(hops - 1);
    if (vertex.superstep() == 0) vertex.send_to_neighbors(2 * static_cast<int>(vertex.vertices()) - 1);
  }
};

/// Breadth-first distances, with a combiner.
struct Distance {
  using Value = std::int64_t;
  using Message = std::int64_t;
  static Message combine(Message a, Message b) { return (std::min)(a, b); }
  Vertex source = 0;

  void init(Context<Distance>& vertex) { vertex.value() = -1; }
  void compute(Context<Distance>& vertex, std::span<const Message> messages) {
    vertex.vote_to_halt();
    if (vertex.value() >= 0 || (messages.empty() && vertex.vertex() != source)) return;
    vertex.value() = messages.empty() ? 0 : messages.front();
    if (messages.size() > 1) vertex.value() = -1000;
    vertex.send_to_neighbors(vertex.value() + 1);
  }
};

/// Every vertex writes down what it gets, with and without a combiner.
struct Listener {
  using Value = std::vector<Vertex>;
  using Message = Vertex;
  bool one_by_one = false;
  void compute(Context<Listener>& vertex, std::span<const Message> messages) {
    if (vertex.superstep() == 2) vertex.value().assign(messages.begin(), messages.end());
    if (vertex.superstep() > 1) return vertex.vote_to_halt();
    if (!one_by_one) return vertex.send_to_neighbors(vertex.vertex());
    for (const Vertex to : vertex.neighbors()) vertex.send(to, vertex.vertex());
  }
};

template <bool Combined>
struct Adder {
  using Value = std::uint64_t;
  using Message = std::uint64_t;
  static Message combine(Message a, Message b)
    requires Combined
  {
    return a + b;
  }
  struct Aggregates {
    graph::Sum<std::uint64_t> sent;
    graph::Max<std::uint64_t> greatest;
  };
  bool one_by_one = false;
  void compute(Context<Adder>& vertex, std::span<const Message> messages) {
    for (const Message m : messages) vertex.value() = vertex.value() * 3 + m;
    if (Combined && messages.size() > 1) vertex.value() = 0;
    if (vertex.superstep() == 4) return vertex.vote_to_halt();
    if ((vertex.vertex() + vertex.superstep()) % 3 == 0) return;  // some are silent
    const Message m = vertex.vertex() * 7919 + vertex.superstep() + 1;
    vertex.aggregate().sent.add(m * vertex.degree());
    vertex.aggregate().greatest.add(m);
    if (!one_by_one) return vertex.send_to_neighbors(m);
    for (const Vertex to : vertex.neighbors()) vertex.send(to, m);
  }
};

}  // namespace

TEST_CASE("a vertex that voted to halt sleeps until a message wakes it") {
  for (const Vertex n : {1u, 2u, 7u, 130u}) {
    const Graph graph = ring(n);
    for (const int peers : peer_counts)
      for (const Division division : {Division::edges, Division::vertices, Division::hash}) {
        INFO(n << " vertices, " << peers << " peers");
        const auto seen = run(Token{}, graph, {.peers = peers, .division = division});
        for (Vertex v = 0; v < n; ++v) {
          REQUIRE(seen.values[v].computed == 3);  // in superstep 0, and for two tokens
          REQUIRE(seen.values[v].woken_at == (v == 0 ? 2 * n : n + v));
        }
        CHECK(seen.statistics.supersteps == 2 * n + 1);
        CHECK(seen.statistics.computed == 3 * n);
        CHECK(seen.statistics.messages == 2 * n);
        CHECK(seen.statistics.halted);
      }
  }
}

TEST_CASE("a run ends after max_supersteps, and says so") {
  const Graph graph = ring(10);
  const auto seen = run(Token{}, graph, {.peers = 2, .max_supersteps = 4});
  CHECK(seen.statistics.supersteps == 4);
  CHECK_FALSE(seen.statistics.halted);
  CHECK(seen.values[3].computed == 2);
  CHECK(seen.values[4].computed == 1);
  CHECK(run(Token{}, graph, {.max_supersteps = 0}).values[0].computed == 0);
}

TEST_CASE("distances agree with bfs, whatever way the messages take") {
  for (const bool directed : {false, true}) {
    const Graph graph = graph::kronecker({.scale = 9, .edge_factor = 4, .build = {.directed = directed}});
    const auto source = static_cast<Vertex>(graph.edges() / 40 % graph.vertices());
    const auto first = run(Distance{source}, graph, {.peers = 1, .path = MessagePath::sparse});
    // Oracle: a plain queue.
    std::vector<std::int64_t> expected(graph.vertices(), -1);
    std::vector<Vertex> queue{source};
    expected[source] = 0;
    for (std::size_t at = 0; at < queue.size(); ++at)
      for (const Vertex u : graph.out(queue[at]))
        if (expected[u] < 0) expected[u] = expected[queue[at]] + 1, queue.push_back(u);
    for (const int peers : peer_counts)
      for (const MessagePath path :
           {MessagePath::automatic, MessagePath::sparse, MessagePath::dense, MessagePath::pull}) {
        INFO(peers << " peers, path " << static_cast<int>(path));
        const auto seen = run(Distance{source}, graph, {.peers = peers, .path = path});
        CHECK(seen.values == expected);
        CHECK(seen.statistics.supersteps == first.statistics.supersteps);
        CHECK(seen.statistics.messages == first.statistics.messages);
        CHECK(seen.statistics.computed == first.statistics.computed);
      }
    CHECK(run(Distance{source}, graph, {.peers = 3, .division = Division::hash}).values == expected);
  }
}

TEST_CASE("messages are pulled while most edges carry them, and mailed when few do") {
  const Graph graph = graph::kronecker({.scale = 10, .edge_factor = 8});
  const auto pulled = [&](auto program, graph::RunOptions options) {
    return run(program, graph, options).statistics.pulled;
  };
  CHECK(pulled(Adder<true>{}, {.peers = 2}) == 4);  // all in which something is sent
  CHECK(pulled(Adder<false>{}, {.peers = 2}) == 4);
  CHECK(pulled(Adder<true>{}, {.peers = 2, .path = MessagePath::pull}) == 4);
  CHECK(pulled(Adder<true>{}, {.peers = 2, .path = MessagePath::dense}) == 0);
  CHECK(pulled(Adder<true>{}, {.peers = 2, .path = MessagePath::sparse}) == 0);
  CHECK(pulled(Adder<true>{}, {.peers = 2, .division = Division::hash}) == 0);
  CHECK(pulled(Adder<true>{.one_by_one = true}, {.peers = 2}) == 0);
  CHECK(run(Token{}, ring(200), {.peers = 2}).statistics.pulled == 1);  // only the first, before anything is known
}

TEST_CASE("all paths give the same messages and aggregates") {
  for (const bool directed : {false, true}) {
    const Graph graph = graph::uniform({.vertices = 300, .edges = 900, .build = {.directed = directed}});
    const auto combined = run(Adder<true>{}, graph, {.peers = 1, .path = MessagePath::sparse});
    const auto listed = run(Adder<false>{}, graph, {.peers = 1, .path = MessagePath::sparse});
    CHECK(combined.aggregates.sent.value() == listed.aggregates.sent.value());
    for (const int peers : peer_counts)
      for (const bool one_by_one : {false, true})
        for (const MessagePath path :
             {MessagePath::automatic, MessagePath::sparse, MessagePath::dense, MessagePath::pull}) {
          INFO(peers << " peers, path " << static_cast<int>(path) << ", one by one " << one_by_one);
          const auto seen = run(Adder<true>{one_by_one}, graph, {.peers = peers, .path = path});
          CHECK(seen.values == combined.values);
          CHECK(seen.statistics.messages == combined.statistics.messages);
          // Without a combiner the messages come in the order of their senders.
          CHECK(run(Adder<false>{one_by_one}, graph, {.peers = peers, .path = path}).values == listed.values);
        }
  }
}

TEST_CASE("messages come from exactly the in-neighbors, in their order") {
  const Graph graph = make(
      100,
      [] {
        std::vector<Edge> edges;
        for (Vertex v = 0; v < 100; ++v)
          edges.push_back({v, v * v % 97}), edges.push_back({v, v / 2}), edges.push_back({3, v});
        return edges;
      }(),
      true);
  for (const int peers : peer_counts)
    for (const bool one_by_one : {false, true}) {
      const auto seen = run(Listener{one_by_one}, graph, {.peers = peers});
      for (Vertex v = 0; v < 100; ++v) REQUIRE(std::ranges::equal(seen.values[v], graph.in(v)));
    }
}

namespace {

/// Everything an aggregator can be: what was added in superstep s is seen in s + 1, and only then.
struct Statistician {
  using Value = int;
  using Message = int;
  struct Aggregates {
    graph::Sum<std::int64_t> sum;
    graph::Min<int> least;
    graph::Max<double> greatest;
    graph::Average mean;
    graph::All all;
    graph::Any any;
  };
  void compute(Context<Statistician>& vertex, std::span<const int>) {
    const auto n = static_cast<std::int64_t>(vertex.vertices());
    const auto s = static_cast<std::int64_t>(vertex.superstep());
    const auto& seen = vertex.aggregated();
    bool right = true;
    if (s == 0) {
      right = seen.sum.value() == 0 && seen.least.value() == std::numeric_limits<int>::max() &&
              seen.greatest.value() == -std::numeric_limits<double>::infinity() && seen.mean.value() == 0 &&
              seen.all.value() && !seen.any.value();
    } else {
      const std::int64_t b = 10 * (s - 1);
      right = seen.sum.value() == n * (n - 1) / 2 + n * b && seen.least.value() == b &&
              seen.greatest.value() == static_cast<double>(b + n - 1) &&
              std::fabs(seen.mean.value() - (static_cast<double>(n - 1) / 2 + static_cast<double>(b))) < 1e-9 &&
              seen.all.value() == (s != 2) && seen.any.value() == (s == 2);
    }
    vertex.value() += right;
    const int x = static_cast<int>(vertex.vertex() + 10 * s);
    vertex.aggregate().sum.add(x);
    vertex.aggregate().least.add(x);
    vertex.aggregate().greatest.add(x);
    vertex.aggregate().mean.add(x);
    vertex.aggregate().all.add(!(s == 1 && vertex.vertex() == 5));
    vertex.aggregate().any.add(s == 1 && vertex.vertex() == 5);
    if (s == 3) vertex.vote_to_halt();
  }
};

/// The master counts its calls, hands out numbers, wakes the sleepers once, and ends the run.
struct Led {
  using Value = std::vector<std::int64_t>;
  using Message = int;
  struct Aggregates {
    graph::Sum<std::int64_t> value;
  };
  std::atomic<int>* calls = nullptr;
  int own_calls = 0;

  void compute(Context<Led>& vertex, std::span<const int>) {
    vertex.value().push_back(vertex.aggregated().value.value());
    vertex.aggregate().value.add(1);
    vertex.vote_to_halt();
  }
  void master(MasterContext<Led>& master) {
    ++*calls;
    if (master.superstep() != static_cast<std::uint64_t>(own_calls++))
      throw Error(Errc::internal, "not once a superstep");
    if (master.awake() != 0 || master.messages() != 0) throw Error(Errc::internal, "somebody is awake");
    master.aggregated().value.total *= 100;
    if (master.superstep() < 2) master.wake_all();
  }
};

struct Halted {
  using Value = int;
  using Message = int;
  void compute(Context<Halted>& vertex, std::span<const int>) {
    ++vertex.value();
    vertex.send_to_neighbors(1);
  }
  void master(MasterContext<Halted>& master) {
    if (master.superstep() == 6) master.halt();
  }
};

}  // namespace

TEST_CASE("aggregates of a superstep are seen in the next") {
  const Graph graph = make(41, {}, true);
  for (const int peers : peer_counts) {
    const auto seen = run(Statistician{}, graph, {.peers = peers});
    CHECK(seen.values == std::vector<int>(41, 4));
    CHECK(seen.aggregates.sum.value() == 41 * 40 / 2 + 41 * 30);
  }
}

TEST_CASE("the master hook runs once a superstep, changes aggregates, wakes and halts") {
  for (const int peers : peer_counts) {
    std::atomic<int> calls{0};
    const auto seen = run(Led{.calls = &calls}, make(33, {}, true), {.peers = peers});
    CHECK(calls == 3);
    CHECK(seen.statistics.supersteps == 3);
    for (const auto& values : seen.values) REQUIRE(values == std::vector<std::int64_t>{0, 3300, 3300});
    const auto halted = run(Halted{}, ring(20), {.peers = peers});
    CHECK(halted.values == std::vector<int>(20, 7));
    CHECK(halted.statistics.halted);
  }
}

namespace {

struct Wild {
  using Value = int;
  using Message = int;
  Vertex at = 0, to = 0;
  void compute(Context<Wild>& vertex, std::span<const int>) {
    if (vertex.superstep() == 3) vertex.vote_to_halt();
    if (vertex.superstep() == 2 && vertex.vertex() == at) vertex.send(to, 1);
  }
};
struct Thrower {
  using Value = int;
  using Message = int;
  void compute(Context<Thrower>& vertex, std::span<const int>) {
    if (vertex.superstep() == 1 && vertex.vertex() % 10 == 7) throw Error(Errc::failed, "vertex has had enough");
  }
};

}  // namespace

TEST_CASE("a message to a vertex that is none ends the run, naming peer, superstep and vertex") {
  const Graph graph = ring(20);
  for (const Vertex to : {20u, 21u, 0xffffffffu}) {
    const std::string text = message_of(Errc::out_of_range, [&] {
      run(Wild{.at = 13, .to = to}, graph, {.peers = 4, .division = Division::vertices});
    });
    CHECK(text == "graph: peer 2, superstep 2, vertex 13: vertex " + std::to_string(to) + " is not one of the 20");
  }
  CHECK(run(Wild{.at = 13, .to = 19}, graph, {.peers = 4}).statistics.messages == 1);
  CHECK(message_of(Errc::failed, [&] { run(Thrower{}, graph, {.peers = 4}); }) == "vertex has had enough");
  CHECK(message_of(Errc::invalid_argument, [&] { run(Wild{}, graph, {.peers = -1}); }) ==
        "graph::run: peers is -1, expected 0 or more");
  CHECK(message_of(Errc::invalid_argument, [&] { run(Wild{}, graph, {.extra_vertices = 1}); }) ==
        "graph::run: extra_vertices is for programs that say `mutates = true`");
  CHECK(message_of(Errc::invalid_argument, [&] {
          run(Wild{}, graph, {.division = Division::hash, .gather = graph::Gather::own});
        }) == "graph::run: Gather::own needs a division in ranges");
}

TEST_CASE("empty graphs and more peers than vertices") {
  for (const int peers : peer_counts) {
    const auto none = run(Token{}, Graph(), {.peers = peers});
    CHECK(none.values.empty());
    CHECK(none.statistics.halted);
    CHECK(none.statistics.supersteps == 1);
    CHECK(run(Token{}, Graph(), {.peers = peers, .division = Division::hash}).values.empty());
    CHECK(run(Distance{}, make(1, {}, true), {.peers = peers}).values == std::vector<std::int64_t>{0});
  }
}

TEST_CASE("a program of peers runs vertex programs among its own supersteps") {
  const Graph graph = graph::uniform({.vertices = 200, .edges = 800});
  const auto expected = run(Distance{5}, graph, {.peers = 1}).values;
  const bsp::Engine engine({.peers = 5});
  for (const auto gather : {graph::Gather::root, graph::Gather::everyone, graph::Gather::own}) {
    auto body = [&](bsp::Peer& peer) -> bsp::Task<std::vector<std::int64_t>> {
      auto box = peer.mailbox<int>();
      const Distance program{5};
      auto first = co_await run(peer, program, graph, {.gather = gather});
      box.send(peer.right(), peer.rank());
      co_await peer.sync();
      const bool right = box.received(peer.left()).size() == 1 && box.received(peer.left())[0] == peer.left();
      const auto second = co_await run(peer, program, graph, {.division = Division::vertices, .gather = gather});
      if (gather != graph::Gather::own && second.values != first.values) first.values.clear();
      if (!right || !second.statistics.halted) first.values.clear();
      co_return std::move(first.values);
    };
    const auto all = engine.run_all(body);
    std::vector<std::int64_t> joined;
    for (const auto& values : all) joined.insert(joined.end(), values.begin(), values.end());
    if (gather == graph::Gather::everyone)
      for (const auto& values : all) CHECK(values == expected);
    else
      CHECK(joined == expected);
  }
}

/// In every superstep of its own parity a vertex sends twice, in the others nothing: as many messages as there are
/// edges, but not one along each.
struct TwiceByTurns {
  using Value = std::vector<std::uint32_t>;
  using Message = std::uint32_t;
  bool by_turns = true;
  void compute(graph::Context<TwiceByTurns>& vertex, std::span<const std::uint32_t> messages) {
    for (const std::uint32_t message : messages) vertex.value().push_back(message);
    vertex.value().push_back(1000);
    const auto number = static_cast<std::uint32_t>(vertex.vertex());
    const int times = !by_turns ? 1 : (number + vertex.superstep()) % 2 == 0 ? 2 : 0;
    for (int i = 0; i < times && vertex.superstep() < 4; ++i) vertex.send_to_neighbors(number);
    if (vertex.superstep() == 4) vertex.vote_to_halt();
  }
};

TEST_CASE("messages that are read where they were published are those that travel") {
  const graph::Graph graph = graph::cycle(150);
  for (const bool by_turns : {true, false}) {
    const TwiceByTurns program{by_turns};
    const auto pulled = run(program, graph, {.peers = 3, .path = MessagePath::pull});
    CHECK(pulled.statistics.messages == 4 * 300);
    CHECK(pulled.statistics.pulled == 4);
    for (std::size_t v = 0; v < 150; ++v) {
      std::vector<std::uint32_t> expected{1000};
      for (std::size_t step = 0; step < 4; ++step) {
        std::vector<std::uint32_t> from{static_cast<std::uint32_t>((v + 149) % 150),
                                        static_cast<std::uint32_t>((v + 1) % 150)};
        std::sort(from.begin(), from.end());
        const auto send = [&] {
          for (const std::uint32_t u : from)
            if (!by_turns || (u + step) % 2 == 0) expected.push_back(u);
        };
        send();
        if (by_turns) send();
        expected.push_back(1000);
      }
      CHECK(pulled.values[v] == expected);
    }
  }
}
