#include "scalar/bsp/messages/sorted.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <ranges>
#include <string>
#include <vector>

#include "bsp/everywhere.hpp"
#include "scalar/bsp/detail/mailbox_memory.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

namespace {

/// Few keys, so that many messages are equal in all but their `order`.
struct Message {
  std::uint32_t key = 0, order = 0;
  friend bool operator==(const Message&, const Message&) = default;
};
constexpr auto by_key = [](const Message& a, const Message& b) { return a.key < b.key; };

void send(bsp::Mailbox<Message>& box, int rank, int peers, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i)
    box.send(static_cast<int>(i % static_cast<std::uint32_t>(peers)),
             {(i * 2654435761u + static_cast<std::uint32_t>(rank)) >> 16 & 63, i});
}

std::vector<Message> stable_sorted(const bsp::Mailbox<Message>& box) {
  std::vector<Message> all;
  for (const Message& message : box.received()) all.push_back(message);
  std::stable_sort(all.begin(), all.end(), by_key);
  return all;
}

}  // namespace

TEST_CASE("messages come sorted, equal ones in the order of sources and sending") {
  const auto body = [](Peer& peer) -> Task<int> {
    int wrong = 0;
    auto box = peer.mailbox<Message>();
    for (const std::uint32_t count : {0u, 1u, 2u, 300u, 5000u})
      for (const std::size_t part_bytes : {std::size_t{0}, std::size_t{24}, std::size_t{1} << 20}) {
        if (part_bytes == 0 && count > 300) continue;  // a part a message
        send(box, peer.rank(), peer.size(), count * static_cast<std::uint32_t>(peer.rank() % 3));
        co_await peer.sync();
        const std::vector<Message> expected = stable_sorted(box);
        const auto range = bsp::sorted(box, by_key, part_bytes);
        for (int again = 0; again < 2; ++again) {
          std::vector<Message> seen;
          for (const Message& message : range) seen.push_back(message);
          wrong += seen != expected;
        }
      }
    co_return wrong;
  };
  bsp_test::run_everywhere(body, [](const std::vector<int>& wrong, const std::string& where) {
    INFO(where);
    CHECK(std::ranges::all_of(wrong, [](int count) { return count == 0; }));
  });
}

TEST_CASE("sorted messages can be moved from as they come") {
  const auto texts = bsp::Engine({.peers = 3, .workers = 1}).run([](Peer& peer) -> Task<std::vector<std::string>> {
    auto box = peer.mailbox<std::unique_ptr<std::string>>();
    for (int i = 0; i < 50; ++i)
      box.send(0, std::make_unique<std::string>(std::to_string((i * 37 + peer.rank()) % 50) + " of many"));
    co_await peer.sync();
    std::vector<std::string> all;
    const auto less = [](const auto& a, const auto& b) { return *a < *b; };
    for (auto& text : bsp::sorted(box, less, 5 * sizeof(void*)))
      all.push_back(std::move(*std::exchange(text, nullptr)));
    co_return all;
  });
  CHECK(texts.size() == 150);
  CHECK(std::ranges::is_sorted(texts));
  CHECK(std::ranges::count(texts, "7 of many") == 3);
}

TEST_CASE("messages that lie in files are sorted there") {
  const test::TemporaryDirectory directory;
  const bsp::EngineOptions options{
      .peers = 2, .workers = 1, .resources = {.mailbox_bytes = 1, .spill_directory = directory.path()}};
  const auto right = bsp::Engine(options).run_all([](Peer& peer) -> Task<int> {
    auto box = peer.mailbox<Message>();
    send(box, peer.rank(), peer.size(), 400'000);
    co_await peer.sync();
    const bool is_spilled = peer.world().memory()->spilled_bytes() > 3'000'000;
    const std::vector<Message> expected = stable_sorted(box);
    co_return is_spilled&& std::ranges::equal(bsp::sorted(box, by_key, 50'000), expected);
  });
  CHECK(right == std::vector<int>{1, 1});
}

TEST_CASE("sorted messages are a range of the standard's, by < unless told") {
  using Range = decltype(bsp::sorted(std::declval<const bsp::Mailbox<double>&>()));
  STATIC_REQUIRE(std::ranges::input_range<Range>);
  const auto first = bsp::Engine({.peers = 2, .workers = 1}).run([](Peer& peer) -> Task<double> {
    auto box = peer.mailbox<double>();
    for (const double value : {2.5, -1.0, 7.0}) box.send(0, value * (peer.rank() + 1));
    co_await peer.sync();
    double sum = 0;
    for (const double value : bsp::sorted(box) | std::views::take(2)) sum += value;
    co_return sum;
  });
  CHECK(first == -3.0);
}
