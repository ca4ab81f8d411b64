#include "scalar/bsp/messages/view_mailbox.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "bsp/places.hpp"
#include "scalar/bsp/runs/team.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;
using bsp_test::places;
using Floats = std::span<const float>;

static_assert(std::forward_iterator<bsp::ReceivedViews<std::string_view>::Iterator>);
static_assert(std::sentinel_for<std::default_sentinel_t, bsp::ReceivedViews<std::string_view>::Iterator>);

namespace {

/// What `source` sends to `to` in a superstep: up to 40 texts, every third of them empty.
std::vector<std::string> texts(int source, int to, int step) {
  std::vector<std::string> all;
  for (int i = 0; i < (source * 7 + to * 3 + step) % 41; ++i)
    all.push_back(i % 3 == 0 ? std::string() : std::string(static_cast<std::size_t>(i * source % 100), char('a' + to)));
  return all;
}

bool is_equal(const bsp::ReceivedViews<std::string_view>& got, const std::vector<std::string>& expected) {
  return std::equal(expected.begin(), expected.end(), got.begin()) && got.size() == expected.size() &&
         got.empty() == expected.empty();
}

void send_all(bsp::Mailbox<std::string_view>& box, Peer& peer, int step) {
  for (int to = 0; to < peer.size(); ++to)
    for (const std::string& text : texts(peer.rank(), to, step)) box.send(to, text);
}

bool is_right(const bsp::Mailbox<std::string_view>& box, Peer& peer, int step) {
  std::vector<std::string> all;
  bool right = true;
  for (int source = 0; source < peer.size(); ++source) {
    const std::vector<std::string> some = texts(source, peer.rank(), step);
    right = right && is_equal(box.received(source), some);
    all.insert(all.end(), some.begin(), some.end());
  }
  return right && is_equal(box.received(), all);
}

template <class F>
bool refuses(F use) {
  try {
    use();
  } catch (const Error& error) {
    return error.code() == Errc::out_of_range;
  }
  return false;
}

}  // namespace

TEST_CASE("texts of any length arrive by source, in the order sent, empty ones among them") {
  for (const int peers : {1, 2, 7}) {
    for (const auto& place : places(peers)) {
      INFO(place.name << ", " << peers << " peers");
      auto body = [](Peer& peer) -> Task<bool> {
        auto box = peer.mailbox<std::string_view>();
        bool right = box.received().empty();
        for (int step = 0; step < 6; ++step) {
          send_all(box, peer, step);
          co_await peer.sync();
          right = right && is_right(box, peer, step);
        }
        co_await peer.sync();
        co_return right&& box.received().empty() && box.received(0).size() == 0;
      };
      for (const bool right : bsp::Engine(place.options).run_all(body)) CHECK(right);
    }
  }
}

TEST_CASE("spans of numbers are copied when they are sent, and may be very different in length") {
  for (const auto& place : places(3)) {
    INFO(place.name);
    auto body = [](Peer& peer) -> Task<double> {
      auto box = peer.mailbox<Floats>();
      std::vector<float> values(100'000, 1.0f);
      box.send(peer.right(), values);
      std::fill(values.begin(), values.end(), 9.0f);
      box.send(peer.right(), Floats(values).first(2));
      box.send(peer.right(), {});
      co_await peer.sync();
      double sum = 0;
      for (const Floats message : box.received())
        for (const float value : message) sum += value;
      co_return sum + 1e6 * static_cast<double>(box.received(peer.left()).size());
    };
    for (const double sum : bsp::Engine(place.options).run_all(body)) CHECK(sum == 3e6 + 100'018);
  }
}

TEST_CASE("views in a team, and a rank that is none") {
  auto body = [](Peer& peer) -> Task<std::string> {
    auto team = co_await peer.split(peer.rank() % 2);
    auto box = team->mailbox<std::string_view>();
    box.send(team->right(), std::string(static_cast<std::size_t>(peer.rank() + 1), 'x'));
    co_await team->sync();
    const std::string got(*box.received().begin());
    co_return got +
        (refuses([&] { box.send(team->size(), "y"); }) && refuses([&] { (void)box.received(-1); }) ? "" : "?");
  };
  const auto got = bsp_test::engine_of(4).run_all(body);
  CHECK(got == std::vector<std::string>{"xxx", "xxxx", "x", "xx"});
}

TEST_CASE("elements without any length are an error as well") {
  auto body = [](Peer& peer) -> Task<> {
    if (peer.rank() == 0) {
      auto lengths = peer.mailbox<std::uint64_t>();
      bsp::Mailbox<char> values(peer, bsp::detail::Elements{});
      values.send(1, 'x');
      co_await peer.sync();
      co_return;
    }
    auto box = peer.mailbox<std::string_view>();
    co_await peer.sync();
    (void)box.received();
  };
  CHECK_THROWS_WITH(bsp_test::engine_of(2).run(body),
                    Catch::Matchers::Contains("peer 0 sent 1 elements for 0 messages of another length in all"));
}

TEST_CASE("lengths that do not belong to the elements are an error, not a read beyond them") {
  // Two mailboxes of another program text match the two of which this one is made.
  constexpr auto most = (std::numeric_limits<std::uint64_t>::max)();
  for (const std::vector<std::uint64_t>& lie : std::vector<std::vector<std::uint64_t>>{{4}, {6}, {most}, {most, 6}}) {
    auto body = [&lie](Peer& peer) -> Task<> {
      if (peer.rank() == 0) {
        auto lengths = peer.mailbox<std::uint64_t>();
        bsp::Mailbox<char> values(peer, bsp::detail::Elements{});
        lengths.send(1, std::span(lie));
        values.send(1, std::span<const char>("12345", 5));
        co_await peer.sync();
        co_return;
      }
      auto box = peer.mailbox<std::string_view>();
      co_await peer.sync();
      (void)box.received();
    };
    try {
      bsp_test::engine_of(2).run(body);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::parse);
      CHECK_THAT(error.what(), Catch::Matchers::Contains("peer 0 sent 5 elements for " + std::to_string(lie.size()) +
                                                         " messages of another length in all"));
      CHECK_THAT(error.what(), Catch::Matchers::Contains("bsp peer 1"));
    }
  }
}
