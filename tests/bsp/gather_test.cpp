#include "scalar/bsp/gather.hpp"

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
