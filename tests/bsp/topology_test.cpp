#include "scalar/bsp/topology/topology.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>
#include <vector>

#include "scalar/core/error.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Edge;
using bsp::Topology;
using Ranks = std::vector<int>;
using Catch::Matchers::Contains;

namespace {

/// What distances are by definition: steps of a search over `neighbors`.
Ranks searched(const Topology& topology, int from) {
  Ranks steps(static_cast<std::size_t>(topology.size()), -1), queue{from};
  steps[static_cast<std::size_t>(from)] = 0;
  for (std::size_t head = 0; head < queue.size(); ++head)
    for (const int next : topology.neighbors(queue[head]))
      if (int& s = steps[static_cast<std::size_t>(next)]; s < 0) {
        s = steps[static_cast<std::size_t>(queue[head])] + 1;
        queue.push_back(next);
      }
  return steps;
}

std::vector<Topology> many() {
  std::vector<Topology> all;
  for (int n = 1; n <= 17; ++n) {
    all.push_back(Topology::ring(n)), all.push_back(Topology::line(n)), all.push_back(Topology::complete(n));
    for (int arity = 1; arity <= 5; ++arity) all.push_back(Topology::tree(n, arity));
  }
  for (int n = 1; n <= 64; n *= 2) all.push_back(Topology::hypercube(n));
  for (const Ranks& extents : {Ranks{1}, {2}, {3, 4}, {4, 3}, {2, 5}, {1, 6}, {3, 3, 3}, {2, 1, 4}, {2, 2, 3, 2}}) {
    all.push_back(Topology::grid(extents)), all.push_back(Topology::torus(extents));
  }
  Philox random(7);
  for (int n : {1, 2, 9, 30}) {
    std::vector<Edge> links;
    for (int i = 0; i < 2 * n; ++i) {
      const auto a = static_cast<int>(random.below(static_cast<unsigned>(n)));
      const auto b = static_cast<int>(random.below(static_cast<unsigned>(n)));
      if (a != b) links.emplace_back(a, b);
    }
    all.push_back(Topology::graph(n, links));
  }
  const std::size_t plain = all.size();
  for (std::size_t i = 0; i < plain; ++i) {
    Ranks reversed;
    for (int node = all[i].size(); node-- > 0;) reversed.push_back(node);
    all.push_back(all[i].renumbered(std::move(reversed)));
  }
  return all;
}

}  // namespace

TEST_CASE("neighbors are mutual, sorted and others, and distances are the fewest steps between peers") {
  for (const Topology& topology : many()) {
    INFO(topology.name() << " of " << topology.size());
    std::int64_t ends = 0;
    int longest = 0;
    for (int rank = 0; rank < topology.size(); ++rank) {
      const Ranks near = topology.neighbors(rank);
      REQUIRE(std::is_sorted(near.begin(), near.end()));
      REQUIRE(std::adjacent_find(near.begin(), near.end()) == near.end());
      REQUIRE(static_cast<int>(near.size()) == topology.degree(rank));
      ends += topology.degree(rank);
      for (const int other : near) {
        REQUIRE(other != rank);
        const Ranks back = topology.neighbors(other);
        REQUIRE(std::binary_search(back.begin(), back.end(), rank));
      }
      const Ranks steps = searched(topology, rank);
      for (int other = 0; other < topology.size(); ++other)
        REQUIRE(topology.distance(rank, other) == steps[static_cast<std::size_t>(other)]);
      const bool all = std::find(steps.begin(), steps.end(), -1) == steps.end();
      longest = all && longest >= 0 ? std::max(longest, *std::max_element(steps.begin(), steps.end())) : -1;
      REQUIRE(topology.rank_of(topology.node_of(rank)) == rank);
    }
    CHECK(topology.links() == ends / 2);
    CHECK(topology.diameter() == longest);
  }
}

TEST_CASE("each shape has the neighbors its definition gives") {
  CHECK(Topology::ring(5).neighbors(0) == Ranks{1, 4});
  CHECK(Topology::ring(2).neighbors(0) == Ranks{1});
  CHECK(Topology::ring(1).neighbors(0).empty());
  CHECK(Topology::line(5).neighbors(0) == Ranks{1});
  CHECK(Topology::line(5).neighbors(2) == Ranks{1, 3});
  CHECK(Topology::tree(7).neighbors(1) == Ranks{0, 3, 4});
  CHECK(Topology::tree(6).neighbors(2) == Ranks{0, 5});
  CHECK(Topology::tree(10, 3).neighbors(1) == Ranks{0, 4, 5, 6});
  CHECK(Topology::complete(4).neighbors(2) == Ranks{0, 1, 3});
  CHECK(Topology::grid({3, 4}).neighbors(5) == Ranks{1, 4, 6, 9});
  CHECK(Topology::grid({3, 4}).neighbors(0) == Ranks{1, 4});
  CHECK(Topology::torus({3, 4}).neighbors(0) == Ranks{1, 3, 4, 8});
  CHECK(Topology::torus({3, 3, 3}).degree(13) == 6);
  const Topology cube = Topology::hypercube(16);
  for (int a = 0; a < 16; ++a)
    for (int b = 0; b < 16; ++b) {
      CHECK(cube.distance(a, b) == std::popcount(static_cast<unsigned>(a ^ b)));
      for (int d = 0; d < 4; ++d) CHECK(cube.shift(a, d, 1) == (a ^ (8 >> d)));
    }
  const std::vector<Edge> links{{0, 3}, {3, 0}, {3, 1}, {0, 3}};
  CHECK(Topology::graph(4, links).neighbors(3) == Ranks{0, 1});
  CHECK(Topology::graph(4, links).neighbors(2).empty());
  CHECK(Topology::graph(4, links).links() == 2);
  CHECK(Topology::graph(4, links).diameter() == -1);
  CHECK(Topology::tree(1'000'000'000, 7).distance(999'999'999, 0) == 11);  // 7^0 + ... + 7^10 < 10^9
}

TEST_CASE("coordinates and ranks of grids and tori are each other's inverse, and shifts go along one dimension") {
  for (const Ranks& extents : {Ranks{6}, {3, 4}, {2, 3, 4}, {1, 5, 1}}) {
    for (const Topology& topology : {Topology::grid(extents), Topology::torus(extents)}) {
      for (int rank = 0; rank < topology.size(); ++rank) {
        const Ranks place = topology.coordinates(rank);
        CHECK(topology.rank_at(place) == rank);
        for (std::size_t d = 0; d < extents.size(); ++d)
          for (int steps = -7; steps <= 7; ++steps) {
            Ranks target = place;
            target[d] += steps;
            const bool inside = target[d] >= 0 && target[d] < extents[d];
            const auto moved = topology.shift(rank, static_cast<int>(d), steps);
            REQUIRE(moved.has_value() == (inside || topology.name() == "torus"));
            if (!moved) continue;
            target[d] = ((target[d] % extents[d]) + extents[d]) % extents[d];
            CHECK(topology.coordinates(*moved) == target);
          }
      }
    }
  }
  CHECK(Topology::grid({3, 4}).rank_at({1, 2}) == 6);
  CHECK(Topology::torus({3, 4}).shift(0, 1, std::numeric_limits<int>::max()) == 3);
  CHECK(Topology::torus({3, 4}).shift(0, 1, std::numeric_limits<int>::min()) == 0);
}

TEST_CASE("renumbering moves the places of peers, not the shape") {
  const Topology grid = Topology::grid({2, 3}).renumbered({5, 4, 3, 2, 1, 0});
  CHECK(grid.coordinates(0) == Ranks{1, 2});
  CHECK(grid.rank_at({0, 0}) == 5);
  CHECK(grid.neighbors(0) == Ranks{1, 3});
  CHECK(grid.shift(5, 1, 1) == 4);
  const Topology again = Topology::ring(3).renumbered({1, 2, 0}).renumbered({1, 2, 0});
  CHECK(again.node_of(0) == 1);
}

TEST_CASE("impossible topologies and questions are refused with the reason") {
  const auto refused = [](Errc code, const std::string& text, auto make) {
    try {
      make();
      FAIL("not refused: " << text);
    } catch (const Error& error) {
      CHECK(error.code() == code);
      CHECK_THAT(std::string(error.what()), Contains(text));
    }
  };
  refused(Errc::invalid_argument, "Topology::hypercube: the peers are a power of two, got 6",
          [] { Topology::hypercube(6); });
  refused(Errc::invalid_argument, "got 0", [] { Topology::hypercube(0); });
  refused(Errc::invalid_argument, "an extent is at least 1, got {0}", [] { Topology::ring(0); });
  refused(Errc::invalid_argument, "at least 1 peer is needed, got -1", [] { Topology::complete(-1); });
  refused(Errc::invalid_argument, "got {3, -2}", [] { Topology::grid({3, -2}); });
  refused(Errc::invalid_argument, "no extents", [] { Topology::torus({}); });
  refused(Errc::too_large, "{65536, 65536}", [] { Topology::torus({65536, 65536}); });
  refused(Errc::invalid_argument, "the arity is at least 1, got 0", [] { Topology::tree(3, 0); });
  const std::vector<Edge> far{{0, 1}, {2, 3}}, own{{1, 1}};
  refused(Errc::out_of_range, "link 1 joins 2 and 3, but there are 3 peers", [&] { Topology::graph(3, far); });
  refused(Errc::invalid_argument, "link 0 joins 1 and 1", [&] { Topology::graph(3, own); });
  const Topology ring = Topology::ring(3), tree = Topology::tree(3);
  refused(Errc::out_of_range, "rank 3 does not exist, there are 3 peers", [&] { ring.neighbors(3); });
  refused(Errc::out_of_range, "rank -1", [&] { ring.degree(-1); });
  refused(Errc::out_of_range, "rank 9", [&] { ring.distance(0, 9); });
  refused(Errc::unsupported, "Topology::tree: coordinates exist on grids", [&] { tree.coordinates(0); });
  refused(Errc::unsupported, "shifts", [&] { tree.shift(0, 0, 1); });
  refused(Errc::out_of_range, "dimension 1 does not exist, the extents are {3}", [&] { ring.shift(0, 1, 1); });
  refused(Errc::shape_mismatch, "{1, 1} do not fit the extents {3}", [&] { ring.rank_at({1, 1}); });
  refused(Errc::out_of_range, "{3} lie outside the extents {3}", [&] { ring.rank_at({3}); });
  refused(Errc::invalid_argument, "got 1 again for rank 2", [&] { ring.renumbered({0, 1, 1}); });
  refused(Errc::invalid_argument, "got 3 for rank 0", [&] { ring.renumbered({3, 1, 1}); });
  refused(Errc::invalid_argument, "got 2 for 3 ranks", [&] { ring.renumbered({0, 1}); });
}
