#include "scalar/bsp/arrays/replicated.hpp"

#include <mutex>
#include <optional>
#include <string>

#include "bsp/loopback.hpp"
#include "bsp/outbox.hpp"
#include "bsp/places.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

namespace {

/// What the run throws, as text; the code is checked.
template <class Body>
std::string mistake_of(int peers, Errc code, Body body) {
  try {
    bsp_test::engine_of(peers).run(body);
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("even shares cover an array in rank order and differ by one at most") {
  for (const std::size_t size : {0u, 1u, 7u, 64u, 1000003u})
    for (const int peers : {1, 2, 3, 8, 17}) {
      std::size_t end = 0;
      for (int rank = 0; rank < peers; ++rank) {
        const Range share = even_part(size, static_cast<std::size_t>(rank), static_cast<std::size_t>(peers));
        REQUIRE(share.begin == end);
        REQUIRE(share.size() * static_cast<std::size_t>(peers) + static_cast<std::size_t>(peers) > size);
        REQUIRE(share.size() <= size / static_cast<std::size_t>(peers) + 1);
        end = share.end;
      }
      REQUIRE(end == size);
    }
  constexpr std::size_t huge = ~std::size_t{0};
  CHECK(even_part(huge, 6, 7).end == huge);
}

// Each element becomes the sum of its neighbors on a ring: an error in versions or shares shows at once.
TEST_CASE("every peer reads the version that all have published last") {
  constexpr std::size_t size = 1000;
  constexpr int steps = 20;
  std::vector<std::uint64_t> expected(size);
  for (std::size_t i = 0; i < size; ++i) expected[i] = i;
  for (int step = 0; step < steps; ++step) {
    const std::vector<std::uint64_t> before = expected;
    for (std::size_t i = 0; i < size; ++i) expected[i] = before[(i + size - 1) % size] + before[(i + 1) % size];
  }
  const auto body = [&](Peer& peer) -> Task<bool> {
    bsp::Replicated<std::uint64_t> array(peer, size);
    const Range share = array.share();
    bool right = array.size() == size && array[size - 1] == 0;
    for (std::size_t i = share.begin; i < share.end; ++i) array.next()[i - share.begin] = i;
    array.publish();
    co_await peer.sync();
    for (int step = 0; step < steps; ++step) {
      if (step % 3 == 0) co_await peer.sync();  // a superstep in which nobody publishes changes nothing
      for (std::size_t i = share.begin; i < share.end; ++i)
        array.next()[i - share.begin] = array[(i + size - 1) % size] + array[(i + 1) % size];
      array.publish();
      array.publish();  // again is the same
      co_await peer.sync();
    }
    right = right && std::equal(expected.begin(), expected.end(), array.values().begin());
    co_return right;
  };
  for (const int peers : {1, 2, 3, 8})
    for (const auto& [name, options] : bsp_test::places(peers)) {
      INFO(name << ", " << peers << " peers");
      for (const bool right : bsp::Engine(options).run_all(body)) CHECK(right);
    }
}

TEST_CASE("shares may be given, empty ones too") {
  const auto shares = std::vector<Range>{{0, 0}, {0, 5}, {5, 5}, {5, 6}};
  const auto body = [&](Peer& peer) -> Task<int> {
    bsp::Replicated<int> array(peer, 6, shares[static_cast<std::size_t>(peer.rank())]);
    for (int& element : array.next()) element = peer.rank();
    array.publish();
    co_await peer.sync();
    int sum = 0;
    for (const int element : array.values()) sum += element;
    co_return sum;
  };
  CHECK(bsp_test::engine_of(4).run_all(body) == std::vector<int>{8, 8, 8, 8});
}

TEST_CASE("an array of no elements, and arrays one after the other") {
  const auto body = [](Peer& peer) -> Task<float> {
    {
      bsp::Replicated<float> none(peer, 0);
      none.publish();
      co_await peer.sync();
      if (!none.values().empty()) co_return -1.0f;
    }
    float sum = 0;
    for (const std::size_t size : {10u, 3u, 1000u}) {
      bsp::Replicated<float> array(peer, size);
      for (const float element : array.values()) sum += element;  // zero, whatever was there before
      for (float& element : array.next()) element = 1;
      array.publish();
      co_await peer.sync();
      sum += array[size - 1];
      co_await peer.sync();
    }
    co_return sum;
  };
  CHECK(bsp_test::engine_of(3).run(body) == 3);
}

TEST_CASE("arrays and mailboxes are matched by order of creation") {
  const auto body = [](Peer& peer) -> Task<int> {
    auto before = peer.mailbox<int>();
    bsp::Replicated<int> array(peer, 4);
    auto after = peer.mailbox<int>();
    before.send(peer.right(), 1);
    after.send(peer.right(), 10);
    for (int& element : array.next()) element = 100;
    array.publish();
    co_await peer.sync();
    co_return before.received(peer.left())[0] + after.received(peer.left())[0] + array[0] + array[3];
  };
  CHECK(bsp_test::engine_of(2).run_all(body) == std::vector<int>{211, 211});
}

TEST_CASE("misuse of a replicated array is an error that says what") {
  const auto sizes = [](Peer& peer) -> Task<> {
    bsp::Replicated<int> array(peer, peer.rank() == 1 ? 6 : 5);
    co_await peer.sync();
  };
  CHECK_THAT(mistake_of(2, Errc::shape_mismatch, sizes), Catch::Matchers::Contains("elements"));
  const auto gap = [](Peer& peer) -> Task<> {
    bsp::Replicated<int> array(peer, 10, peer.rank() == 0 ? Range{0, 4} : Range{5, 10});
    co_await peer.sync();
  };
  CHECK(mistake_of(2, Errc::shape_mismatch, gap) ==
        "bsp: peers' shares of an array do not follow each other: the one before ends at 4, the share of peer 1 begins "
        "at 5");
  const auto outside = [](Peer& peer) -> Task<> {
    bsp::Replicated<int> array(peer, 10, Range{0, 11});
    co_await peer.sync();
  };
  CHECK(mistake_of(1, Errc::out_of_range, outside) ==
        "bsp peer 0: the share of an array is [0, 11), expected one of [0, 10)");
  const auto half = [](Peer& peer) -> Task<> {
    bsp::Replicated<int> array(peer, 10);
    if (peer.rank() != 1) array.publish();
    co_await peer.sync();
  };
  CHECK(mistake_of(3, Errc::invalid_argument, half) ==
        "bsp: replicated array: 2 of 3 peers have published, expected none or all");
  const auto types = [](Peer& peer) -> Task<> {
    if (peer.rank() == 0) {
      bsp::Replicated<int> array(peer, 10);
      co_await peer.sync();
    } else {
      auto box = peer.mailbox<int>();
      co_await peer.sync();
    }
  };
  CHECK_THAT(mistake_of(2, Errc::type_mismatch, types), Catch::Matchers::Contains("Replicated<int>"));
  const auto huge = [](Peer& peer) -> Task<> {
    bsp::Replicated<double> array(peer, ~std::size_t{0} / 2);
    co_await peer.sync();
  };
  CHECK_THROWS_WITH(bsp_test::engine_of(1).run(huge),
                    "bsp superstep 0: there is no memory for what peer 0 has asked for");
}

TEST_CASE("what one process publishes comes to its place in another") {
  using Channel = bsp::detail::ReplicatedChannel<double>;
  using bsp::Placement;
  using bsp::detail::World;
  World here_world(Placement({0, 1, 3}, 0)), there_world(Placement({0, 1, 3}, 1));
  Channel here(here_world), there(there_world);
  const Range shares[] = {{0, 2}, {2, 2}, {2, 5}};
  here.open(0, 5, shares[0]);
  there.open(1, 5, shares[1]);
  there.open(2, 5, shares[2]);
  bsp_test::CopyingOutbox out;
  for (std::uint64_t superstep = 7; superstep < 12; ++superstep) {
    const unsigned next = (superstep - 6) & 1;
    const auto value = [&](std::size_t i) { return static_cast<double>(superstep * 10 + i); };
    for (std::size_t i = 0; i < 2; ++i) here.version(next)[i] = value(i);
    for (std::size_t i = 2; i < 5; ++i) there.version(next)[i] = value(i);
    here.publish(0, superstep), there.publish(1, superstep), there.publish(2, superstep);
    here.collect(superstep, out), out.deliver(superstep, there);
    there.collect(superstep, out);
    for (const auto& part : out.parts) CHECK(part.destination == -1);
    out.deliver(superstep, here);
    for (std::size_t i = 0; i < 5; ++i)
      CHECK((here.version(next)[i] == value(i) && there.version(next)[i] == value(i)));
    CHECK(here.published(superstep) == (superstep - 5) / 2 * 3);
    CHECK(there.published(superstep) == here.published(superstep));
    here.set_current(next), there.set_current(next);
    here.collect(superstep + 1, out);  // nothing more was published
    CHECK(out.parts.empty());
  }
}

TEST_CASE("parts of an array that cannot be are refused") {
  using Channel = bsp::detail::ReplicatedChannel<int>;
  bsp::detail::World world(bsp::Placement::even(2, 2, 0));
  Channel channel(world);
  channel.open(0, 4, {0, 2});
  const auto refused = [&](std::uint64_t count, std::vector<std::byte> bytes) {
    try {
      channel.deliver(0, {1, -1, count, bytes});
    } catch (const Error& error) {
      return error.code();
    }
    return Errc::ok;
  };
  const auto header = [](std::size_t begin, std::size_t end) {
    const Range share{begin, end};
    const auto bytes = std::as_bytes(std::span(&share, 1));
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  CHECK(refused(0, std::vector<std::byte>(15)) == Errc::parse);
  CHECK(refused(0, header(3, 5)) == Errc::out_of_range);
  CHECK(refused(0, header(3, 2)) == Errc::out_of_range);
  CHECK(refused(0, header(2, 4)) == Errc::ok);
  CHECK(refused(3, std::vector<std::byte>(12)) == Errc::parse);
  CHECK(refused(2, std::vector<std::byte>(9)) == Errc::parse);
  CHECK(refused(2, std::vector<std::byte>(8)) == Errc::ok);
}

TEST_CASE("a second array that some peers make later than others gets what was published for it") {
  auto body = [](Peer& peer) -> Task<int> {
    {
      bsp::Replicated<int> first(peer, 1000);
      first.publish();
      co_await peer.sync();
    }
    for (int step = 0; step < 6; ++step) co_await peer.sync();  // its channel is used again
    std::optional<bsp::Replicated<int>> second;
    if (peer.rank() < 2) second.emplace(peer, 1000), second->publish();
    co_await peer.sync();
    if (!second) second.emplace(peer, 1000);
    co_await peer.sync();
    co_return 1;
  };
  int ended = 0;
  bsp_test::in_processes(2, {.peers = 4, .workers = 1}, [&](bsp::Engine& engine, int) {
    try {
      engine.run(body);
    } catch (const Error& error) {  // it cannot be taken: that is said
      const std::lock_guard lock(bsp_test::checks());
      CHECK_FALSE(std::string(error.what()).empty());
    }
    const std::lock_guard lock(bsp_test::checks());
    ++ended;
  });
  CHECK(ended == 2);
}
