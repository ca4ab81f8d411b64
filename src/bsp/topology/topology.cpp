#include "scalar/bsp/topology/topology.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp {
namespace {

template <class... Arguments>
[[noreturn]] void refuse(Errc code, std::string_view topology, fmt::format_string<Arguments...> format,
                         Arguments&&... arguments) {
  fail(code, fmt::format("bsp::Topology::{}", topology), format, std::forward<Arguments>(arguments)...);
}

std::string text_of(std::span<const int> numbers) {
  std::string text = "{";
  for (const int number : numbers) text += fmt::format("{}{}", text.size() > 1 ? ", " : "", number);
  return text + "}";
}

int product_of(std::string_view name, std::span<const int> extents) {
  if (extents.empty()) refuse(Errc::invalid_argument, name, "no extents were given, at least one is expected");
  std::int64_t product = 1;
  for (const int extent : extents) {
    if (extent < 1) refuse(Errc::invalid_argument, name, "an extent is at least 1, got {}", text_of(extents));
    product *= extent;
    if (product > std::numeric_limits<int>::max())
      refuse(Errc::too_large, name, "the extents {} multiply to more than an int holds", text_of(extents));
  }
  return static_cast<int>(product);
}

std::size_t at(int index) { return static_cast<std::size_t>(index); }

}  // namespace

Topology::Topology(std::string_view name, Shape shape, int peers) : name_(name), shape_(shape), size_(peers) {
  if (peers < 1) refuse(Errc::invalid_argument, name, "at least 1 peer is needed, got {}", peers);
}

Topology Topology::lattice(std::string_view name, std::vector<int> extents, bool wraps) {
  Topology made(name, Shape::lattice, product_of(name, extents));
  made.wraps_ = wraps;
  made.extents_ = std::move(extents);
  return made;
}

Topology Topology::ring(int peers) { return lattice("ring", {peers}, true); }
Topology Topology::line(int peers) { return lattice("line", {peers}, false); }
Topology Topology::grid(std::vector<int> extents) { return lattice("grid", std::move(extents), false); }
Topology Topology::torus(std::vector<int> extents) { return lattice("torus", std::move(extents), true); }
Topology Topology::complete(int peers) { return Topology("complete", Shape::complete, peers); }

Topology Topology::tree(int peers, int arity) {
  Topology made("tree", Shape::tree, peers);
  if (arity < 1) refuse(Errc::invalid_argument, "tree", "the arity is at least 1, got {}", arity);
  made.arity_ = arity;
  return made;
}

Topology Topology::hypercube(int peers) {
  if (peers < 1 || (peers & (peers - 1)) != 0)
    refuse(Errc::invalid_argument, "hypercube", "the peers are a power of two, got {}", peers);
  std::vector<int> extents;
  for (int rest = peers; rest > 1; rest /= 2) extents.push_back(2);
  if (extents.empty()) extents.push_back(1);
  return lattice("hypercube", std::move(extents), true);
}

Topology Topology::graph(int peers, std::span<const Edge> links) {
  Topology made("graph", Shape::graph, peers);
  std::vector<Edge> both;
  both.reserve(2 * links.size());
  for (std::size_t i = 0; i < links.size(); ++i) {
    const auto [a, b] = links[i];
    if (std::min(a, b) < 0 || std::max(a, b) >= peers)
      refuse(Errc::out_of_range, "graph", "link {} joins {} and {}, but there are {} peers, from 0", i, a, b, peers);
    if (a == b)
      refuse(Errc::invalid_argument, "graph", "link {} joins {} and {}, but a peer is not its own neighbor", i, a, b);
    both.emplace_back(a, b), both.emplace_back(b, a);
  }
  std::sort(both.begin(), both.end());
  both.erase(std::unique(both.begin(), both.end()), both.end());
  Adjacency graph{std::vector<std::int64_t>(at(peers) + 1), std::vector<int>(both.size())};
  for (std::size_t i = 0; i < both.size(); ++i) {
    ++graph.begins[at(both[i].first) + 1];
    graph.nodes[i] = both[i].second;
  }
  for (std::size_t node = 0; node < at(peers); ++node) graph.begins[node + 1] += graph.begins[node];
  made.graph_ = std::make_shared<const Adjacency>(std::move(graph));
  return made;
}

void Topology::check(int rank) const {
  if (rank < 0 || rank >= size_)
    refuse(Errc::out_of_range, name_, "rank {} does not exist, there are {} peers, from 0", rank, size_);
}

void Topology::check_lattice(std::string_view what) const {
  if (shape_ != Shape::lattice)
    refuse(Errc::unsupported, name_, "{} exist on grids and tori (rings, lines, hypercubes) only", what);
}

int Topology::node_of(int rank) const {
  check(rank);
  return numbers_ ? numbers_->nodes[at(rank)] : rank;
}

int Topology::rank_of(int node) const {
  check(node);
  return numbers_ ? numbers_->ranks[at(node)] : node;
}

Topology Topology::renumbered(std::vector<int> nodes) const {
  std::vector<int> ranks(at(size_), -1);
  if (nodes.size() != ranks.size())
    refuse(Errc::invalid_argument, name_, "places for ranks are a permutation of 0 to size - 1, got {} for {} ranks",
           nodes.size(), size_);
  for (std::size_t rank = 0; rank < nodes.size(); ++rank) {
    const int node = nodes[rank];
    if (node < 0 || node >= size_ || ranks[at(node)] >= 0)
      refuse(Errc::invalid_argument, name_, "places for ranks are a permutation of 0 to size - 1, got {}{} for rank {}",
             node, node < 0 || node >= size_ ? "" : " again", rank);
    ranks[at(node)] = static_cast<int>(rank);
  }
  Topology made = *this;
  made.numbers_ = std::make_shared<const Numbers>(Numbers{std::move(nodes), std::move(ranks)});
  return made;
}

std::vector<int> Topology::places(int node) const {
  std::vector<int> all(extents_.size());
  for (std::size_t d = extents_.size(); d-- > 0; node /= extents_[d]) all[d] = node % extents_[d];
  return all;
}

std::vector<int> Topology::coordinates(int rank) const {
  check_lattice("coordinates");
  return places(node_of(rank));
}

int Topology::rank_at(std::span<const int> coordinates) const {
  check_lattice("coordinates");
  if (coordinates.size() != extents_.size())
    refuse(Errc::shape_mismatch, name_, "the coordinates {} do not fit the extents {}", text_of(coordinates),
           text_of(extents_));
  int node = 0;
  for (std::size_t d = 0; d < extents_.size(); ++d) {
    if (coordinates[d] < 0 || coordinates[d] >= extents_[d])
      refuse(Errc::out_of_range, name_, "the coordinates {} lie outside the extents {}", text_of(coordinates),
             text_of(extents_));
    node = node * extents_[d] + coordinates[d];
  }
  return rank_of(node);
}

std::optional<int> Topology::shift(int rank, int dimension, int steps) const {
  check_lattice("shifts");
  if (dimension < 0 || at(dimension) >= extents_.size())
    refuse(Errc::out_of_range, name_, "dimension {} does not exist, the extents are {}", dimension, text_of(extents_));
  std::vector<int> place = coordinates(rank);
  const std::int64_t extent = extents_[at(dimension)];
  std::int64_t to = std::int64_t{place[at(dimension)]} + steps;
  if (wraps_) to = (to % extent + extent) % extent;
  if (to < 0 || to >= extent) return std::nullopt;
  place[at(dimension)] = static_cast<int>(to);
  return rank_at(place);
}

std::vector<int> Topology::adjacent(int node) const {
  std::vector<int> found;
  switch (shape_) {
    case Shape::lattice:
      for (std::size_t d = extents_.size(), stride = 1; d-- > 0; stride *= at(extents_[d])) {
        const int extent = extents_[d], place = static_cast<int>(at(node) / stride) % extent;
        for (const int step : {-1, 1}) {
          const int to = wraps_ ? (place + step + extent) % extent : place + step;
          if (to >= 0 && to < extent && to != place) found.push_back(node + (to - place) * static_cast<int>(stride));
        }
      }
      break;
    case Shape::tree: {
      if (node > 0) found.push_back((node - 1) / arity_);
      const std::int64_t first = std::int64_t{arity_} * node + 1;
      for (std::int64_t child = first; child < std::min<std::int64_t>(first + arity_, size_); ++child)
        found.push_back(static_cast<int>(child));
      break;
    }
    case Shape::complete:
      for (int other = 0; other < size_; ++other)
        if (other != node) found.push_back(other);
      break;
    case Shape::graph:
      found.assign(graph_->nodes.begin() + graph_->begins[at(node)],
                   graph_->nodes.begin() + graph_->begins[at(node) + 1]);
      break;
  }
  return found;
}

std::vector<int> Topology::neighbors(int rank) const {
  std::vector<int> found = adjacent(node_of(rank));
  if (numbers_)
    for (int& node : found) node = numbers_->ranks[at(node)];
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

int Topology::degree(int rank) const {
  check(rank);
  return shape_ == Shape::complete ? size_ - 1 : static_cast<int>(neighbors(rank).size());
}

std::int64_t Topology::links() const {
  std::int64_t ends = 0;
  for (int rank = 0; rank < size_; ++rank) ends += degree(rank);
  return ends / 2;
}

int Topology::tree_distance(int from, int to) const {
  int steps = 0;
  for (; from != to; ++steps) (from > to ? from : to) = (std::max(from, to) - 1) / arity_;
  return steps;
}

int Topology::tree_diameter() const {
  if (arity_ == 1) return size_ - 1;
  int height = 0, first = 0;  // `first` is the first node of the last level
  for (std::int64_t next = 1; next < size_; next = next * arity_ + 1) first = static_cast<int>(next), ++height;
  // The longest path climbs from the last level to the root and descends in another of the root's subtrees, which may
  // not reach the last level.
  int under = size_ - 1, left = first;
  while (under > arity_) under = (under - 1) / arity_;
  while (left > arity_) left = (left - 1) / arity_;
  return height == 0 ? 0 : under != left ? 2 * height : 2 * height - 1;
}

std::vector<int> Topology::distances(int node) const {
  std::vector<int> steps(at(size_), -1), queue{node};
  steps[at(node)] = 0;
  for (std::size_t head = 0; head < queue.size(); ++head)
    for (const int next : adjacent(queue[head]))
      if (steps[at(next)] < 0) {
        steps[at(next)] = steps[at(queue[head])] + 1;
        queue.push_back(next);
      }
  return steps;
}

int Topology::distance(int from, int to) const {
  const int a = node_of(from), b = node_of(to);
  switch (shape_) {
    case Shape::lattice: {
      const std::vector<int> here = places(a), there = places(b);
      int steps = 0;
      for (std::size_t d = 0; d < extents_.size(); ++d) {
        const int straight = std::abs(here[d] - there[d]);
        steps += wraps_ ? std::min(straight, extents_[d] - straight) : straight;
      }
      return steps;
    }
    case Shape::tree:
      return tree_distance(a, b);
    case Shape::complete:
      return a != b;
    case Shape::graph:
      return distances(a)[at(b)];
  }
  return -1;
}

int Topology::diameter() const {
  int longest = 0;
  switch (shape_) {
    case Shape::lattice:
      for (const int extent : extents_) longest += wraps_ ? extent / 2 : extent - 1;
      return longest;
    case Shape::tree:
      return tree_diameter();
    case Shape::complete:
      return size_ > 1;
    case Shape::graph:
      for (int node = 0; node < size_; ++node) {
        const std::vector<int> steps = distances(node);
        if (std::find(steps.begin(), steps.end(), -1) != steps.end()) return -1;
        longest = std::max(longest, *std::max_element(steps.begin(), steps.end()));
      }
      return longest;
  }
  return -1;
}

}  // namespace scalar::inline v0::bsp
