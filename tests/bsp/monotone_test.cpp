#include "scalar/bsp/arrays/monotone.hpp"

#include "bsp/outbox.hpp"
#include "bsp/places.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

TEST_CASE("every peer lowers any element, and after the barrier the lowest is there") {
  constexpr std::size_t size = 257;
  const auto body = [](Peer& peer) -> Task<bool> {
    bsp::Monotone<int> array(peer, size, [](std::size_t i) { return static_cast<int>(i) + 1000; });
    co_await peer.sync();
    bool right = array.size() == size;
    for (std::size_t i = 0; i < size; ++i) right = right && array[i] <= static_cast<int>(i) + 1000;
    for (int round = 20; round-- > 0;)
      for (std::size_t i = 0; i < size; ++i) {
        const int value = round * peer.size() + peer.rank() - static_cast<int>(i);
        const int before = array.lower(i, value);
        right = right && array[i] <= value && array[i] <= before;
      }
    co_await peer.sync();
    for (std::size_t i = 0; i < size; ++i) right = right && array[i] == -static_cast<int>(i);
    right = right && array.lower(3, 100) == -3 && array[3] == -3;
    co_return right;
  };
  for (const int peers : {1, 2, 3, 8})
    for (const auto& [name, options] : bsp_test::places(peers)) {
      INFO(name << ", " << peers << " peers");
      for (const bool right : bsp::Engine(options).run_all(body)) CHECK(right);
    }
}

TEST_CASE("of several who lower from the same value one succeeds") {
  constexpr std::size_t size = 5000;
  const auto body = [](Peer& peer) -> Task<std::int64_t> {
    bsp::Monotone<std::uint64_t> array(peer, size, [](std::size_t) { return 1000u; });
    co_await peer.sync();
    std::int64_t won = 0;
    for (std::size_t i = 0; i < size; ++i) won += array.lower(i, 1000u, static_cast<std::uint64_t>(peer.rank()));
    co_return co_await all_reduce(peer, won, std::plus{});
  };
  for (const auto& [name, options] : bsp_test::places(8)) {
    INFO(name);
    CHECK(bsp::Engine(options).run(body) == size);
  }
}

TEST_CASE("a plain store is seen after the barrier; floating point and no elements work") {
  const auto body = [](Peer& peer) -> Task<double> {
    bsp::Monotone<double> array(peer, 8, [](std::size_t) { return 9.0; });
    bsp::Monotone<float> none(peer, 0, [](std::size_t) { return 0.0f; });
    co_await peer.sync();
    array.set(static_cast<std::size_t>(peer.rank()), -1.5);
    array.settle(static_cast<std::size_t>(peer.rank()) + 4, 0.25);
    co_await peer.sync();
    double sum = 0;
    for (std::size_t i = 0; i < array.size(); ++i) sum += array[i];
    co_return sum + static_cast<double>(none.size());
  };
  CHECK(bsp_test::engine_of(4).run_all(body) == std::vector<double>(4, -5.0));
}

TEST_CASE("arrays of different sizes are an error") {
  const auto body = [](Peer& peer) -> Task<> {
    bsp::Monotone<int> array(peer, static_cast<std::size_t>(peer.rank()) + 5, [](std::size_t) { return 0; });
    co_await peer.sync();
  };
  CHECK_THROWS_WITH(bsp_test::engine_of(2).run(body), Catch::Matchers::Contains("an array that all peers share"));
}

namespace {

using bsp::Placement;
using bsp::detail::World;

}  // namespace

TEST_CASE("what one process lowers reaches another") {
  using Channel = bsp::detail::MonotoneChannel<float, bsp::KeepLowest>;
  World here_world(Placement::even(2, 2, 0)), there_world(Placement::even(2, 2, 1));
  Channel here(here_world), there(there_world);
  float* const ours = here.open(0, 4);
  float* const theirs = there.open(1, 4);
  const auto lower = [](Channel& channel, float* values, int rank, std::size_t index, float value) {
    values[index] = value;
    channel.log(rank)->push_back(index);
  };
  lower(here, ours, 0, 0, -1), lower(here, ours, 0, 1, -5), lower(here, ours, 0, 1, -6);
  lower(there, theirs, 1, 1, -2), lower(there, theirs, 1, 3, -3);
  bsp_test::CopyingOutbox from_here, from_there;
  here.collect(0, from_here), there.collect(0, from_there);
  from_here.deliver(0, there), from_there.deliver(0, here);
  const std::vector<float> expected{-1, -6, 0, -3};
  CHECK(std::vector<float>(ours, ours + 4) == expected);
  CHECK(std::vector<float>(theirs, theirs + 4) == expected);
  here.collect(1, from_here);  // it is told once
  CHECK(from_here.parts.empty());

  World alone(Placement(3));
  Channel local(alone);
  CHECK(local.log(2) == nullptr);
}

TEST_CASE("lowered elements that cannot be are refused") {
  using Channel = bsp::detail::MonotoneChannel<float, bsp::KeepLowest>;
  World world(Placement::even(2, 2, 0));
  Channel channel(world);
  channel.open(0, 4);
  const auto refused = [&](std::uint64_t index, std::uint64_t count, std::size_t bytes) {
    std::vector<std::byte> data(bytes);
    if (bytes >= sizeof index) std::memcpy(data.data(), &index, sizeof index);
    try {
      channel.deliver(0, {1, -1, count, data});
    } catch (const Error& error) {
      return error.code();
    }
    return Errc::ok;
  };
  CHECK(refused(3, 1, sizeof(Channel::Entry)) == Errc::ok);
  CHECK(refused(4, 1, sizeof(Channel::Entry)) == Errc::parse);
  CHECK(refused(3, 2, sizeof(Channel::Entry)) == Errc::parse);
  CHECK(refused(3, 1, sizeof(Channel::Entry) - 1) == Errc::parse);
}
