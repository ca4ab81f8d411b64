#include "scalar/bsp/detail/mailbox_memory.hpp"

#include <cstdint>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "bsp/places.hpp"
#include "scalar/bsp.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

TEST_CASE("messages beyond the cap lie in files, and are read as a span") {
  test::TemporaryDirectory directory;
  for (auto& place : bsp_test::places(4)) {
    INFO(place.name);
    place.options.resources = {.mailbox_bytes = 1 << 20, .spill_directory = directory.path()};
    auto body = [](Peer& peer) -> Task<int> {
      auto box = peer.mailbox<std::uint64_t>();
      int wrong = 0;
      for (int step = 0; step < 4; ++step) {
        for (int to = 0; to < peer.size(); ++to)
          for (std::uint64_t i = 0; i < 100'000; ++i) box.send(to, i * 8 + static_cast<std::uint64_t>(peer.rank()));
        co_await peer.sync();
        for (int from = 0; from < peer.size(); ++from) {
          const std::span<const std::uint64_t> values = box.received(from);
          wrong += values.size() != 100'000;
          for (std::uint64_t i = 0; i < values.size(); ++i)
            wrong += values[i] != i * 8 + static_cast<std::uint64_t>(from);
        }
        if (peer.rank() == 0) wrong += peer.world().memory()->spilled_bytes() < (8u << 20);
      }
      co_return wrong;
    };
    for (const int wrong : bsp::Engine(place.options).run_all(body)) CHECK(wrong == 0);
    CHECK(std::filesystem::is_empty(directory.path()));
  }
}

TEST_CASE("memory below the cap, small blocks and what may not spill stay in the heap") {
  bsp::detail::MailboxMemory memory(1 << 20, {});
  const std::align_val_t alignment{64};
  void* first = memory.allocate(1 << 20, alignment, true);
  CHECK(memory.spilled_bytes() == 0);
  void* small = memory.allocate(100, alignment, true);
  void* kept = memory.allocate(1 << 20, alignment, false);
  CHECK(memory.spilled_bytes() == 0);
  void* spilled = memory.allocate(1 << 20, alignment, true);
  CHECK(memory.spilled_bytes() == 1 << 20);
  static_cast<char*>(spilled)[4096] = 7;
  memory.settle();
  CHECK(static_cast<char*>(spilled)[4096] == 7);
  memory.release(spilled, 1 << 20, alignment);
  CHECK(memory.spilled_bytes() == 0);
  memory.release(first, 1 << 20, alignment), memory.release(small, 100, alignment);
  memory.release(kept, 1 << 20, alignment);
}

TEST_CASE("no room for messages is an error that names the directory") {
  bsp::EngineOptions options{
      .peers = 2, .workers = 1, .resources = {.mailbox_bytes = 1, .spill_directory = "/nowhere/at/all"}};
  auto body = [](Peer& peer) -> Task<> {
    auto box = peer.mailbox<double>();
    const std::vector<double> values(100'000);
    box.send(peer.right(), std::span(values));
    co_await peer.sync();
  };
  std::string text;
  try {
    bsp::Engine(options).run(body);
  } catch (const Error& error) {
    text = error.what();
    CHECK(error.code() == Errc::io);
  }
  CHECK(text.find("/nowhere/at/all: cannot create a file for messages") != std::string::npos);
}
