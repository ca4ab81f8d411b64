#include "scalar/bsp/mailbox.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "bsp/places.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;
using bsp_test::engine_of;
using bsp_test::places;

static_assert(std::forward_iterator<bsp::Received<int>::Iterator>);
static_assert(std::sentinel_for<std::default_sentinel_t, bsp::Received<int>::Iterator>);

TEST_CASE("messages arrive in the next superstep, and only then") {
  auto body = [](Peer& peer) -> Task<std::vector<int>> {
    std::vector<int> counts;
    auto box = peer.mailbox<int>();
    box.send(0, 5);
    counts.push_back(static_cast<int>(box.received().size()));
    for (int step = 0; step < 3; ++step) {
      co_await peer.sync();
      counts.push_back(static_cast<int>(box.received().size()));
    }
    co_return counts;
  };
  const auto counts = engine_of(3).run_all(body);
  CHECK(counts[0] == std::vector<int>{0, 3, 0, 0});
  CHECK(counts[1] == std::vector<int>{0, 0, 0, 0});
}

TEST_CASE("received is ordered by source, then by sending, whatever the schedule") {
  for (const int peers : {1, 2, 5, 17, 70}) {
    for (const auto& place : places(peers)) {
      INFO(place.name << ", " << peers << " peers");
      auto body = [](Peer& peer) -> Task<bool> {
        auto box = peer.mailbox<std::pair<int, int>>();
        bool right = true;
        for (int step = 0; step < 8; ++step) {
          for (int k = 0; k < 3 + step; ++k)
            for (int to = peer.size() - 1; to >= 0; --to)
              if ((peer.rank() + to + step) % 3 != 0) box.send(to, {peer.rank(), 100 * step + k});
          co_await peer.sync();
          std::vector<std::pair<int, int>> expected;
          for (int from = 0; from < peer.size(); ++from)
            for (int k = 0; k < 3 + step; ++k)
              if ((from + peer.rank() + step) % 3 != 0) expected.push_back({from, 100 * step + k});
          right = right &&
                  std::equal(expected.begin(), expected.end(), box.received().begin(),
                             [](auto& a, auto& b) { return a == b; }) &&
                  box.received().size() == expected.size() && box.received().empty() == expected.empty();
          for (int from = 0; from < peer.size(); ++from) {
            const bool sent = (from + peer.rank() + step) % 3 != 0;
            const auto values = box.received(from);
            right = right && values.size() == (sent ? 3u + static_cast<unsigned>(step) : 0u);
            for (const auto& value : values) right = right && value.first == from;
          }
        }
        co_return right;
      };
      const auto right = bsp::Engine(place.options).run_all(body);
      CHECK(std::count(right.begin(), right.end(), true) == peers);
    }
  }
}

TEST_CASE("peers may fall silent and speak to everybody again") {
  for (const int peers : {2, 5, 70, 130})
    for (const auto& place : places(peers)) {
      INFO(place.name << ", " << peers << " peers");
      const auto sends = [&](int from, int to, int step) {
        switch ((from + step / 4) % 4) {
          case 0:
            return true;  // to all
          case 1:
            return false;  // to nobody
          case 2:
            return to == (from + 1) % peers;  // to one
          default:
            return (from * 7 + to + step) % 3 != 0;
        }
      };
      auto body = [&](Peer& peer) -> Task<int> {
        auto box = peer.mailbox<int>();
        auto texts = peer.mailbox<std::string>();
        int wrong = 0;
        for (int step = 0; step < 24; ++step) {
          for (int to = 0; to < peers; ++to)
            for (int k = 0; sends(peer.rank(), to, step) && k < (to % 3 == 0 ? 40 : 2); ++k) {
              box.send(to, step * 1000 + peer.rank());
              texts.emplace(to, std::to_string(step));
            }
          co_await peer.sync();
          auto run = box.runs().begin();
          std::size_t strings = 0;
          for (int from = 0; from < peers; ++from) {
            if (!sends(from, peer.rank(), step)) continue;
            wrong += run == box.runs().end() || run->source != from || run->values.front() != step * 1000 + from ||
                     run->values.back() != step * 1000 + from;
            if (run != box.runs().end()) strings += (run++)->values.size();
          }
          wrong += run != box.runs().end();
          for (const std::string& text : texts.received()) wrong += text != std::to_string(step), --strings;
          wrong += strings != 0;
        }
        co_return wrong;
      };
      for (const int wrong : bsp::Engine(place.options).run_all(body)) CHECK(wrong == 0);
    }
}

TEST_CASE("a span is sent in order with single messages around it") {
  auto body = [](Peer& peer) -> Task<std::vector<float>> {
    auto box = peer.mailbox<float>();
    std::vector<float> many(1000);
    for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<float>(i);
    box.send(peer.right(), -1.0f);
    box.send(peer.right(), many);
    box.send(peer.right(), std::span(many).first(2));
    box.send(peer.right(), std::span<const float>());
    box.send(peer.right(), -2.0f);
    co_await peer.sync();
    co_return std::vector<float>(box.received(peer.left()).begin(), box.received(peer.left()).end());
  };
  for (const auto& got : engine_of(3).run_all(body)) {
    REQUIRE(got.size() == 1004);
    CHECK(got.front() == -1.0f);
    for (std::size_t i = 0; i < 1000; ++i) REQUIRE(got[i + 1] == static_cast<float>(i));
    CHECK(got[1001] == 0.0f);
    CHECK(got[1002] == 1.0f);
    CHECK(got[1003] == -2.0f);
  }
}

TEST_CASE("messages of types that own memory are moved") {
  auto body = [](Peer& peer) -> Task<std::string> {
    auto names = peer.mailbox<std::string>();
    auto vectors = peer.mailbox<std::vector<float>>();
    auto pointers = peer.mailbox<std::unique_ptr<int>>();
    std::string all, wrong;
    for (int step = 0; step < 5; ++step) {
      std::string text = "peer " + std::to_string(peer.rank()) + " with a text that is longer than a small string";
      const char* where = text.data();
      names.send(0, std::move(text));
      names.emplace(0, 3u, 'x');
      vectors.send(peer.right(), std::vector<float>(3, static_cast<float>(peer.rank())));
      pointers.send(peer.left(), std::make_unique<int>(peer.rank()));
      co_await peer.sync();
      if (peer.rank() == 0) {
        all.clear();
        if (names.received(0)[0].data() != where) wrong += "copied ";
        for (std::string& name : names.received()) all += name.substr(0, 6) + ",";
      }
      for (std::vector<float>& vector : vectors.received()) {
        const std::vector<float> taken = std::move(vector);
        if (taken != std::vector<float>(3, static_cast<float>(peer.left()))) wrong += "vector ";
      }
      for (auto& pointer : pointers.received())
        if (*pointer != peer.right()) wrong += "pointer ";
    }
    co_return wrong + all;
  };
  CHECK(engine_of(3).run_all(body) == std::vector<std::string>{"peer 0,xxx,peer 1,xxx,peer 2,xxx,", "", ""});
}

TEST_CASE("no message is destroyed twice or leaked, also when a run fails") {
  static std::atomic<int> alive{0};
  struct Counted {
    Counted() { ++alive; }
    Counted(const Counted&) { ++alive; }
    Counted(Counted&&) noexcept { ++alive; }
    ~Counted() { --alive; }
  };
  for (const int fail_at : {-1, 0, 1, 4}) {
    auto body = [&](Peer& peer) -> Task<> {
      auto box = peer.mailbox<Counted>();
      for (int step = 0; step < 6; ++step) {
        for (int k = 0; k < 10; ++k) box.send(k % peer.size(), Counted());
        if (step == fail_at && peer.rank() == 1) throw 1;
        co_await peer.sync();
      }
    };
    if (fail_at < 0) engine_of(4).run(body);
    if (fail_at >= 0) CHECK_THROWS_AS(engine_of(4).run(body), int);
    CHECK(alive == 0);
  }
}

TEST_CASE("messages to a returned peer are dropped, those of one that has just returned arrive") {
  auto body = [](Peer& peer) -> Task<long> {
    auto box = peer.mailbox<long>();
    long sum = 0;
    for (int step = 0; step < 40; ++step) {
      for (const long value : box.received()) sum += value;
      if (peer.rank() != 0 && step == peer.rank() % 13) co_return sum;
      for (int to = 0; to < peer.size(); ++to) box.send(to, 1);
      co_await peer.sync();
    }
    co_return sum;
  };
  for (const int peers : {1, 2, 7, 64, 200})
    for (const auto& place : places(peers)) {
      INFO(place.name << ", " << peers << " peers");
      long expected = 0;
      for (int step = 0; step < 39; ++step)
        for (int rank = 0; rank < peers; ++rank) expected += rank == 0 || step < rank % 13;
      CHECK(bsp::Engine(place.options).run(body) == expected);
    }
}

TEST_CASE("a rank that is none is refused, and the mailbox still works") {
  auto body = [](Peer& peer) -> Task<std::string> {
    auto box = peer.mailbox<int>();
    std::string texts;
    const auto refused = [&](auto use) {
      try {
        use();
        texts += "accepted\n";
      } catch (const Error& error) {
        texts += std::string(name(error.code())) + ": " + error.what() + "\n";
      }
    };
    refused([&] { box.send(-1, 1); });
    refused([&] { box.send((std::numeric_limits<int>::min)(), 1); });
    refused([&] { box.send(3, std::span<const int>()); });
    refused([&] { (void)box.received(7); });
    box.send(0, 1);
    co_await peer.sync();
    co_return texts + std::to_string(box.received().size());
  };
  CHECK(engine_of(3).run(body) ==
        "out_of_range: bsp peer 0: mailbox: rank is -1, expected 0 to 2\n"
        "out_of_range: bsp peer 0: mailbox: rank is -2147483648, expected 0 to 2\n"
        "out_of_range: bsp peer 0: mailbox: rank is 3, expected 0 to 2\n"
        "out_of_range: bsp peer 0: mailbox: rank is 7, expected 0 to 2\n"
        "3");
}

TEST_CASE("mailboxes made in different orders are an error") {
  for (const auto& place : places(2)) {
    INFO(place.name);
    auto body = [](Peer& peer) -> Task<> {
      if (peer.rank() == 0) {
        auto box = peer.mailbox<int>();
        co_await peer.sync();
      } else {
        auto box = peer.mailbox<double>();
        co_await peer.sync();
      }
    };
    try {
      bsp::Engine(place.options).run(body);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::type_mismatch);
      CHECK(std::string(error.message()).find("mailbox 0 is a Mailbox<") == 0);
      CHECK(std::string(error.message()).find("in the same order") != std::string::npos);
    }
  }
}

namespace {

Task<int> exchange(Peer& peer, int value) {
  auto box = peer.mailbox<int>();
  box.send(peer.right(), value);
  co_await peer.sync();
  co_return box.received(peer.left()).front();
}

}  // namespace

TEST_CASE("mailboxes of helpers come and go, and each gets its own messages only") {
  for (const auto& place : places(5)) {
    INFO(place.name);
    auto body = [](Peer& peer) -> Task<bool> {
      bool right = true;
      auto lasting = peer.mailbox<int>();
      for (int round = 0; round < 50; ++round) {
        lasting.send(peer.left(), -round);
        right = right && co_await exchange(peer, 100 * round + peer.rank()) == 100 * round + peer.left();
        right = right && lasting.received().size() == 1 && *lasting.received().begin() == -round;
        {
          auto unread = peer.mailbox<int>();  // sent and destroyed: nobody may get this
          for (int to = 0; to < peer.size(); ++to) unread.send(to, 666);
        }
      }
      co_return right;
    };
    const auto right = bsp::Engine(place.options).run_all(body);
    CHECK(std::count(right.begin(), right.end(), true) == 5);
  }
}

TEST_CASE("mailboxes whose lives differ from peer to peer still match by order of creation") {
  auto body = [](Peer& peer) -> Task<int> {
    auto first = std::make_unique<bsp::Mailbox<int>>(peer);
    first->send(peer.right(), 1);
    co_await peer.sync();
    if (peer.rank() == 0) first.reset();  // rank 0 forgets its first before it makes the second, the others do not
    bsp::Mailbox<int> second(peer);
    second.send(peer.right(), 2);
    if (first) first->send(peer.right(), 3);
    co_await peer.sync();
    co_return *second.received().begin() * 10 + static_cast<int>(second.received().size());
  };
  CHECK(engine_of(3).run_all(body) == std::vector<int>(3, 21));
}

TEST_CASE("a mailbox that is made late gets the messages of the last superstep, not older ones") {
  auto body = [](Peer& peer) -> Task<std::vector<int>> {
    std::vector<int> got;
    if (peer.rank() == 1) {
      for (int step = 0; step < 4; ++step) co_await peer.sync();
      auto box = peer.mailbox<int>();
      for (const int value : box.received()) got.push_back(value);
      co_await peer.sync();
      for (const int value : box.received()) got.push_back(value);
      co_return got;
    }
    auto box = peer.mailbox<int>();
    for (int step = 0; step < 5; ++step) {
      if (step != 3 || peer.rank() != 2) box.send(1, 10 * step + peer.rank());
      co_await peer.sync();
    }
    co_return got;
  };
  CHECK(engine_of(3).run_all(body)[1] == std::vector<int>{30, 40, 42});
}

TEST_CASE("over-aligned and large messages keep their alignment and value") {
  struct alignas(128) Wide {
    int value = 0;
    char rest[500]{};
  };
  auto body = [](Peer& peer) -> Task<bool> {
    auto box = peer.mailbox<Wide>();
    for (int k = 0; k < 20; ++k) {
      Wide wide;
      wide.value = k;
      box.send(peer.right(), wide);
    }
    co_await peer.sync();
    int k = 0;
    bool right = true;
    for (const Wide& wide : box.received())
      right = right && wide.value == k++ && reinterpret_cast<std::uintptr_t>(&wide) % 128 == 0;
    co_return right&& k == 20;
  };
  CHECK(engine_of(2).run(body));
}

TEST_CASE("thousands of peers talk on a sparse graph") {
  for (const int peers : {4096 + 3, 5000}) {  // beyond 64 words of senders
    auto body = [](Peer& peer) -> Task<bool> {
      auto box = peer.mailbox<int>();
      bool right = true;
      for (int step = 0; step < 4; ++step) {
        for (const int hop : {1, 64, 509, 4095}) box.send((peer.rank() + hop + step) % peer.size(), peer.rank());
        co_await peer.sync();
        std::vector<int> expected;
        for (const int hop : {1, 64, 509, 4095})
          expected.push_back((peer.rank() - hop - step + 2 * peer.size()) % peer.size());
        std::sort(expected.begin(), expected.end());
        std::vector<int> got;
        for (const int value : box.received()) got.push_back(value);
        right = right && got == expected;
      }
      co_return right;
    };
    const auto right = engine_of(peers).run_all(body);
    CHECK(std::count(right.begin(), right.end(), true) == peers);
  }
}
