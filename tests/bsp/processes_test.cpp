#include "scalar/bsp/processes/transport.hpp"

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bsp/loopback.hpp"
#include "bsp/places.hpp"
#include "bsp/world/wire.hpp"
#include "scalar/bsp.hpp"
#include "scalar/bsp/processes/process_lost.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;
using bsp_test::host_threads;
using bsp_test::in_processes;
using Catch::Matchers::Contains;

namespace {

bsp::EngineOptions options_of(int peers) { return {.peers = peers, .workers = 2, .executor = &host_threads()}; }

}  // namespace

TEST_CASE("messages cross processes in the order of source and sending") {
  for (const int processes : {1, 2, 3, 4})
    for (const int peers : {4, 5, 9})
      in_processes(processes, options_of(peers), [&](bsp::Engine& engine, int) {
        auto body = [](Peer& peer) -> Task<int> {
          auto numbers = peer.mailbox<int>();
          auto texts = peer.mailbox<std::string>();
          int wrong = 0;
          for (int step = 0; step < 5; ++step) {
            for (int to = 0; to < peer.size(); ++to)
              for (int k = 0; k <= step; ++k) {
                numbers.send(to, 1000 * peer.rank() + 10 * step + k);
                texts.emplace(to, std::to_string(peer.rank()) + std::string(40, 'x'));
              }
            co_await peer.sync();
            std::vector<int> got, expected;
            for (const int number : numbers.received()) got.push_back(number);
            int texts_seen = 0;
            for (const std::string& text : texts.received())
              wrong += text != std::to_string(texts_seen++ / (step + 1)) + std::string(40, 'x');
            for (int from = 0; from < peer.size(); ++from)
              for (int k = 0; k <= step; ++k) expected.push_back(1000 * from + 10 * step + k);
            wrong += got != expected || texts_seen != peer.size() * (step + 1);
          }
          co_return wrong;
        };
        const std::vector<int> all = engine.run_all(body);
        const std::lock_guard lock(bsp_test::checks());
        for (const int wrong : all) CHECK(wrong == 0);
      });
}

TEST_CASE("collectives have the same bits in one process and in several") {
  auto rough = [](int rank, std::size_t i) { return 1.0 / (1 + rank * 31 + static_cast<double>(i)); };
  for (const int peers : {1, 2, 3, 5, 8, 13}) {
    auto body = [&](Peer& peer) -> Task<std::vector<double>> {
      std::vector<double> all;
      for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{9}, std::size_t{3001}}) {
        std::vector<double> values(size);
        for (std::size_t i = 0; i < size; ++i) values[i] = rough(peer.rank(), i);
        co_await all_reduce(peer, std::span(values), std::plus{});
        all.insert(all.end(), values.begin(), values.end());
        const int root = peer.size() - 1;
        co_await reduce(peer, std::span(values), std::minus{}, root);
        all.insert(all.end(), values.begin(), values.end());
        co_await broadcast(peer, std::span(values), root / 2);
        all.insert(all.end(), values.begin(), values.end());
      }
      all.push_back(co_await all_reduce(peer, rough(peer.rank(), 7), std::plus{}));
      all.push_back(co_await reduce(peer, rough(peer.rank(), 8), std::minus{}, peer.size() / 2));
      all.push_back(co_await broadcast(peer, rough(peer.rank(), 9), peer.size() / 2));
      co_return all;
    };
    const std::vector<std::vector<double>> expected = bsp::Engine({.peers = peers, .workers = 1}).run_all(body);
    for (const int processes : {2, 3, 4}) {
      if (processes > peers) continue;
      INFO(peers << " peers in " << processes << " processes");
      std::atomic<int> seen{0};
      std::atomic<bool> right{true};
      in_processes(processes, options_of(peers), [&](bsp::Engine& engine, int process) {
        std::size_t rank =
            static_cast<std::size_t>(peers) * static_cast<std::size_t>(process) / static_cast<std::size_t>(processes);
        for (const std::vector<double>& got : engine.run_all(body)) right = right && got == expected[rank++], ++seen;
      });
      CHECK(right);
      CHECK(seen == peers);
    }
  }
}

TEST_CASE("an error reaches the peers of all processes") {
  std::atomic<int> told{0}, thrown{0};
  auto body = [&](Peer& peer) -> Task<> {
    for (int step = 0;; ++step) {
      if (step == 3 && peer.rank() == 4) throw Error(Errc::parse, "four", "here");
      try {
        co_await peer.sync();
      } catch (const bsp::Aborted& aborted) {
        told += aborted.rank() == 4 && aborted.superstep() == 3;
        throw;
      }
    }
  };
  in_processes(3, options_of(7), [&](bsp::Engine& engine, int) {
    for (int run = 0; run < 2; ++run) try {
        engine.run(body);
      } catch (const Error& error) {
        thrown += error.code() == Errc::parse && std::string(error.what()) == "here: four";
      }
  });
  CHECK(told == 2 * 6);
  CHECK(thrown == 2 * 3);
}

TEST_CASE("who swallows Aborted and sends on is told again before the memory of frames moves") {
  std::atomic<int> told{0};
  auto body = [&](Peer& peer) -> Task<> {
    auto box = peer.mailbox<int>();
    for (int step = 0;; ++step) {
      if (step == 2 && peer.rank() == 3) throw Error(Errc::parse, "three", "here");
      for (int to = 0; to < peer.size(); ++to) box.send(to, step);
      try {
        co_await peer.sync();
      } catch (const bsp::Aborted&) {
        try {
          for (int k = 0; k < 100'000; ++k) box.send(0, k);
        } catch (const bsp::Aborted&) {
          ++told;
        }
        throw;
      }
    }
  };
  in_processes(2, options_of(4), [&](bsp::Engine& engine, int) {
    try {
      engine.run(body);
    } catch (const Error&) {
    }
  });
  CHECK(told == 3);
}

TEST_CASE("peers of different processes at different collectives end the run with one sentence") {
  std::vector<std::string> texts(3);
  auto texts_of = [&](auto body) {
    in_processes(3, options_of(6), [&](bsp::Engine& engine, int process) {
      try {
        engine.run(body);
      } catch (const Error& error) {
        texts[static_cast<std::size_t>(process)] = error.what();
      }
    });
    CHECK(texts[1] == texts[0]);
    CHECK(texts[2] == texts[0]);
    return texts[0];
  };
  CHECK(texts_of([](Peer& peer) -> Task<> {
          if (peer.rank() >= 4) co_await all_reduce(peer, 1, std::plus{});
          co_await peer.sync();
        }) == "bsp superstep 0: peers are at different collectives: peer 0 is in sync, peer 4 is in all_reduce");
  CHECK(texts_of([](Peer& peer) -> Task<> {
          if (peer.rank() >= 4) co_return;
          co_await all_reduce(peer, 1, std::plus{});
        }) == "bsp superstep 0: peers are at different collectives: peer 0 is in all_reduce, peer 4 has returned");
  CHECK(texts_of([](Peer& peer) -> Task<> {
          if (peer.rank() >= 4)
            co_await all_reduce(peer, 1.0, std::plus{});
          else
            co_await all_reduce(peer, 1, std::plus{});
        }) ==
        "bsp superstep 0: peers are at different collectives: peer 0 is in all_reduce, peer 4 is in all_reduce "
        "of another type or operation");
}

TEST_CASE("a process that dies ends the run in all others with ProcessLost") {
  auto board = std::make_shared<bsp_test::Switchboard>(3);
  std::atomic<int> lost{0}, told{0};
  std::vector<std::thread> threads;
  for (int process = 0; process < 3; ++process)
    threads.emplace_back([&, process] {
      auto transport = std::make_shared<bsp_test::Loopback>(board, process);
      if (process == 2) return transport->die();
      bsp::EngineOptions options = options_of(6);
      options.transport = transport;
      try {
        bsp::Engine(options).run([&](Peer& peer) -> Task<> {
          try {
            co_await peer.sync();
          } catch (const bsp::Aborted& aborted) {
            told += aborted.rank() == 4;
            throw;
          }
        });
      } catch (const bsp::ProcessLost& error) {
        lost += error.process() == 2 &&
                std::string(error.what()) == "bsp superstep 0: process 2 with peers 4 to 5 is lost: it was told to go";
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(lost == 2);
  CHECK(told == 4);
}

TEST_CASE("an error has the same code, context and message in all processes") {
  std::atomic<int> alike{0};
  in_processes(3, options_of(3), [&](bsp::Engine& engine, int) {
    try {
      engine.run([](Peer& peer) -> Task<> {
        if (peer.rank() == 1) throw Error(Errc::out_of_range, "row 7", "table");
        co_await peer.sync();
      });
    } catch (const Error& error) {
      alike += error.code() == Errc::out_of_range && error.message() == "row 7" && error.context() == "table";
    }
  });
  CHECK(alike == 3);
}

TEST_CASE("exhausted memory is the same error in all processes") {
  const auto message_in = [](int processes, auto body) {
    std::vector<std::string> messages(static_cast<std::size_t>(processes));
    const auto run = [&](const bsp::Engine& engine, int process) {
      std::string& message = messages[static_cast<std::size_t>(process)];
      try {
        engine.run(body);
        message = "no error";
      } catch (const Error& error) {
        message = std::string(name(error.code())) + ": " + error.what();
      }
    };
    if (processes == 1) {
      run(bsp::Engine(options_of(3)), 0);
    } else {
      in_processes(processes, options_of(3), run);
    }
    for (const std::string& message : messages)
      if (message != messages[0]) return "not alike: " + messages[0] + "; " + message;
    return messages[0];
  };
  // Told by the barrier, and at once, since the others wait for a clock.
  auto at_barrier = [](Peer& peer) -> Task<> {
    co_await peer.sync();
    if (peer.rank() == 1) throw std::bad_alloc();
    co_await peer.sync();
  };
  auto at_clock = [](Peer& peer) -> Task<> {
    co_await peer.sync();
    bsp::StaleClock clock(peer, {.staleness = 0});
    if (peer.rank() == 1) throw std::bad_alloc();
    for (int tick = 0; tick < 3; ++tick) co_await clock.tick();
  };
  const std::string expected = "resource_exhausted: bsp superstep 1: there is no memory for what peer 1 has asked for";
  for (const int processes : {1, 3}) {
    CHECK(message_in(processes, at_barrier) == expected);
    CHECK(message_in(processes, at_clock) == expected);
  }
}

TEST_CASE("two functions of the same type are two operations in other processes as well") {
  auto body = [](Peer& peer) -> Task<int> {
    if (peer.rank() < 2) co_return co_await all_reduce(peer, peer.rank(), [](int a, int b) { return a + b; });
    co_return co_await all_reduce(peer, peer.rank(), [](int a, int b) { return a * b; });
  };
  for (const int processes : {1, 2}) {
    INFO(processes << " processes");
    CHECK_THROWS_WITH(in_processes(processes, options_of(4), [&](bsp::Engine& engine, int) { engine.run(body); }),
                      Contains("of another type or operation"));
  }
}

TEST_CASE("a vector collective that cannot begin frees nothing that others read") {
  auto body = [](Peer& peer) -> Task<> {
    std::vector<double> values(1 << 16, 1.0);
    std::optional<bsp::Mailbox<int>> odd;
    if (peer.rank() == 0) odd.emplace(peer);
    co_await all_reduce(peer, std::span(values), std::plus{});
  };
  for (int repeat = 0; repeat < 10; ++repeat)
    CHECK_THROWS_WITH(in_processes(2, options_of(8), [&](bsp::Engine& engine, int) { engine.run(body); }),
                      Contains("Mailbox<"));
}

TEST_CASE("what a frame says of messages is checked before it is believed") {
  enum class Lie { everybody, nothing, no_values };
  /// A process that sends one thing and says another.
  struct Liar final : bsp_test::Loopback {
    Liar(std::shared_ptr<bsp_test::Switchboard> board, int process, Lie told)
        : Loopback(std::move(board), process), lie(told) {}
    void send(int to, std::span<const std::span<const std::byte>> parts, std::shared_ptr<const void>) override {
      auto frame = std::make_shared<bsp::Buffer>(joined(parts));
      bsp::detail::BarrierHead head;
      if (frame->size() >= sizeof head) std::memcpy(&head, frame->data(), sizeof head);
      if (frame->size() >= sizeof head && head.envelope.kind == bsp::detail::Envelope::frame_of_port) change(*frame);
      const std::span<const std::byte> all = frame->bytes();
      Loopback::send(to, std::span(&all, 1), frame);
    }
    static bsp::Buffer joined(std::span<const std::span<const std::byte>> parts) {
      std::size_t size = 0;
      for (const auto& part : parts) size += part.size();
      bsp::Buffer frame(size);
      std::byte* at = frame.data();
      for (const auto& part : parts) at = std::copy(part.begin(), part.end(), at);
      return frame;
    }
    void change(bsp::Buffer& frame) const {
      const auto decoded = bsp::detail::BarrierFrame::decode(frame.bytes());
      if (lie == Lie::no_values && decoded.head.collective != 0) {
        bsp::detail::BarrierHead head = decoded.head;
        head.value_bytes = 0;
        std::memcpy(frame.data(), &head, sizeof head);
      }
      if (lie == Lie::no_values || decoded.segments.empty()) return;
      auto& entry = const_cast<bsp::detail::SegmentEntry&>(decoded.segments.front());
      if (lie == Lie::everybody) entry.destination = -1;
      if (lie == Lie::nothing) entry.count = entry.bytes = 0;
    }
    Lie lie;
  };
  auto body = [](Peer& peer) -> Task<int> {
    auto box = peer.mailbox<int>();
    if (peer.rank() >= 2) box.send(0, 5);
    co_await peer.sync();
    int sum = 0;
    for (const int value : box.received()) sum += value;
    co_return co_await all_reduce(peer, sum, std::plus{});
  };
  for (const auto& [lie, text] : {std::pair{Lie::everybody, "messages of 4 bytes"},
                                  {Lie::nothing, "0 bytes for 0 messages"},
                                  {Lie::no_values, "value bytes is 0, expected"}}) {
    auto board = std::make_shared<bsp_test::Switchboard>(2);
    std::string errors[2];
    {
      std::vector<std::jthread> threads;
      for (const int process : {0, 1})
        threads.emplace_back([&, process, told = lie] {
          bsp::EngineOptions options{.peers = 4, .workers = 1};
          if (process == 0) options.transport = std::make_shared<bsp_test::Loopback>(board, process);
          if (process == 1) options.transport = std::make_shared<Liar>(board, process, told);
          try {
            bsp::Engine(options).run(body);
          } catch (const Error& error) {
            errors[process] = error.what();
          }
        });
    }
    CHECK_THAT(errors[0], Contains(text));
    CHECK_THAT(errors[0], Contains("bsp superstep ") && Contains(": process 1 sent a bad frame: "));
    CHECK_THAT(errors[1], Contains(": process 1 sent a bad frame: "));
  }
}
