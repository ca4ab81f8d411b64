// Small messages of the BSP engine against what its user would pick instead, on two cores: vectors and bytes written by
// hand, LPF, Bulk. SCALAR_RIVAL_LPF and SCALAR_RIVAL_BULK are commands that take the name of what to measure
// (rivals/lpf.c, rivals/bulk.cpp).
#include <algorithm>
#include <barrier>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "bsp_rows.hpp"
#include "scalar/bsp.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

namespace {

constexpr int warm = 10;  // supersteps, until blocks and vectors have grown to their steady size

struct Message {
  std::uint64_t key;
  double value;
};

/// What is random in a message: its destination and, where it varies, its length.
class Dice {
 public:
  Dice(std::size_t source, int step) : seed_(static_cast<unsigned>(source * 977) + static_cast<unsigned>(step)) {}
  std::size_t destination(std::size_t peers) noexcept {
    seed_ = seed_ * 1664525u + 1013904223u;
    return static_cast<std::size_t>((static_cast<std::uint64_t>(seed_) * peers) >> 32);
  }
  /// From a half of `mean` to one and a half.
  std::size_t length(std::size_t mean) const noexcept { return mean / 2 + (seed_ >> 8) % (mean + 1); }

 private:
  unsigned seed_;
};

/// CPU nanoseconds a message. `send(box, source, step)` sends `each`, `sum(box)` adds up what has come.
template <class T, class Send, class Sum>
double by_engine(int peers, int each, int steps, Send send, Sum sum) {
  double begin = 0, end = 0;
  bsp::Engine({.peers = peers, .workers = 2}).run([&](Peer& peer) -> Task<> {
    auto box = peer.mailbox<T>();
    double total = 0;
    for (int step = 0; step < warm + steps; ++step) {
      if (step == warm && peer.rank() == 0) begin = bench::cpu_seconds();
      send(box, static_cast<std::size_t>(peer.rank()), step);
      co_await peer.sync();
      total += sum(box);
    }
    if (peer.rank() == 0) end = bench::cpu_seconds();
    if (total <= 0) throw 1;
  });
  return (end - begin) * 1e9 / (static_cast<double>(each) * peers * steps);
}

/// The same, as one writes it by hand: boxes by source and destination, one thread or two with std::barrier.
template <class Box, class Send, class Sum>
double by_hand(std::size_t threads, std::size_t peers, int each, int steps, Send send, Sum sum) {
  std::vector<Box> boxes[2];
  for (auto& parity : boxes) parity = std::vector<Box>(peers * peers);
  std::barrier barrier(static_cast<std::ptrdiff_t>(threads));
  double begin = 0, end = 0, sums[2] = {};
  const auto work = [&](std::size_t thread) {
    double total = 0;
    for (int step = 0; step < warm + steps; ++step) {
      if (step == warm && thread == 0) begin = bench::cpu_seconds();
      std::vector<Box>& out = boxes[step & 1];
      for (std::size_t source = thread; source < peers; source += threads) {
        for (std::size_t to = 0; to < peers; ++to) out[source * peers + to].clear();
        send(&out[source * peers], source, step);
      }
      barrier.arrive_and_wait();
      for (std::size_t to = thread; to < peers; to += threads)
        for (std::size_t source = 0; source < peers; ++source) total += sum(out[source * peers + to]);
    }
    barrier.arrive_and_wait();
    if (thread == 0) end = bench::cpu_seconds();
    sums[thread] = total;
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t thread = 1; thread < threads; ++thread) others.emplace_back([&, thread] { work(thread); });
    work(0);
  }
  if (sums[0] <= 0) throw 1;
  return (end - begin) * 1e9 / (static_cast<double>(each) * static_cast<double>(peers) * steps);
}

// 16 bytes each.

[[gnu::noinline]] void send_all(bsp::Mailbox<Message>& box, int peers, int count, Dice dice) {
  for (int i = 0; i < count; ++i)
    box.send(static_cast<int>(dice.destination(static_cast<std::size_t>(peers))), {static_cast<std::uint64_t>(i), 1.0});
}
[[gnu::noinline]] double sum_of(bsp::Mailbox<Message>& box) {
  double sum = 0;
  for (const auto& run : box.runs())
    for (const Message& message : run.values) sum += message.value;
  return sum;
}

double messages(int peers, int each) {
  return by_engine<Message>(
      peers, each, 5, [=](auto& box, std::size_t source, int step) { send_all(box, peers, each, Dice(source, step)); },
      sum_of);
}
double vectors(std::size_t threads, int peers, int each) {
  const auto n = static_cast<std::size_t>(peers);
  return by_hand<std::vector<Message>>(
      threads, n, each, 5,
      [=](std::vector<Message>* out, std::size_t source, int step) {
        Dice dice(source, step);
        for (int i = 0; i < each; ++i) out[dice.destination(n)].push_back({static_cast<std::uint64_t>(i), 1.0});
      },
      [](const std::vector<Message>& box) {
        double sum = 0;
        for (const Message& message : box) sum += message.value;
        return sum;
      });
}

// Strings and vectors of floats, 64 bytes on average.

constexpr int varying = 20'000, varying_steps = 30;
template <class T>
constexpr std::size_t mean_length = 64 / sizeof(typename T::value_type);
template <class T>
const T& text() {
  static const T all(4096, typename T::value_type{1});
  return all;
}

template <class T>
[[gnu::noinline]] void send_varying(bsp::Mailbox<T>& box, Dice dice) {
  for (std::size_t i = 0; i < varying; ++i) {
    const auto to = static_cast<int>(dice.destination(2));
    const auto* from = text<T>().data() + i % 2048;
    box.emplace(to, from, from + dice.length(mean_length<T>));
  }
}
template <class T>
[[gnu::noinline]] double sum_of_varying(bsp::Mailbox<T>& box) {
  double sum = 0;
  for (const T& message : box.received()) sum += static_cast<double>(message.size()) + message.back();
  return sum;
}
template <class T>
double moved() {
  return by_engine<T>(
      2, varying, varying_steps, [](auto& box, std::size_t source, int step) { send_varying(box, Dice(source, step)); },
      sum_of_varying<T>);
}

/// The same as views, which need no string each.
template <class T>
struct ViewOf {
  using Type = std::span<const typename T::value_type>;
};
template <>
struct ViewOf<std::string> {
  using Type = std::string_view;
};
template <class T>
using View = typename ViewOf<T>::Type;

template <class T>
[[gnu::noinline]] void send_views(bsp::Mailbox<View<T>>& box, Dice dice) {
  for (std::size_t i = 0; i < varying; ++i) {
    const auto to = static_cast<int>(dice.destination(2));
    box.send(to, {text<T>().data() + i % 2048, dice.length(mean_length<T>)});
  }
}
template <class T>
[[gnu::noinline]] double sum_of_views(bsp::Mailbox<View<T>>& box) {
  double sum = 0;
  for (const View<T> message : box.received()) sum += static_cast<double>(message.size()) + message.back();
  return sum;
}
template <class T>
double viewed() {
  return by_engine<View<T>>(
      2, varying, varying_steps,
      [](auto& box, std::size_t source, int step) { send_views<T>(box, Dice(source, step)); }, sum_of_views<T>);
}

/// Boxes of the same type, by hand.
template <class T>
double owned() {
  return by_hand<std::vector<T>>(
      2, 2, varying, varying_steps,
      [](std::vector<T>* out, std::size_t source, int step) {
        Dice dice(source, step);
        for (std::size_t i = 0; i < varying; ++i) {
          const std::size_t to = dice.destination(2);
          const auto* from = text<T>().data() + i % 2048;
          out[to].emplace_back(from, from + dice.length(mean_length<T>));
        }
      },
      [](const std::vector<T>& box) {
        double sum = 0;
        for (const T& message : box) sum += static_cast<double>(message.size()) + message.back();
        return sum;
      });
}

/// Bytes that grow as a vector's, without being made zero first.
class Bytes {
 public:
  void clear() noexcept { size_ = 0; }
  char* append(std::size_t bytes) {
    if (size_ + bytes > capacity_) {
      capacity_ = (std::max)(2 * capacity_, size_ + bytes);
      std::unique_ptr<char[]> larger(new char[capacity_]);
      if (size_ != 0) std::memcpy(larger.get(), data_.get(), size_);
      data_ = std::move(larger);
    }
    return data_.get() + std::exchange(size_, size_ + bytes);
  }
  const char* begin() const noexcept { return data_.get(); }
  const char* end() const noexcept { return data_.get() + size_; }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0, capacity_ = 0;
};

/// Bytes with lengths before them, as the rivals' boxes have.
template <class T>
double sum_of_bytes(const char* at, const char* end) {
  using Element = typename T::value_type;
  double sum = 0;
  for (std::uint32_t length = 0; at != end; at += length * sizeof(Element)) {
    std::memcpy(&length, at, sizeof length);
    at += sizeof length;
    Element last;
    std::memcpy(&last, at + (length - 1) * sizeof(Element), sizeof last);
    sum += static_cast<double>(length) + last;
  }
  return sum;
}

template <class T>
double length_prefixed(std::size_t threads) {
  using Element = typename T::value_type;
  return by_hand<Bytes>(
      threads, 2, varying, varying_steps,
      [](Bytes* out, std::size_t source, int step) {
        Dice dice(source, step);
        for (std::size_t i = 0; i < varying; ++i) {
          const std::size_t to = dice.destination(2);
          const auto length = static_cast<std::uint32_t>(dice.length(mean_length<T>));
          char* at = out[to].append(sizeof length + length * sizeof(Element));
          std::memcpy(at, &length, sizeof length);
          std::memcpy(at + sizeof length, text<T>().data() + i % 2048, length * sizeof(Element));
        }
      },
      [](const Bytes& box) { return sum_of_bytes<T>(box.begin(), box.end()); });
}

template <class T>
void add_varying(std::vector<bench::Row>& rows, const std::string& view, const std::string& owner) {
  const std::string as_views = "Mailbox<" + view + ">, mean 64 B, 2 peers, CPU";
  const std::string as_owners = "Mailbox<" + owner + ">, mean 64 B, 2 peers, CPU";
  const auto memcpy_loop = [] { return length_prefixed<T>(2); };
  rows.push_back(bench::row(as_views, "length-prefixed memcpy", "ns", 1 / 2.0, viewed<T>, memcpy_loop));
  rows.push_back(
      bench::row(as_views, "plain loop, 1 thread", "ns", 0, viewed<T>, [] { return length_prefixed<T>(1); }));
  rows.push_back(bench::row(as_owners, "vectors of them by hand", "ns", 1 / 1.1, moved<T>, owned<T>));
  rows.push_back(bench::row(as_owners, "length-prefixed memcpy", "ns", 0, moved<T>, memcpy_loop));
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<bench::Row> rows;
  const std::string sixteen = "16 B messages to random peers, ";
  for (const auto& [peers, each, goal] : {std::tuple{2, 1'000'000, 1.1}, {64, 30'000, 1.1}, {1024, 4'000, 1.3}})
    rows.push_back(bench::row(
        sixteen + std::to_string(peers) + " peers, CPU", "vectors by hand", "ns", 1 / goal,
        [=] { return messages(peers, each); }, [=] { return vectors(2, peers, each); }));
  rows.push_back(bench::row(
      sixteen + "2 peers, CPU", "plain loop, 1 thread", "ns", 0, [] { return messages(2, 1'000'000); },
      [] { return vectors(1, 2, 1'000'000); }));
  rows.push_back(bench::row(
      sixteen + "2 peers, CPU", "LPF put", "ns", 1 / 0.3, [] { return messages(2, 1'000'000); },
      bench::program("SCALAR_RIVAL_LPF", "put")));
  rows.push_back(bench::row(
      sixteen + "2 peers, CPU", "Bulk queue", "ns", 1 / 0.15, [] { return messages(2, 1'000'000); },
      bench::program("SCALAR_RIVAL_BULK", "queue")));
  add_varying<std::string>(rows, "string_view", "string");
  add_varying<std::vector<float>>(rows, "span<const float>", "vector<float>");
  return bench::print(rows, argc, argv);
}
