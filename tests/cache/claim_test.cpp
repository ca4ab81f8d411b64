#include "scalar/cache/claim.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "scalar/core/error.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace scalar;
using namespace std::chrono_literals;
using cache::Bytes;
using cache::Cache;
using cache::Claim;
using cache::Outcome;
using State = cache::Claim::State;
using test::code_of;

namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
std::string text(const Bytes& value) {
  return {reinterpret_cast<const char*>(value.bytes().data()), value.bytes().size()};
}

/// Returns once `count` claims waited or found somebody else computing.
void wait_for_coalesced(const Cache& cache, std::uint64_t count) {
  while (cache.stats().coalesced < count) std::this_thread::yield();
}

}  // namespace

TEST_CASE("equal requests at the same time are computed once") {
  Cache cache;
  std::atomic<int> calls{0};
  std::vector<std::future<Cache::Answer>> answers;
  for (int i = 0; i < 8; ++i)
    answers.push_back(std::async(std::launch::async, [&] {
      return cache.get_or_compute(cache.key("x"), [&] {
        ++calls;
        wait_for_coalesced(cache, 7);
        return Bytes(bytes("answer"));
      });
    }));
  int missed = 0, coalesced = 0;
  for (auto& future : answers) {
    const auto answer = future.get();
    CHECK(text(answer.value) == "answer");
    missed += answer.outcome == Outcome::miss ? 1 : 0;
    coalesced += answer.outcome == Outcome::coalesced ? 1 : 0;
  }
  CHECK(calls == 1);
  CHECK(missed == 1);
  CHECK(coalesced == 7);
  const auto again = cache.get_or_compute(cache.key("x"), []() -> Bytes { throw Error(Errc::internal, "computed"); });
  CHECK(again.outcome == Outcome::hit);
  CHECK(text(again.value) == "answer");
}

TEST_CASE("an error goes to those who wait, and not to those who come later") {
  Cache cache;
  std::vector<std::future<Errc>> codes;
  std::atomic<int> calls{0};
  for (int i = 0; i < 4; ++i)
    codes.push_back(std::async(std::launch::async, [&] {
      return code_of([&] {
        cache.get_or_compute(cache.key("x"), [&]() -> Bytes {
          ++calls;
          wait_for_coalesced(cache, 3);
          throw Error(Errc::failed, "the model is broken");
        });
      });
    }));
  for (auto& code : codes) CHECK(code.get() == Errc::failed);
  CHECK(calls == 1);
  CHECK(cache.get_or_compute(cache.key("x"), [] { return Bytes(bytes("good")); }).outcome == Outcome::miss);
}

TEST_CASE("a leader that is canceled or late hands over to the next in line") {
  const Errc reason = GENERATE(Errc::canceled, Errc::deadline_exceeded);
  Cache cache;
  std::atomic<int> calls{0};
  std::atomic<int> given_up{0}, answered{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 5; ++i)
    threads.emplace_back([&] {
      try {
        const auto answer = cache.get_or_compute(cache.key("x"), [&]() -> Bytes {
          if (calls++ == 0) wait_for_coalesced(cache, 4);
          if (calls < 3) throw Error(reason, "enough");
          return Bytes(bytes("third"));
        });
        answered += text(answer.value) == "third" ? 1 : 0;
      } catch (const Error& error) {
        given_up += error.code() == reason ? 1 : 0;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(calls == 3);
  CHECK(given_up == 2);
  CHECK(answered == 3);
}

TEST_CASE("each waiter has its own deadline and its own stop") {
  Cache cache;
  Claim leader = cache.claim(cache.key("x"));
  REQUIRE(leader.state() == State::mine);
  std::stop_source stop;
  const auto never = []() -> Bytes { throw Error(Errc::internal, "computed"); };
  auto late = std::async(std::launch::async, [&] {
    return code_of([&] { cache.get_or_compute(cache.key("x"), {.deadline = Clock::steady()->now() + 1ms}, never); });
  });
  CHECK(late.get() == Errc::deadline_exceeded);
  auto stopped = std::async(std::launch::async, [&] {
    return code_of([&] { cache.get_or_compute(cache.key("x"), {.stop = stop.get_token()}, never); });
  });
  auto patient = std::async(std::launch::async, [&] {
    return cache.get_or_compute(cache.key("x"), {.deadline = Clock::steady()->now() + 1h}, never);
  });
  wait_for_coalesced(cache, 3);
  stop.request_stop();
  CHECK(stopped.get() == Errc::canceled);
  leader.publish(bytes("done"));
  CHECK(leader.outcome() == Outcome::miss);
  CHECK(text(patient.get().value) == "done");
}

TEST_CASE("a computation that asks for its own key is an error") {
  Cache cache;
  const auto ask = [&] {
    cache.get_or_compute(cache.key("x"), [&] {
      return cache.get_or_compute(cache.key("x"), [] { return Bytes(bytes("inner")); }).value;
    });
  };
  CHECK_THROWS_WITH(ask(), "cache: the computation of a value asked for the same value: it would wait for itself");
  const auto other = cache.get_or_compute(
      cache.key("y"), [&] { return cache.get_or_compute(cache.key("z"), [] { return Bytes(bytes("inner")); }).value; });
  CHECK(text(other.value) == "inner");
}

TEST_CASE("a flight of an old generation is shared but never stored") {
  Cache cache;
  Claim old = cache.claim(cache.key("x"));
  Claim follower = cache.claim(cache.key("x"));
  REQUIRE(follower.state() == State::theirs);
  cache.bump_generation();
  Claim fresh = cache.claim(cache.key("x"));
  REQUIRE(fresh.state() == State::mine);
  old.publish(bytes("old"));
  CHECK(old.outcome() == Outcome::bypass);
  CHECK(follower.wait() == State::found);
  CHECK(text(follower.value()) == "old");
  CHECK_FALSE(cache.find(cache.key("x")));
  fresh.publish(bytes("new"));
  CHECK(text(cache.find(cache.key("x"))) == "new");
}

TEST_CASE("the same key twice in a batch resolves by itself") {
  Cache cache;
  Claim first = cache.claim(cache.key("x"));
  Claim second = cache.claim(cache.key("x"));
  CHECK(first.state() == State::mine);
  CHECK(second.state() == State::theirs);
  CHECK_THROWS_AS(second.publish(bytes("no")), Error);
  first.publish(bytes("value"));
  CHECK(second.wait() == State::found);
  CHECK(second.outcome() == Outcome::coalesced);
  CHECK(text(second.value()) == "value");
  CHECK(second.wait() == State::found);
}

TEST_CASE("a flight without leader goes to whoever comes next") {
  Cache cache;
  std::vector<Claim> followers;
  {
    Claim leader = cache.claim(cache.key("x"));
    followers.push_back(cache.claim(cache.key("x")));
    followers.push_back(cache.claim(cache.key("x")));
  }
  CHECK(followers[1].wait() == State::mine);
  std::thread([&] {
    CHECK_THROWS_AS(followers[0].wait({.deadline = Clock::steady()->now()}), Error);
    CHECK(followers[0].state() == State::none);
  }).join();
  followers.clear();
  Claim next = cache.claim(cache.key("x"));
  CHECK(next.state() == State::mine);
  next.fail(nullptr);
  CHECK(next.state() == State::none);
  CHECK(cache.claim(cache.key("x")).state() == State::mine);
}

TEST_CASE("batches that overlap in any order do not wait for each other in a circle, and compute each row once") {
  Cache cache{{.capacity_bytes = 8 << 20, .shards = 2}};
  std::atomic<int> wrong{0};
  constexpr int rows_in_all = 500;
  std::vector<std::atomic<int>> computed(rows_in_all);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Philox random(11, static_cast<std::uint64_t>(t));
      for (int batch = 0; batch < 40; ++batch) {
        std::vector<std::string> names;
        std::vector<Claim> rows;
        for (int i = 0; i < 50; ++i) names.push_back(std::to_string(random.below(rows_in_all)));
        for (const auto& of : names) rows.push_back(cache.claim(cache.key(of)));
        const auto compute = [&](std::size_t i) {
          if (random.below(10) == 0) {  // given up: somebody else, or the second look below, takes it
            rows[i] = Claim();
            return;
          }
          ++computed[static_cast<std::size_t>(std::stoi(names[i]))];
          rows[i].publish(bytes("v" + names[i]));
        };
        for (std::size_t i = 0; i < rows.size(); ++i)
          if (rows[i].state() == State::mine) compute(i);
        for (std::size_t i = 0; i < rows.size(); ++i) {
          if (rows[i].wait() == State::mine) compute(i);
          if (rows[i].state() == State::found && text(rows[i].value()) != "v" + names[i]) ++wrong;
        }
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(std::all_of(computed.begin(), computed.end(), [](const auto& count) { return count <= 1; }));
  CHECK(cache.stats().inserts > 400);
  CHECK(cache.stats().coalesced > 0);
}

TEST_CASE("flights stay right while generations move and leaders fail") {
  Cache cache{{.capacity_bytes = 32 << 10, .shards = 2}};
  std::atomic<int> wrong{0}, failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Philox random(5, static_cast<std::uint64_t>(t));
      for (int step = 0; step < 3'000; ++step) {
        const std::uint64_t generation = cache.generation();
        const std::string row = std::to_string(random.below(20));
        const std::string wanted = row + "@" + std::to_string(generation);
        try {
          const auto answer = cache.get_or_compute(cache.key(bytes(row), generation),
                                                   {.deadline = Clock::steady()->now() + 1min}, [&]() -> Bytes {
                                                     const std::uint64_t luck = random.below(30);
                                                     if (luck == 0) throw Error(Errc::failed, "bad luck");
                                                     if (luck == 1) throw Error(Errc::canceled, "gone");
                                                     if (luck < 6) std::this_thread::yield();
                                                     return Bytes(bytes(wanted));
                                                   });
          wrong += text(answer.value) == wanted ? 0 : 1;
        } catch (const Error& error) {
          ++(error.code() == Errc::failed || error.code() == Errc::canceled ? failed : wrong);
        }
        if (step % 50 == 0) cache.bump_generation();
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(failed > 0);
}
