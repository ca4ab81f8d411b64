#include "scalar/bsp/collectives/gather.hpp"

#include <functional>
#include <numeric>

#include "bsp/everywhere.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;
using bsp_test::error_everywhere;
using bsp_test::run_everywhere;

namespace {

struct Pixel {
  int x = 0;
  char c = 0;
  friend bool operator==(const Pixel&, const Pixel&) = default;
};

Pixel pixel(int rank, std::size_t i) { return {rank * 1000 + static_cast<int>(i), static_cast<char>('a' + rank)}; }

}  // namespace

TEST_CASE("gather, all_gather and scatter of values and of vectors, for 1 to 17 peers") {
  auto body = [](Peer& peer) -> Task<int> {
    const auto peers = static_cast<std::size_t>(peer.size());
    int wrong = 0;
    std::vector<int> ranks(peers, -1);
    std::vector<double> halves(peers, -1);
    for (int root = 0; root < peer.size(); ++root) {
      ranks.assign(peers, -1);
      co_await bsp::gather(peer, peer.rank() * 10, ranks, root);
      for (int rank = 0; rank < peer.size(); ++rank)
        wrong += ranks[static_cast<std::size_t>(rank)] != (root == peer.rank() ? rank * 10 : -1);
    }
    co_await bsp::all_gather(peer, peer.rank() * 0.5, halves);
    for (std::size_t i = 0; i < peers; ++i) wrong += halves[i] != static_cast<double>(i) * 0.5;
    wrong += peer.superstep() != peers + 1;

    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{37}}) {
      std::vector<Pixel> mine(size), all(size * peers), expected, got(size);
      for (std::size_t i = 0; i < size; ++i) mine[i] = pixel(peer.rank(), i);
      for (int rank = 0; rank < peer.size(); ++rank)
        for (std::size_t i = 0; i < size; ++i) expected.push_back(pixel(rank, i));
      const int root = peer.size() / 2;
      const std::span<const Pixel> values(mine);
      co_await bsp::gather(peer, values, all, root);
      wrong += all != (peer.rank() == root ? expected : std::vector<Pixel>(size * peers));
      co_await bsp::all_gather(peer, values, all);
      wrong += all != expected;
      if (peer.rank() != root) all.clear();  // nobody looks at it there
      co_await bsp::scatter(peer, all, std::span(got), root);
      wrong += got != mine;
      mine.assign(size, Pixel{});  // free again once it has returned
    }
    wrong += peer.superstep() != peers + 1 + 3 * 6;
    co_return wrong;
  };
  run_everywhere(body, [](const std::vector<int>& wrong, const std::string& where) {
    INFO(where);
    CHECK(std::accumulate(wrong.begin(), wrong.end(), 0) == 0);
  });
}

namespace {

/// Peer r has so many values.
std::size_t length_of(int rank, int round) { return static_cast<std::size_t>((rank * 7 + round * 3) % 5 * round); }

struct Lists {
  std::vector<Pixel> mine, all;
  std::vector<std::size_t> cuts;

  Lists(const Peer& peer, int round) : cuts(1, 0) {
    for (int rank = 0; rank < peer.size(); ++rank) {
      for (std::size_t i = 0; i < length_of(rank, round); ++i) {
        all.push_back(pixel(rank, i));
        if (rank == peer.rank()) mine.push_back(all.back());
      }
      cuts.push_back(all.size());
    }
  }
};

}  // namespace

TEST_CASE("gather_v, all_gather_v and scatter_v of vectors of unequal lengths, for 1 to 17 peers") {
  auto body = [](Peer& peer) -> Task<int> {
    int wrong = 0;
    std::vector<Pixel> all, got(3);
    std::vector<std::size_t> cuts;
    for (int round = 0; round < 4; ++round) {
      const Lists expected(peer, round);
      const int root = round % peer.size();
      all.assign(2, Pixel{}), cuts.assign(1, 99);
      co_await bsp::gather_v(peer, expected.mine, all, cuts, root);
      wrong += peer.rank() == root ? all != expected.all || cuts != expected.cuts : all.size() != 2 || cuts[0] != 99;
      co_await bsp::all_gather_v(peer, expected.mine, all, cuts);
      wrong += all != expected.all || cuts != expected.cuts;
      if (peer.rank() != root) all.clear(), cuts.clear();  // nobody looks at them there
      co_await bsp::scatter_v(peer, all, cuts, got, root);
      wrong += got != expected.mine;
    }
    wrong += peer.superstep() != 4 * (2 + 3 + 2);
    co_return wrong;
  };
  run_everywhere(body, [](const std::vector<int>& wrong, const std::string& where) {
    INFO(where);
    CHECK(std::accumulate(wrong.begin(), wrong.end(), 0) == 0);
  });
}

TEST_CASE("vectors and spans of elements that are not const are gathered as they are") {
  auto body = [](Peer& peer) -> Task<int> {
    std::vector<int> mine{peer.rank(), 7}, all(2 * static_cast<std::size_t>(peer.size())), expected, got(2);
    for (int rank = 0; rank < peer.size(); ++rank) expected.insert(expected.end(), {rank, 7});
    int wrong = 0;
    co_await bsp::all_gather(peer, mine, all);
    wrong += all != expected;
    all.assign(all.size(), 0);
    co_await bsp::all_gather(peer, std::span(mine), std::span(all));
    wrong += all != expected;
    all.assign(all.size(), 0);
    co_await bsp::gather(peer, mine, all);
    wrong += peer.rank() == 0 && all != expected;
    co_await bsp::gather(peer, std::span(mine), all, peer.size() - 1);
    wrong += peer.rank() == peer.size() - 1 && all != expected;
    co_await bsp::scatter(peer, expected, got);
    co_return wrong + (got != mine);
  };
  run_everywhere(body, [](const std::vector<int>& wrong, const std::string& where) {
    INFO(where);
    CHECK(std::accumulate(wrong.begin(), wrong.end(), 0) == 0);
  });
}

TEST_CASE("unequal lists that are not what they say get an error that names the peer") {
  CHECK(error_everywhere(3, [](Peer& peer) -> Task<> {
          std::vector<int> mine, all(4);
          std::vector<std::size_t> cuts{0, 3, 2, 4};
          co_await bsp::scatter_v(peer, all, cuts, mine, 1);
        }) == "bsp peer 1 superstep 0: scatter_v: cut 2 is 2, less than the one before");
  CHECK(error_everywhere(3, [](Peer& peer) -> Task<> {
          std::vector<int> mine, all(4);
          std::vector<std::size_t> cuts{0, 1, 2, 3};
          co_await bsp::scatter_v(peer, all, cuts, mine, 1);
        }) == "bsp peer 1 superstep 0: scatter_v: the source has 4 elements, expected 3");
  CHECK(error_everywhere(2, [](Peer& peer) -> Task<> {
          std::vector<int> mine, all;
          std::vector<std::size_t> cuts;
          co_await bsp::gather_v(peer, mine, all, cuts, -1);
        }) == "bsp peer 0: gather_v: rank is -1, expected 0 to 1");
  CHECK(error_everywhere(2, [](Peer& peer) -> Task<> {
          std::vector<int> mine, all;
          std::vector<std::size_t> cuts;
          co_await bsp::gather_v(peer, mine, all, cuts, peer.rank());
        }) == "bsp superstep 0: gather_v: root is 0 for peer 0, but 1 for peer 1");
}

TEST_CASE("gathering peers that do not agree get an error that names peer and superstep") {
  CHECK(error_everywhere(3, [](Peer& peer) -> Task<> {
          std::vector<int> all(3);
          co_await peer.sync();
          co_await bsp::gather(peer, 1, all, peer.rank() == 2 ? 1 : 0);
        }) == "bsp superstep 1: gather: root is 0 for peer 0, but 1 for peer 2");
  CHECK(error_everywhere(3, [](Peer& peer) -> Task<> {
          std::vector<int> all(3u + (peer.rank() == 1));
          co_await bsp::all_gather(peer, 1, all);
        }) == "bsp peer 1 superstep 0: all_gather: the result has 4 elements, expected 3");
  CHECK(error_everywhere(3, [](Peer& peer) -> Task<> {
          std::vector<int> mine(peer.rank() == 2 ? 5 : 4), all(12);
          const std::span<const int> values(mine);
          co_await bsp::gather(peer, values, all);
        }) == "bsp superstep 0: gather: peer 0 gives 4 elements, but peer 2 gives 5");
  CHECK(error_everywhere(2, [](Peer& peer) -> Task<> {
          std::vector<int> mine(4), all(7);
          co_await peer.sync();
          co_await bsp::scatter(peer, all, std::span(mine), 1);
        }) == "bsp peer 1 superstep 1: scatter: the source has 7 elements, expected 8");
  CHECK(error_everywhere(2, [](Peer& peer) -> Task<> {
          std::vector<int> all(2);
          co_await bsp::gather(peer, 1, all, 2);
        }) == "bsp peer 0: gather: rank is 2, expected 0 to 1");
  CHECK(error_everywhere(2, [](Peer& peer) -> Task<> {
          std::vector<int> mine(4), all(8);
          const std::span<const int> values(mine);
          if (peer.rank() == 0) co_await bsp::all_gather(peer, values, all);
          if (peer.rank() != 0) co_await bsp::scatter(peer, all, std::span(mine));
        }) == "bsp superstep 0: peers are at different collectives: peer 0 is in all_gather, peer 1 is in scatter");
  CHECK(error_everywhere(2, [](Peer& peer) -> Task<> {
          std::vector<int> all(2);
          if (peer.rank() == 0) co_return;
          co_await bsp::all_gather(peer, 1, all);
        }) == "bsp superstep 0: peers are at different collectives: peer 0 has returned, peer 1 is in all_gather");
}
