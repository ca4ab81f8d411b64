#include "scalar/bsp/counters.hpp"

#include <functional>
#include <type_traits>

#include "bsp/places.hpp"
#include "scalar/bsp/aggregator.hpp"
#include "scalar/bsp/messages/combine_options.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Counters;
using bsp::Peer;
using bsp::Task;
using bsp_test::engine_of;

static_assert(std::is_trivially_copyable_v<Counters<"a", "b">>);
static_assert(sizeof(Counters<"a", "b">) == 16);
static_assert(Counters<"read", "skipped">::names[1] == "skipped");

TEST_CASE("counters begin at 0, count by name and add up by name") {
  Counters<"read", "skipped"> one, other;
  one.at<"read">() += 3;
  other.at<"skipped">() += 1;
  other.at<"read">() += 4;
  const auto sum = one + other;
  CHECK(sum.at<"read">() == 7);
  CHECK(sum.at<"skipped">() == 1);
  CHECK(sum.all()[0] == std::pair<std::string_view, std::uint64_t>{"read", 7});
  CHECK(sum == other + one);
  CHECK_FALSE(sum == one);
}

TEST_CASE("the totals of all peers are one collective away, in any superstep") {
  for (const int peers : {1, 2, 9}) {
    auto body = [](Peer& peer) -> Task<bool> {
      Counters<"even", "odd", "all"> mine;
      const auto n = static_cast<std::uint64_t>(peer.size());
      bool right = true;
      for (std::uint64_t step = 1; step <= 3; ++step) {
        (peer.rank() % 2 == 0 ? mine.at<"even">() : mine.at<"odd">()) += 1;
        mine.at<"all">() += static_cast<std::uint64_t>(peer.rank());
        const auto total = co_await all_reduce(peer, mine, std::plus{});
        right = right && total.at<"even">() == step * ((n + 1) / 2) && total.at<"odd">() == step * (n / 2) &&
                total.at<"all">() == step * n * (n - 1) / 2;
      }
      co_return right;
    };
    for (const bool right : engine_of(peers).run_all(body)) CHECK(right);
  }
}

TEST_CASE("counters share a barrier with other aggregators") {
  auto body = [](Peer& peer) -> Task<std::uint64_t> {
    bsp::Aggregator<Counters<"sent">> counters;
    bsp::Aggregator<int, bsp::Maximum> last{-1};
    Counters<"sent"> mine;
    mine.at<"sent">() += 2;
    counters.add(mine);
    last.add(peer.rank());
    co_await bsp::sync(peer, counters, last);
    co_return 100 * counters.value().at<"sent">() + static_cast<std::uint64_t>(last.value());
  };
  CHECK(engine_of(5).run(body) == 1004);
}
