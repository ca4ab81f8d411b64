// A cache hit in process, 64-byte keys and values, against the textbook: one mutex, std::string keys, std::list.
#include <cstring>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "bench.hpp"
#include "scalar/cache/cache.hpp"
#include "scalar/core/random.hpp"

namespace {

class Textbook {
 public:
  explicit Textbook(std::size_t capacity) : capacity_(capacity) {}
  /// The key comes as bytes of a request, for both: making a std::string of it is a part of the textbook's lookup.
  std::optional<std::string> get(std::string_view bytes) {
    const std::string key(bytes);
    const std::lock_guard lock(mutex_);
    const auto found = index_.find(key);
    if (found == index_.end()) return std::nullopt;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->second;
  }
  void put(const std::string& key, const std::string& value) {
    const std::lock_guard lock(mutex_);
    order_.emplace_front(key, value);
    index_[key] = order_.begin();
    if (order_.size() <= capacity_) return;
    index_.erase(order_.back().first);
    order_.pop_back();
  }

 private:
  using Item = std::pair<std::string, std::string>;
  std::mutex mutex_;
  std::size_t capacity_;
  std::list<Item> order_;
  std::unordered_map<std::string, std::list<Item>::iterator> index_;
};

constexpr std::size_t entries = 10'000;
constexpr int lookups = 400'000;  // a thread

std::string bytes_of(std::size_t number) {
  std::string text(64, '\0');
  for (std::size_t i = 0; i < 64; i += 4) {
    const auto word = scalar::Philox::block(1, number, i)[0];
    std::memcpy(text.data() + i, &word, 4);
  }
  return text;
}

/// Nanoseconds a lookup, with `threads` threads looking up random keys that are all there.
template <class Lookup>
double per_lookup(int threads, const std::vector<std::uint32_t>& order, Lookup lookup) {
  const double taken = bench::seconds([&] {
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t)
      running.emplace_back([&, t] {
        const std::uint32_t* next = order.data() + t * lookups;
        for (int i = 0; i < lookups; ++i) lookup(next[i]);
      });
    for (auto& thread : running) thread.join();
  });
  return taken / (static_cast<double>(lookups) * threads) * 1e9;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace scalar;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < entries; ++i) keys.push_back(bytes_of(i));
  Textbook textbook(entries);
  cache::Cache cache{{.capacity_bytes = std::uint64_t{16} << 20}};
  for (const auto& key : keys) {
    textbook.put(key, key);
    cache.insert(cache.key(key), std::as_bytes(std::span(key)));
  }
  std::vector<std::uint32_t> order;
  for (Philox random(7); order.size() < 2 * lookups;)
    order.push_back(static_cast<std::uint32_t>(random.below(entries)));
  std::atomic<std::uint64_t> misses{0};
  std::vector<bench::Row> rows;
  for (const int threads : {1, 2}) {
    const auto figures = bench::interleave({{"scalar",
                                             [&] {
                                               return per_lookup(threads, order, [&](std::size_t i) {
                                                 std::array<std::byte, 64> out;
                                                 if (!cache.find(cache.key(keys[i]), out)) ++misses;
                                               });
                                             }},
                                            {"textbook",
                                             [&] {
                                               return per_lookup(threads, order, [&](std::size_t i) {
                                                 if (!textbook.get(keys[i])) ++misses;
                                               });
                                             }}},
                                           7);
    rows.push_back({"cache hit, 64 B key and value, " + std::to_string(threads) + " thread(s)",
                    "mutex + std::string + std::list", "ns", figures[0], figures[1], threads == 1 ? 2.5 : 3.0});
  }
  if (misses != 0) {
    std::fprintf(stderr, "%llu lookups missed: the figures mean nothing\n", static_cast<unsigned long long>(misses));
    return 2;
  }
  return bench::print(rows, argc, argv);
}
