#pragma once
/// Topology: which peers are neighbors, as a value.
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace scalar::inline v0::bsp {

/// A connected pair of peers of a custom topology.
using Edge = std::pair<int, int>;

/// The neighbors of every peer: a ring, line, tree, hypercube, grid, torus, complete or custom graph.
///
/// A value that every peer can make for itself or share: it describes a shape, not peers, and needs no engine. Links
/// have no direction, a peer is not its own neighbor, and two peers are neighbors once, even where a torus of extent 2
/// links them twice. Copying is cheap. Rings, lines and hypercubes are tori or grids, so coordinates and shifts work on
/// them too.
/// Errors: every function that takes a rank throws `Errc::out_of_range` for an invalid rank.
/// Thread safety: const members may be called from any thread.
class Topology {
 public:
  /// Links every peer to the next, and the last to the first.
  static Topology ring(int peers);
  /// Links every peer to the next.
  static Topology line(int peers);
  /// A tree filled level by level: the children of peer r are `arity * r + 1` to `arity * r + arity`.
  static Topology tree(int peers, int arity = 2);
  /// Peers whose ranks differ in one bit: the torus of `log2(peers)` extents of 2, dimension 0 being the highest bit.
  /// Errors: `Errc::invalid_argument` when `peers` is not a power of two.
  static Topology hypercube(int peers);
  /// `extents[0] x extents[1] x ...` peers, each linked with those one step away. The last coordinate changes fastest.
  static Topology grid(std::vector<int> extents);
  /// A grid whose opposite borders are linked.
  static Topology torus(std::vector<int> extents);
  /// Links every peer to every other.
  static Topology complete(int peers);
  /// Any links; a repeated link counts once. Errors: `Errc::out_of_range` for a link with an invalid rank,
  /// `Errc::invalid_argument` for a link of a peer with itself.
  static Topology graph(int peers, std::span<const Edge> links);

  /// "ring", "tree", ...
  std::string_view name() const noexcept { return name_; }
  /// The number of peers.
  int size() const noexcept { return size_; }
  /// The neighbors of a peer, ascending.
  std::vector<int> neighbors(int rank) const;
  /// The number of neighbors of a peer. Complexity: that of `neighbors`; constant for a complete topology.
  int degree(int rank) const;
  /// The number of links. Complexity: that of `degree` for every peer.
  std::int64_t links() const;

  /// The least number of links from one peer to another; -1 when they are not connected.
  /// Complexity: linear in the dimensions or the tree's height; for a custom graph, a search of the whole graph.
  int distance(int from, int to) const;
  /// The greatest distance; -1 when some peers are not connected. Complexity: constant, except for a custom graph,
  /// which is searched from every peer.
  int diameter() const;

  /// The extents of a grid, torus, ring, line or hypercube; empty for others.
  std::span<const int> extents() const noexcept { return extents_; }
  /// The place of a peer in a grid or torus, one number per extent. Errors: `Errc::unsupported` for other topologies.
  std::vector<int> coordinates(int rank) const;
  /// The peer at a place of a grid or torus. Errors: `Errc::unsupported` for other topologies, `Errc::shape_mismatch`
  /// for a wrong number of coordinates, `Errc::out_of_range` for a coordinate outside its extent.
  int rank_at(std::span<const int> coordinates) const;
  int rank_at(std::initializer_list<int> coordinates) const {
    return rank_at(std::span(coordinates.begin(), coordinates.size()));
  }
  /// The peer that is `steps` (of any sign) away along a dimension of a grid or torus; `nullopt` beyond a grid's
  /// border. On a torus that peer always exists, and is the peer itself when the extent divides `steps`.
  std::optional<int> shift(int rank, int dimension, int steps) const;

  /// This shape with its places reassigned to ranks: `nodes[rank]` is the place, as numbered by the factories, that
  /// `rank` takes. All members above use ranks. See `embed`.
  /// Errors: `Errc::invalid_argument` when `nodes` is not a permutation of `0 ... size() - 1`.
  Topology renumbered(std::vector<int> nodes) const;
  /// The place that a rank takes, and the rank that takes a place: the same numbers unless renumbered.
  int node_of(int rank) const;
  int rank_of(int node) const;

 private:
  enum class Shape : std::uint8_t { lattice, tree, complete, graph };
  struct Adjacency {  // the neighbors of node n are `nodes[begins[n]]` to before `nodes[begins[n + 1]]`
    std::vector<std::int64_t> begins;
    std::vector<int> nodes;
  };
  struct Numbers {
    std::vector<int> nodes, ranks;
  };
  Topology(std::string_view name, Shape shape, int peers);
  static Topology lattice(std::string_view name, std::vector<int> extents, bool wraps);

  void check(int rank) const;
  void check_lattice(std::string_view what) const;
  std::vector<int> places(int node) const;
  std::vector<int> adjacent(int node) const;
  std::vector<int> distances(int node) const;
  int tree_distance(int from, int to) const;
  int tree_diameter() const;

  std::string_view name_;
  Shape shape_;
  bool wraps_ = false;        // a torus
  int size_, arity_ = 0;      // of a tree
  std::vector<int> extents_;  // of a lattice
  std::shared_ptr<const Adjacency> graph_;
  std::shared_ptr<const Numbers> numbers_;  // null: ranks are nodes
};

}  // namespace scalar::inline v0::bsp
