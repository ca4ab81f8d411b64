#include "scalar/bsp/topology/embedding.hpp"

#include <algorithm>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

#include "core/fail.hpp"
#include "scalar/bsp/processes/placement.hpp"
#include "scalar/bsp/topology/neighborhood.hpp"

namespace scalar::inline v0::bsp {
namespace {

using Ranks = std::vector<int>;

std::size_t at(int index) { return static_cast<std::size_t>(index); }

void check(const Topology& topology, int processes) {
  if (processes < 1 || processes > topology.size())
    fail(Errc::invalid_argument, "bsp::embed", "{} peers are hosted by 1 to as many processes, got {}", topology.size(),
         processes);
}

/// Bisects sets of the topology's ranks. `side_` is 0 or 1 for members of the current set, `outside` for other ranks.
class Bisection {
 public:
  explicit Bisection(const Topology& topology) : topology_(topology), side_(at(topology.size()), outside) {
    for (int rank = 0; rank < topology.size(); ++rank) neighbors_.push_back(topology.neighbors(rank));
  }

  /// Reorders `set` (ascending) so that few links join its first `count` members to the others. Both parts ascend.
  void operator()(std::span<int> set, std::size_t count) {
    Ranks best;
    std::int64_t fewest = -1;
    const auto consider = [&](const Ranks& order) {
      for (std::size_t i = 0; i < order.size(); ++i) side_[at(order[i])] = i >= count;
      for (int pass = 0; pass < 4 && swap_pairs(order); ++pass) continue;
      if (const std::int64_t cut = cut_of(order); fewest < 0 || cut < fewest) {
        fewest = cut;
        best.clear();
        for (const int wanted : {0, 1})
          for (const int rank : set)
            if (side_[at(rank)] == wanted) best.push_back(rank);
      }
    };
    const Ranks plain(set.begin(), set.end());
    consider(plain);
    for (std::size_t d = 0; d < topology_.extents().size(); ++d) consider(along(plain, d));
    for (const bool depth_first : {false, true}) consider(grown(plain, count, depth_first));
    std::copy(best.begin(), best.end(), set.begin());
    for (const int rank : set) side_[at(rank)] = outside;
  }

 private:
  static constexpr signed char outside = -1;
  using Gain = std::tuple<int, int, int>;  // how many cut links a move saves, a tie breaker, and the rank
  using Heap = std::priority_queue<Gain>;

  Ranks along(Ranks order, std::size_t dimension) const {
    std::vector<std::pair<int, int>> keys;
    for (const int rank : order) keys.emplace_back(topology_.coordinates(rank)[dimension], rank);
    std::sort(keys.begin(), keys.end());
    std::transform(keys.begin(), keys.end(), order.begin(), [](const auto& key) { return key.second; });
    return order;
  }

  /// A member in a far corner: the last reached by a breadth-first search from the last reached by a search from the
  /// first member.
  int corner(const Ranks& members) {
    int last = members.front();
    for (int round = 0; round < 2; ++round) {
      for (const int rank : members) side_[at(rank)] = 0;
      Ranks queue{last};
      side_[at(last)] = 1;
      for (std::size_t head = 0; head < queue.size(); ++head)
        for (const int next : neighbors_[at(queue[head])])
          if (side_[at(next)] == 0) side_[at(next)] = 1, queue.push_back(next);
      last = queue.back();
    }
    return last;
  }

  /// A region of `count` members, grown from a corner, followed by the other members. Each step takes one of the
  /// members that the region touches: the one with the most links into the region minus links out of it, which suits
  /// grids and clusters, or (`depth_first`) the one touched last, which suits trees.
  Ranks grown(const Ranks& members, std::size_t count, bool depth_first) {
    const int start = corner(members);
    for (const int rank : members) side_[at(rank)] = 1;
    Ranks order;
    Heap heap;
    int tie = 0;
    std::size_t fresh = 0;  // the next member to try as a start: the set may be in several parts
    for (int next = start; order.size() < count;) {
      if (side_[at(next)] == 1) {
        side_[at(next)] = 0;
        order.push_back(next);
        for (const int touched : neighbors_[at(next)])
          if (side_[at(touched)] == 1)
            depth_first ? heap.emplace(0, ++tie, touched) : heap.emplace(gain(touched), --tie, touched);
      }
      if (heap.empty()) {
        while (fresh < members.size() && side_[at(members[fresh])] == 0) ++fresh;
        if (fresh == members.size()) break;
        next = members[fresh];
      } else {
        next = std::get<2>(heap.top());
        heap.pop();
      }
    }
    for (const int rank : members)
      if (side_[at(rank)] == 1) order.push_back(rank);
    return order;
  }

  /// By how many links the cut shrinks when `rank` changes sides.
  int gain(int rank) const {
    int saved = 0;
    for (const int next : neighbors_[at(rank)])
      if (side_[at(next)] != outside) saved += side_[at(next)] == side_[at(rank)] ? -1 : 1;
    return saved;
  }

  std::int64_t cut_of(const Ranks& members) const {
    std::int64_t ends = 0;
    for (const int rank : members)
      for (const int next : neighbors_[at(rank)])
        ends += side_[at(next)] != outside && side_[at(next)] != side_[at(rank)];
    return ends / 2;
  }

  /// One pass of Kernighan and Lin: swaps the best pairs, each rank once, then undoes the swaps after the best state.
  /// Returns false when nothing was gained. Stops after a run of swaps that did not help.
  bool swap_pairs(const Ranks& members) {
    Heap heaps[2];
    std::vector<bool>& moved = moved_;
    moved.assign(at(topology_.size()), false);
    for (const int rank : members) heaps[side_[at(rank)]].emplace(gain(rank), -rank, rank);
    Ranks swaps;
    std::int64_t saved = 0, most = 0;
    std::size_t keep = 0;
    while (swaps.size() < keep + 200) {
      std::size_t done = 0;
      for (const int from : {0, 1}) {
        Heap& heap = heaps[from];
        while (!heap.empty()) {
          const auto [claimed, tie, rank] = heap.top();
          heap.pop();
          if (moved[at(rank)] || claimed != gain(rank)) continue;  // stale: it was pushed again with its new gain
          saved += claimed;
          side_[at(rank)] = static_cast<signed char>(1 - from);
          moved[at(rank)] = true;
          swaps.push_back(rank);
          for (const int next : neighbors_[at(rank)])
            if (side_[at(next)] != outside && !moved[at(next)]) heaps[side_[at(next)]].emplace(gain(next), -next, next);
          ++done;
          break;
        }
      }
      if (done < 2) {
        if (done == 1) {  // a move without its counterpart would leave the halves uneven
          const int rank = swaps.back();
          side_[at(rank)] = static_cast<signed char>(1 - side_[at(rank)]);
          swaps.pop_back();
        }
        break;
      }
      if (saved > most) most = saved, keep = swaps.size();
    }
    for (std::size_t i = swaps.size(); i-- > keep;) {
      signed char& side = side_[at(swaps[i])];
      side = static_cast<signed char>(1 - side);
    }
    return most > 0;
  }

  const Topology& topology_;
  std::vector<signed char> side_;
  std::vector<Ranks> neighbors_;
  std::vector<bool> moved_;
};

}  // namespace

std::int64_t links_cut(const Topology& topology, int processes) {
  check(topology, processes);
  const auto placement = Placement::even(topology.size(), processes, 0);
  std::int64_t ends = 0;
  for (int rank = 0; rank < topology.size(); ++rank)
    for (const int next : topology.neighbors(rank)) ends += placement.process_of(next) != placement.process_of(rank);
  return ends / 2;
}

Topology embed(const Topology& topology, int processes) {
  check(topology, processes);
  if (processes == 1 || topology.links() == std::int64_t{topology.size()} * (topology.size() - 1) / 2) return topology;
  Ranks order(at(topology.size()));
  for (int rank = 0; rank < topology.size(); ++rank) order[at(rank)] = rank;
  const auto placement = Placement::even(topology.size(), processes, 0);
  Bisection bisect(topology);
  std::vector<std::pair<int, int>> todo{{0, processes}};  // ranges of processes
  while (!todo.empty()) {
    const auto [first, last] = todo.back();
    todo.pop_back();
    if (last - first < 2) continue;
    const int middle = first + (last - first) / 2;
    const int begin = placement.first(first), end = placement.first(last);
    bisect(std::span(order).subspan(at(begin), at(end - begin)), at(placement.first(middle) - begin));
    todo.emplace_back(first, middle), todo.emplace_back(middle, last);
  }
  for (int& rank : order) rank = topology.node_of(rank);
  Topology placed = topology.renumbered(std::move(order));
  return links_cut(placed, processes) < links_cut(topology, processes) ? placed : topology;
}

}  // namespace scalar::inline v0::bsp
