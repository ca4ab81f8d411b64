#include "scalar/bsp/collectives/scan.hpp"

#include <cmath>
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

double rough(int rank, std::size_t i) { return std::ldexp(1.0 / (3 + rank + static_cast<double>(i)), rank * 5 % 23); }

struct Affine {  // composition of functions does not commute
  long a = 1, b = 0;
  friend bool operator==(const Affine&, const Affine&) = default;
};
constexpr auto compose = [](Affine f, Affine g) { return Affine{f.a * g.a % 1009, (f.b * g.a + g.b) % 1009}; };
Affine affine(int rank) { return {rank + 2, 3 * rank + 1}; }

}  // namespace

TEST_CASE("scan and exclusive_scan of values and of vectors, for 1 to 17 peers") {
  auto body = [](Peer& peer) -> Task<int> {
    int wrong = 0;
    Affine before, upto = affine(0);
    for (int rank = 0; rank < peer.rank(); ++rank) before = compose(before, affine(rank));
    for (int rank = 1; rank <= peer.rank(); ++rank) upto = compose(upto, affine(rank));
    wrong += co_await bsp::scan(peer, affine(peer.rank()), compose) != upto;
    wrong += co_await bsp::exclusive_scan(peer, affine(peer.rank()), compose, Affine{}) != before;
    wrong += co_await bsp::exclusive_scan(peer, 2, std::plus{}, 100) != 100 + 2 * peer.rank();
    wrong += co_await bsp::scan(peer, 2L, std::multiplies{}) != 2L << peer.rank();
    wrong += peer.superstep() != 4;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{9}, std::size_t{900}}) {
      std::vector<double> values(size), inclusive(size), exclusive(size);
      for (std::size_t i = 0; i < size; ++i) {
        values[i] = rough(peer.rank(), i);
        inclusive[i] = rough(0, i), exclusive[i] = 0.1;
        for (int rank = 1; rank <= peer.rank(); ++rank) inclusive[i] += rough(rank, i);
        for (int rank = 0; rank < peer.rank(); ++rank) exclusive[i] += rough(rank, i);
      }
      std::vector<double> copy = values;
      co_await bsp::scan(peer, std::span(copy), std::plus{});
      wrong += copy != inclusive;
      co_await bsp::exclusive_scan(peer, std::span(values), std::plus{}, 0.1);
      wrong += values != exclusive;
    }
    wrong += peer.superstep() != 4 + 4 * 4;
    co_return wrong;
  };
  run_everywhere(body, [](const std::vector<int>& wrong, const std::string& where) {
    INFO(where);
    CHECK(std::accumulate(wrong.begin(), wrong.end(), 0) == 0);
  });
}

TEST_CASE("scanning peers that do not agree get an error that names peer and superstep") {
  CHECK(error_everywhere(3, [](Peer& peer) -> Task<> {
          std::vector<int> values(peer.rank() == 1 ? 5 : 4);
          co_await peer.sync();
          co_await bsp::scan(peer, std::span(values), std::plus{});
        }) == "bsp superstep 1: scan: peer 0 gives 4 elements, but peer 1 gives 5");
  CHECK(error_everywhere(2, [](Peer& peer) -> Task<> {
          if (peer.rank() == 0) co_await bsp::scan(peer, 1, std::plus{});
          if (peer.rank() == 1) co_await bsp::exclusive_scan(peer, 1, std::plus{}, 0);
        }) == "bsp superstep 0: peers are at different collectives: peer 0 is in scan, peer 1 is in exclusive_scan");
}

TEST_CASE("an operation that throws in a scan ends the run with its error") {
  auto body = [](Peer& peer) -> Task<> {
    std::vector<int> values(4000, peer.rank());
    co_await bsp::scan(peer, std::span(values),
                       [](int a, int b) { return b == 3 ? throw std::string("three") : a + b; });
  };
  CHECK_THROWS_AS(bsp_test::engine_of(4).run(body), std::string);
}
