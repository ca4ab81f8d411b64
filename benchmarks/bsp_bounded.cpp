// Messages beyond the memory that mailboxes may take (Q1): four peers send each other many times the cap in one
// superstep, and read them in the next, as they come or sorted.
//
// usage: benchmark_bsp_bounded [--json] [MIB]       (1024; the cap is a sixteenth)
//
// Every measurement is a process of its own. Its peak is what the kernel counted (VmHWM), pages of the spill files that
// were mapped at the time among them; the part that has no file behind it, and so cannot be let go of, is sampled every
// millisecond. The spill files lie in the temporary directory. SCALAR_CONTROL_GROUP may name the directory of a memory
// control group with a limit: the capped run is then also made in it, where the kernel bounds mapped files as well.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bsp_rows.hpp"
#include "scalar/bsp.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

namespace {

constexpr int peers = 4;

struct Message {
  std::uint64_t key, value;
};

constexpr auto by_key = [](const Message& a, const Message& b) { return a.key < b.key; };

std::uint64_t key_of(std::uint64_t i) noexcept { return i * 0x9e3779b97f4a7c15u; }

[[gnu::noinline]] void send_all(bsp::Mailbox<Message>& box, int rank, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) box.send((rank + static_cast<int>(i & 3)) & 3, {key_of(i), 1});
}
[[gnu::noinline]] std::uint64_t sum_of(bsp::Mailbox<Message>& box) {
  std::uint64_t sum = 0;
  for (const auto& run : box.runs())
    for (const Message& message : run.values) sum += message.value;
  return sum;
}

[[gnu::noinline]] std::uint64_t sum_in_order(bsp::Mailbox<Message>& box) {
  std::uint64_t sum = 0, last = 0;
  for (const Message& message : bsp::sorted(box, by_key)) {
    if (message.key < last) return 0;
    sum += message.value, last = message.key;
  }
  return sum;
}

struct Figures {
  double seconds = 0, peak = 0, kept = 0;  // the last two in MiB
};

double mib_of(const char* field) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (double kib = 0; word == field && status >> kib) return kib / 1024;
  return 0;
}

/// The peak of memory without a file, while it lives.
class Sampler {
 public:
  double peak() {
    done_ = true;
    thread_.join();
    return peak_;
  }

 private:
  double peak_ = 0;
  std::atomic<bool> done_{false};
  std::thread thread_{[this] {
    while (!done_) {
      peak_ = (std::max)(peak_, mib_of("RssAnon:"));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }};
};

Figures exchange(std::uint64_t mib, std::uint64_t cap_mib, bool in_order = false) {
  const std::uint64_t each = (mib << 20) / sizeof(Message) / peers;
  const bsp::Engine engine({.peers = peers, .workers = 2, .resources = {.mailbox_bytes = cap_mib << 20}});
  Figures figures;
  Sampler sampler;
  std::uint64_t sum = 0;
  figures.seconds = bench::seconds([&] {
    sum = engine.run([each, in_order](Peer& peer) -> Task<std::uint64_t> {
      auto box = peer.mailbox<Message>();
      send_all(box, peer.rank(), each);
      co_await peer.sync();
      co_return in_order ? sum_in_order(box) : sum_of(box);
    });
  });
  figures.kept = sampler.peak();
  figures.peak = mib_of("VmHWM:");
  if (sum != each)
    std::fprintf(stderr, "%llu messages, not %llu\n", static_cast<unsigned long long>(sum),
                 static_cast<unsigned long long>(each));
  return figures;
}

/// The same messages by one thread, in one vector.
Figures plain_loop(std::uint64_t mib, bool in_order = false) {
  return {.seconds = bench::seconds([&] {
            std::vector<Message> all;
            std::uint64_t sum = 0;
            for (std::uint64_t i = 0; i < (mib << 20) / sizeof(Message); ++i) all.push_back({key_of(i), 1});
            if (in_order) std::stable_sort(all.begin(), all.end(), by_key);
            for (const Message& message : all) sum += message.value;
            asm volatile("" ::"r"(sum));
          })};
}

/// Puts this process into a control group.
void enter(const char* group) {
  if (!(std::ofstream(std::string(group) + "/cgroup.procs") << getpid() << std::endl))
    throw std::runtime_error(std::string(group) + ": cannot enter the control group");
}

/// What `work` figures in a process of its own, as fresh as this one.
template <class Work>
Figures alone(Work work) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  const pid_t child = fork();
  if (child == 0) {
    try {
      const Figures figures = work();
      _exit(write(ends[1], &figures, sizeof figures) == sizeof figures ? 0 : 1);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      _exit(1);
    }
  }
  close(ends[1]);
  Figures figures;
  if (read(ends[0], &figures, sizeof figures) != sizeof figures) std::fprintf(stderr, "a measurement has failed\n");
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return figures;
}

}  // namespace

int main(int argc, char** argv) {
  const int given = argc > 1 ? std::atoi(argv[argc - 1]) : 0;
  const auto mib = static_cast<std::uint64_t>(given > 0 ? given : 1024), cap = mib / 16;
  constexpr int rounds = 5;
  const char* group = std::getenv("SCALAR_CONTROL_GROUP");
  std::vector<double> capped, peak, kept, uncapped, plain, grouped, sorted, sorted_kept, sorted_plain;
  for (int round = 0; round < rounds; ++round) {
    const Figures ours = alone([=] { return exchange(mib, cap); });
    capped.push_back(ours.seconds), peak.push_back(ours.peak), kept.push_back(ours.kept);
    uncapped.push_back(alone([=] { return exchange(mib, 0); }).seconds);
    plain.push_back(alone([=] { return plain_loop(mib); }).seconds);
    const Figures in_order = alone([=] { return exchange(mib, cap, true); });
    sorted.push_back(in_order.seconds), sorted_kept.push_back(in_order.kept);
    sorted_plain.push_back(alone([=] { return plain_loop(mib, true); }).seconds);
    if (group != nullptr) grouped.push_back(alone([=] { return enter(group), exchange(mib, cap); }).seconds);
  }
  const std::string what = std::to_string(mib) + " MiB of messages, " + std::to_string(cap) + " MiB of mailboxes";
  const std::vector<double> limit(rounds, static_cast<double>(cap));
  std::vector<bench::Row> rows{
      {what + ": time", "without a cap", "s", capped, uncapped, 1 / 6.0},
      {what + ": time", "plain loop over a vector, 1 thread", "s", capped, plain, 0},
      {what + ": peak of memory without a file", "the cap", "MiB", kept, limit, 1 / 1.5},
      {what + ": peak, mapped files among it", "the cap", "MiB", peak, limit, 1 / 1.5},
      {what + ", read sorted: time", "plain loop, std::stable_sort, 1 thread", "s", sorted, sorted_plain, 0},
      {what + ", read sorted: peak of memory without a file", "the cap", "MiB", sorted_kept, limit, 1 / 1.5}};
  if (group != nullptr)
    rows.push_back({what + ", in a control group: time", "without a cap or group", "s", grouped, uncapped, 1 / 6.0});
  return bench::print(rows, argc, argv);
}
