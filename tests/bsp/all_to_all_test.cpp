#include "scalar/bsp/collectives/all_to_all.hpp"

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
std::size_t length(int from, int to) { return static_cast<std::size_t>((from * 7 + to * 3) % 5 * 11); }

}  // namespace

TEST_CASE("all_to_all, all_to_all_v and reduce_scatter, for 1 to 17 peers") {
  auto body = [](Peer& peer) -> Task<int> {
    const auto peers = static_cast<std::size_t>(peer.size());
    int wrong = 0;
    for (const std::size_t each : {std::size_t{0}, std::size_t{1}, std::size_t{40}}) {
      std::vector<double> values(each * peers), received(each * peers), sums(each);
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = rough(peer.rank(), i);
      co_await bsp::all_to_all(peer, values, std::span(received));
      for (int from = 0; from < peer.size(); ++from)
        for (std::size_t i = 0; i < each; ++i)
          wrong += received[static_cast<std::size_t>(from) * each + i] !=
                   rough(from, static_cast<std::size_t>(peer.rank()) * each + i);
      co_await bsp::reduce_scatter(peer, values, std::span(sums), std::plus{});
      for (std::size_t i = 0; i < each; ++i) {
        const std::size_t at = static_cast<std::size_t>(peer.rank()) * each + i;
        double sum = rough(0, at);
        for (int rank = 1; rank < peer.size(); ++rank) sum += rough(rank, at);
        wrong += sums[i] != sum;
      }
    }
    std::vector<int> values, received{1, 2, 3};
    std::vector<std::size_t> cuts{0}, received_cuts{9};
    for (int to = 0; to < peer.size(); ++to) {
      values.insert(values.end(), length(peer.rank(), to), peer.rank() * 100 + to);
      cuts.push_back(values.size());
    }
    for (int round = 0; round < 2; ++round) {
      co_await bsp::all_to_all_v(peer, values, cuts, received, received_cuts);
      std::vector<int> expected;
      for (int from = 0; from < peer.size(); ++from) {
        wrong += received_cuts[static_cast<std::size_t>(from)] != expected.size();
        expected.insert(expected.end(), length(from, peer.rank()), from * 100 + peer.rank());
      }
      wrong += received != expected || received_cuts.back() != expected.size() || received_cuts.size() != peers + 1;
    }
    wrong += peer.superstep() != 2 * 8;
    co_return wrong;
  };
  run_everywhere(body, [](const std::vector<int>& wrong, const std::string& where) {
    INFO(where);
    CHECK(std::accumulate(wrong.begin(), wrong.end(), 0) == 0);
  });
}

TEST_CASE("exchanging peers that do not agree get an error that names peer and superstep") {
  CHECK(error_everywhere(2, [](Peer& peer) -> Task<> {
          std::vector<int> values(peer.rank() == 1 ? 6 : 4), received(values.size());
          co_await peer.sync();
          co_await bsp::all_to_all(peer, values, std::span(received));
        }) == "bsp superstep 1: all_to_all: peer 0 gives 2 elements, but peer 1 gives 3");
  CHECK(error_everywhere(2, [](Peer& peer) -> Task<> {
          std::vector<int> values(5), received(5);
          co_await bsp::all_to_all(peer, values, std::span(received));
        }) == "bsp peer 0 superstep 0: all_to_all: the source has 5 elements, expected 4");
  CHECK(error_everywhere(2, [](Peer& peer) -> Task<> {
          std::vector<int> values(4), received(3);
          co_await bsp::all_to_all(peer, values, std::span(received));
        }) == "bsp peer 0 superstep 0: all_to_all: the result has 3 elements, expected 4");
  const auto cut_error = [](std::vector<std::size_t> cuts) {
    return error_everywhere(2, [&](Peer& peer) -> Task<> {
      std::vector<int> values(4), received;
      std::vector<std::size_t> received_cuts;
      co_await bsp::all_to_all_v(peer, values, cuts, received, received_cuts);
    });
  };
  const std::string who = "bsp peer 0 superstep 0: all_to_all_v: ";
  CHECK(cut_error({0, 4}) == who + "the list of cuts has 2 elements, expected 3");
  CHECK(cut_error({1, 2, 4}) == who + "cut 0 is 1, expected 0");
  CHECK(cut_error({0, 4, 2}) == who + "cut 2 is 2, less than the one before");
  CHECK(cut_error({0, 2, 5}) == who + "the source has 4 elements, expected 5");
  CHECK(error_everywhere(2,
                         [](Peer& peer) -> Task<> {
                           std::vector<int> values(4), result(2);
                           if (peer.rank() == 1)
                             co_await bsp::reduce_scatter(peer, values, std::span(result), std::plus{});
                           if (peer.rank() != 1)
                             co_await bsp::reduce_scatter(peer, values, std::span(result), std::multiplies{});
                         }) ==
        "bsp superstep 0: peers are at different collectives: peer 0 is in reduce_scatter, peer 1 is in "
        "reduce_scatter of another type or operation");
}

TEST_CASE("an operation that throws in reduce_scatter ends the run with its error") {
  auto body = [](Peer& peer) -> Task<> {
    std::vector<int> values(4000, peer.rank()), result(1000);
    co_await bsp::reduce_scatter(peer, values, std::span(result),
                                 [](int a, int b) { return b == 3 ? throw std::string("three") : a + b; });
  };
  CHECK_THROWS_AS(bsp_test::engine_of(4).run(body), std::string);
}
