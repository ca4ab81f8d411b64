#include "scalar/graph/algorithms/strongly_connected_components.hpp"

#include <algorithm>
#include <functional>

#include "graph/algorithms/per_vertex.hpp"

namespace scalar::inline v0::graph {
namespace {

/// A bijective mix of 32 bits (Wellons, hash-prospector): priorities without ties.
constexpr std::uint32_t mixed(std::uint32_t x) noexcept {
  x = (x ^ x >> 16) * 0x7feb352du;
  x = (x ^ x >> 15) * 0x846ca68bu;
  return x ^ x >> 16;
}

/// A vertex with its priority, which spreads along edges.
struct Color {
  std::uint32_t priority = 0;
  Vertex vertex = 0;

  friend bool operator==(const Color&, const Color&) = default;
  bool operator<(const Color& other) const noexcept { return priority < other.priority; }
};
struct Painted {
  Vertex to = 0;
  Color color{};
};
/// A message: the component of a neighbor of `to` is decided.
struct Loss {
  Vertex to = 0;
  bool is_source = false;  // the neighbor has an edge to `to`; false: an edge from it
};

/// One peer's vertices. Work among them is done at once; only messages to other peers wait for a barrier.
struct Part {
  Part(bsp::Peer& peer, const Graph& of)
      : graph(of),
        owners(Partition::edge_balanced(of, peer.size())),
        share(share_of(owners, peer.rank())),
        root(share.size(), no_vertex),
        color(share.size()),
        sources(share.size()),
        targets(share.size()),
        painted(peer.mailbox<Painted>()),
        losses(peer.mailbox<Loss>()) {
    for (std::size_t v = share.begin; v < share.end; ++v) {
      sources[v - share.begin] = of.in_degree(static_cast<Vertex>(v));
      targets[v - share.begin] = of.out_degree(static_cast<Vertex>(v));
      open.push_back(static_cast<Vertex>(v));
    }
  }
  bool owns(Vertex v) const noexcept { return v >= share.begin && v < share.end; }
  std::size_t at(Vertex v) const noexcept { return v - share.begin; }

  /// Decides that `v` belongs to the component of `of`. Vertices that lose their last in-neighbor or out-neighbor by
  /// that become components of their own.
  void decide(Vertex v, Vertex of) {
    root[at(v)] = of;
    stack.push_back(v);
    while (!stack.empty()) {
      const Vertex from = stack.back();
      stack.pop_back();
      for (const Vertex u : graph.out(from)) lose(u, true);
      for (const Vertex u : graph.in(from)) lose(u, false);
    }
  }
  void lose(Vertex to, bool is_source) {
    if (!owns(to)) return sends = true, losses.send(owners.owner(to), Loss{to, is_source});
    const std::size_t i = at(to);
    const std::int64_t left = is_source ? --sources[i] : --targets[i];
    if (left == 0 && root[i] == no_vertex) root[i] = to, stack.push_back(to);
  }
  void trim_lonely() {
    sends = false;
    for (const Vertex v : open)
      if (root[at(v)] == no_vertex && (sources[at(v)] == 0 || targets[at(v)] == 0)) decide(v, v);
  }
  void trim_received() {
    sends = false;
    for (const auto& run : losses.runs())
      for (const Loss& loss : run.values) {
        lose(loss.to, loss.is_source);
        if (!stack.empty()) {
          const Vertex v = stack.back();
          stack.pop_back();
          decide(v, v);
        }
      }
  }

  void start_colors() {
    std::erase_if(open, [&](Vertex v) { return root[at(v)] != no_vertex; });
    todo.clear();
    for (const Vertex v : open) {
      color[at(v)] = {mixed(v), v};
      todo.push_back({v, color[at(v)]});
    }
  }
  void take_colors() {
    todo.clear();
    for (const auto& run : painted.runs())
      for (const Painted& paint : run.values)
        if (root[at(paint.to)] == no_vertex && color[at(paint.to)] < paint.color) todo.push_back(paint);
  }
  /// Spreads the colors in `todo` along edges, the greatest first, so that each vertex gets a color about once.
  void spread() {
    sends = false;
    std::sort(todo.begin(), todo.end(), [](const Painted& a, const Painted& b) { return b.color < a.color; });
    for (const Painted& paint : todo) {
      if (paint.color < color[at(paint.to)]) continue;
      color[at(paint.to)] = paint.color;
      stack.push_back(paint.to);
      while (!stack.empty()) {
        const Vertex from = stack.back();
        stack.pop_back();
        for (const Vertex u : graph.out(from)) {
          if (!owns(u)) {
            sends = true;
            painted.send(owners.owner(u), Painted{u, paint.color});
          } else if (root[at(u)] == no_vertex && color[at(u)] < paint.color) {
            color[at(u)] = paint.color;
            stack.push_back(u);
          }
        }
      }
    }
  }

  void start_collecting() {
    todo.clear();
    for (const Vertex v : open)
      if (color[at(v)].vertex == v) todo.push_back({v, color[at(v)]});
    found.clear();
  }
  void take_collected() {
    todo.clear();
    for (const auto& run : painted.runs()) todo.insert(todo.end(), run.values.begin(), run.values.end());
  }
  /// Searches backward along edges, from the vertices in `todo`, for vertices of the same color: they form a component.
  void collect() {
    sends = false;
    const auto visit = [&](Vertex v, const Color& wanted) {
      if (root[at(v)] != no_vertex || color[at(v)] != wanted) return;
      root[at(v)] = wanted.vertex;
      found.push_back(v);
      stack.push_back(v);
    };
    for (const Painted& paint : todo) {
      visit(paint.to, paint.color);
      while (!stack.empty()) {
        const Vertex from = stack.back();
        stack.pop_back();
        for (const Vertex u : graph.in(from)) {
          if (owns(u))
            visit(u, paint.color);
          else
            sends = true, painted.send(owners.owner(u), Painted{u, paint.color});
        }
      }
    }
  }
  void release_found() {
    sends = false;
    for (const Vertex v : found) decide(v, root[at(v)]);
    found.clear();
  }

  const Graph& graph;
  const Partition owners;
  const Range share;
  std::vector<Vertex> root;  // by place in the share: the vertex that stands for the component
  std::vector<Color> color;
  std::vector<std::int64_t> sources, targets;  // edges from and to vertices that are not decided
  std::vector<Vertex> open{}, found{}, stack{};
  std::vector<Painted> todo{};
  bsp::Mailbox<Painted> painted;
  bsp::Mailbox<Loss> losses;
  bool sends = false;  // whether this superstep sent a message to another peer
};

// g++ 12 miscompiles a co_await in the condition of a loop, so conditions are variables.
auto any(bsp::Peer& peer, bool own) { return all_reduce(peer, own, std::logical_or{}); }

bsp::Task<> trim(bsp::Peer& peer, Part& part) {
  for (;;) {
    const bool goes_on = co_await any(peer, part.sends);
    if (!goes_on) break;
    part.trim_received();
  }
}

/// Replaces every root by the smallest vertex of its component; returns the number of components.
bsp::Task<std::int64_t> name_by_least(bsp::Peer& peer, Part& part, Vertex* labels) {
  struct Member {
    Vertex root = 0, vertex = 0;
  };
  auto members = peer.mailbox<Member>();
  const auto send_members = [&] {
    for (std::size_t i = 0; i < part.root.size(); ++i)
      members.send(part.owners.owner(part.root[i]), {part.root[i], static_cast<Vertex>(part.share.begin + i)});
  };
  const auto answer = [&] {
    std::vector<Vertex>& least = part.open;
    least.assign(part.share.size(), no_vertex);
    for (const auto& run : members.runs())
      for (const Member& member : run.values)
        least[part.at(member.root)] = (std::min)(least[part.at(member.root)], member.vertex);
    for (const auto& run : members.runs())
      for (const Member& member : run.values)
        members.send(part.owners.owner(member.vertex), {least[part.at(member.root)], member.vertex});
    return static_cast<std::int64_t>(least.size()) - std::count(least.begin(), least.end(), no_vertex);
  };
  send_members();
  co_await peer.sync();
  const std::int64_t own = answer();
  const std::int64_t all = co_await all_reduce(peer, own, std::plus{});
  for (const auto& run : members.runs())
    for (const Member& member : run.values) labels[part.at(member.vertex)] = member.root;
  co_return all;
}

bsp::Task<std::int64_t> compute(bsp::Peer& peer, const Graph& graph, Vertex* labels) {
  Part part(peer, graph);
  part.trim_lonely();
  for (;;) {
    co_await trim(peer, part);
    part.start_colors();
    bool goes_on = co_await any(peer, !part.open.empty());
    if (!goes_on) break;
    while (goes_on) {
      part.spread();
      goes_on = co_await any(peer, part.sends);
      if (goes_on) part.take_colors();
    }
    part.start_collecting();
    do {
      part.collect();
      goes_on = co_await any(peer, part.sends);
      if (goes_on) part.take_collected();
    } while (goes_on);
    part.release_found();
  }
  co_return co_await name_by_least(peer, part, labels);
}

}  // namespace

Components strongly_connected_components(const Graph& graph, const ComponentsOptions& options, const Runtime& runtime) {
  if (!graph.is_directed()) return connected_components(graph, options, runtime);
  const int peers = peers_for(options.peers, runtime, "strongly_connected_components");
  Components result{.labels = std::vector<Vertex>(graph.vertices())};
  const bsp::Engine engine({.peers = peers}, runtime);
  const Partition owners = Partition::edge_balanced(graph, peers);
  result.count = engine.run(
      [&](bsp::Peer& peer) { return compute(peer, graph, result.labels.data() + owners.first(peer.rank())); });
  return result;
}

bsp::Task<Components> strongly_connected_components(bsp::Peer& peer, const Graph& graph) {
  if (!graph.is_directed()) {
    Components own = co_await connected_components(peer, graph);
    co_return own;
  }
  const Range share = share_of(Partition::edge_balanced(graph, peer.size()), peer.rank());
  std::vector<Vertex> labels(share.size());
  const std::int64_t count = co_await compute(peer, graph, labels.data());
  co_return Components{.first = static_cast<Vertex>(share.begin), .labels = std::move(labels), .count = count};
}

}  // namespace scalar::inline v0::graph
