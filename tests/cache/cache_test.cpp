#include "scalar/cache/cache.hpp"

#include <cstring>
#include <list>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "cache/shard.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"

using namespace scalar;
using cache::Bytes;
using cache::Cache;
using cache::Outcome;

namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
std::string text(const Bytes& value) {
  return {reinterpret_cast<const char*>(value.bytes().data()), value.bytes().size()};
}

/// The textbook LRU, by bytes: the oracle.
struct Oracle {
  std::uint64_t capacity = 0, used = 0;
  std::list<std::pair<std::string, std::string>> order{};
  std::map<std::string, std::list<std::pair<std::string, std::string>>::iterator> index{};

  static std::uint64_t cost(const std::string& key, const std::string& value) {
    return cache::detail::Entries::cost(key.size(), value.size());
  }
  const std::string* find(const std::string& key) {
    const auto found = index.find(key);
    if (found == index.end()) return nullptr;
    order.splice(order.begin(), order, found->second);
    return &found->second->second;
  }
  bool insert(const std::string& key, const std::string& value) {
    if (cost(key, value) > capacity) return false;
    if (const auto found = index.find(key); found != index.end()) {
      used -= cost(key, found->second->second);
      order.erase(found->second);
      index.erase(found);
    }
    order.emplace_front(key, value);
    index[key] = order.begin();
    used += cost(key, value);
    while (used > capacity) {
      used -= cost(order.back().first, order.back().second);
      index.erase(order.back().first);
      order.pop_back();
    }
    return true;
  }
};

}  // namespace

TEST_CASE("one shard evicts in exact LRU order, as the textbook does") {
  Oracle oracle{.capacity = 20'000};
  Cache cache{{.capacity_bytes = oracle.capacity, .shards = 1}};
  Philox random(7);
  std::uint64_t found = 0, refused = 0;
  for (int step = 0; step < 60'000; ++step) {
    const std::string key = "key " + std::string(random.below(4), 'k') + std::to_string(random.below(50));
    if (random.below(3) == 0) {
      const std::string value(random.below(200) == 0 ? 30'000 : random.below(300), static_cast<char>(step));
      const bool kept = oracle.insert(key, value);
      REQUIRE(cache.insert(cache.key(key), bytes(value)) == kept);
      refused += kept ? 0 : 1;
    } else {
      const std::string* wanted = oracle.find(key);
      const Bytes value = cache.find(cache.key(key));
      REQUIRE(static_cast<bool>(value) == (wanted != nullptr));
      if (wanted == nullptr) continue;
      REQUIRE(text(value) == *wanted);
      ++found;
    }
  }
  const cache::CacheStats stats = cache.stats();
  CHECK(found > 1'000);
  CHECK(refused > 10);
  CHECK(stats.hits == found);
  CHECK(stats.bypassed == refused);
  CHECK(stats.entries == oracle.order.size());
  CHECK(stats.bytes == oracle.used);
  CHECK(stats.bytes <= oracle.capacity);
  CHECK(stats.evictions > 1'000);
}

TEST_CASE("asking whether a key is there is neither counted nor a use") {
  Cache cache{{.capacity_bytes = 1 << 16, .shards = 1}};
  CHECK_FALSE(cache.contains(cache.key("a")));
  cache.insert(cache.key("a"), {});
  CHECK(cache.contains(cache.key("a")));
  CHECK(cache.stats().hits == 0);
  const auto old = cache.key("a");
  cache.bump_generation();
  CHECK_FALSE(cache.contains(cache.key("a")));
  CHECK_FALSE(cache.contains(old));
}

TEST_CASE("a value is copied out, shared, and outlives its entry") {
  Cache cache{{.capacity_bytes = 1 << 20, .shards = 1}};
  const double numbers[] = {0.25, -3};
  CHECK(cache.insert(cache.key("row"), std::as_bytes(std::span(numbers))));
  double out[2] = {};
  CHECK(cache.find(cache.key("row"), std::as_writable_bytes(std::span(out))));
  CHECK(out[1] == -3);
  CHECK_FALSE(cache.find(cache.key("other"), std::as_writable_bytes(std::span(out))));
  Bytes held = cache.find(cache.key("row"));
  cache.clear();
  CHECK(cache.stats().entries == 0);
  CHECK(cache.stats().bytes == 0);
  CHECK_FALSE(cache.find(cache.key("row")));
  const Bytes copy = held;
  held = {};
  CHECK(reinterpret_cast<std::uintptr_t>(copy.bytes().data()) % 8 == 0);
  CHECK(std::memcmp(copy.bytes().data(), numbers, sizeof numbers) == 0);

  cache.insert(cache.key("row"), std::as_bytes(std::span(numbers)));
  float small = 0;
  CHECK_THROWS_WITH(cache.find(cache.key("row"), std::as_writable_bytes(std::span(&small, 1))),
                    "cache: the value has 16 bytes, expected 4");
}

TEST_CASE("empty keys and values are keys and values") {
  Cache cache{{.shards = 1}};
  CHECK_FALSE(cache.find(cache.key("")));
  CHECK(cache.insert(cache.key(""), {}));
  CHECK(cache.find(cache.key("")));
  CHECK(cache.find(cache.key("")).bytes().empty());
  CHECK(cache.find(cache.key(""), std::span<std::byte>{}));
}

TEST_CASE("colliding hashes answer by their bytes") {
  Cache cache{{.capacity_bytes = 1 << 20, .shards = 1}};
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) names.push_back("name " + std::to_string(i));
  const auto colliding = [&](const std::string& of) {
    cache::Key key = cache.key(of);
    key.hash = {1, 2};
    return key;
  };
  for (const auto& of : names) cache.insert(colliding(of), bytes(of));
  for (const auto& of : names) CHECK(text(cache.find(colliding(of))) == of);
  CHECK_FALSE(cache.find(colliding("name")));
}

TEST_CASE("two caches hash the same bytes differently") {
  Cache first, second;
  CHECK(first.key("x").hash == first.key("x").hash);
  CHECK(first.key("x").hash != second.key("x").hash);
}

TEST_CASE("a bump makes all entries unreachable, and inserts reclaim them") {
  Cache cache{{.capacity_bytes = 1 << 20, .shards = 1}};
  for (int i = 0; i < 100; ++i) cache.insert(cache.key(std::to_string(i)), bytes("old"));
  const cache::Key old = cache.key("7");
  const std::uint64_t generation = cache.bump_generation();
  CHECK(cache.generation() == generation);
  CHECK_FALSE(cache.find(cache.key("7")));
  CHECK_FALSE(cache.find(old));
  CHECK_FALSE(cache.insert(old, bytes("late")));
  CHECK_FALSE(cache.find(cache.key("7")));
  CHECK(cache.stats().bypassed == 1);
  CHECK(cache.stats().entries == 100);
  for (int i = 0; i < 50; ++i) cache.insert(cache.key("new " + std::to_string(i)), bytes("new"));
  CHECK(cache.stats().entries == 50);
  CHECK(text(cache.find(cache.key("new 0"))) == "new");
}

TEST_CASE("a cache without capacity stores nothing and computes all the same") {
  Cache cache{{.capacity_bytes = 0}};
  int calls = 0;
  for (int i = 0; i < 3; ++i) {
    const auto answer = cache.get_or_compute(cache.key("a"), [&] {
      ++calls;
      return Bytes(bytes("b"));
    });
    CHECK(text(answer.value) == "b");
    CHECK(answer.outcome == Outcome::bypass);
  }
  CHECK(calls == 3);
  CHECK(cache.stats().bytes == 0);
}

TEST_CASE("impossible options are refused") {
  CHECK_THROWS_WITH(Cache({.shards = -1}), "cache: shards is -1, expected 0 to 65536");
  CHECK_THROWS_AS(Cache({.shards = 70'000}), Error);
  CHECK(cache::name(Outcome::coalesced) == "coalesced");
}

TEST_CASE("threads that read, write, bump and clear see only whole values of the newest generation") {
  Cache cache{{.capacity_bytes = 64 << 10, .shards = 4}};
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Philox random(3, static_cast<std::uint64_t>(t));
      for (int step = 0; step < 8'000; ++step) {
        const std::uint64_t number = random.below(400);
        const std::uint64_t before = cache.generation();
        std::uint64_t seen[8] = {};
        const std::string name = "key " + std::to_string(number);
        const cache::Key key = cache.key(bytes(name), before);
        if (cache.find(key, std::as_writable_bytes(std::span(seen)))) {
          for (const std::uint64_t word : seen) wrong += word == number + (before << 32) ? 0 : 1;
        } else {
          for (std::uint64_t& word : seen) word = number + (before << 32);
          cache.insert(key, std::as_bytes(std::span(seen)));
        }
        if (step % 1'000 == 999) cache.bump_generation();
        if (step % 3'000 == 2'999) cache.clear();
        if (step % 100 == 0) wrong += cache.stats().bytes <= (64 << 10) ? 0 : 1;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(cache.stats().hits > 100);
}
