// Prints what Bulk (J. Buurlage and others) takes on two threads: `sync` nanoseconds of an empty world.sync(), `spin`
// the same with Bulk's own spinning barrier in place of std::barrier, its default; `queue` CPU nanoseconds of a 16-byte
// message to a random thread: sent, delivered, added up; `put` microseconds of a put of 16 MiB into the other
// thread's coarray, until it is there.
// Bulk is headers only: SCALAR_RIVAL_BULK is this program, compiled as C++20 with -O3 -march=native -pthread.
#include <bulk/backends/thread/thread.hpp>
#include <bulk/bulk.hpp>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

namespace {

double now(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

/// Nanoseconds of one of `count` steps, on `clock`, after `warm` that do not count; 0 but on the first thread.
template <class Step>
double nanoseconds_of(bulk::world& world, clockid_t clock, int warm, int count, Step step) {
  for (int i = 0; i < warm; ++i) step(i);
  world.sync();
  const double begin = now(clock);
  for (int i = 0; i < count; ++i) step(warm + i);
  world.sync();
  return world.rank() == 0 ? (now(clock) - begin) / count : 0;
}

double sync_empty(bulk::world& world) {
  return nanoseconds_of(world, CLOCK_MONOTONIC, 2'000, 20'000, [&](int) { world.sync(); });
}

double send_messages(bulk::world& world) {
  const int each = 1'000'000, processes = world.active_processors();
  bulk::queue<std::uint64_t, double> queue(world);
  double sum = 0;
  const double step = nanoseconds_of(world, CLOCK_PROCESS_CPUTIME_ID, 2, 5, [&](int number) {
    auto seed = static_cast<std::uint32_t>(world.rank() * 977 + number);
    for (int i = 0; i < each; ++i) {
      seed = seed * 1664525u + 1013904223u;
      const auto to = (std::uint64_t{seed} * static_cast<std::uint64_t>(processes)) >> 32;
      queue(static_cast<int>(to)).send(static_cast<std::uint64_t>(i), 1.0);
    }
    world.sync();
    for (const auto& [key, value] : queue) sum += value;
  });
  return sum > 0 ? step / (static_cast<double>(each) * processes) : 0;
}

double put_block(bulk::world& world) {
  std::vector<float> values(4 << 20, 1.0f);
  bulk::coarray<float> target(world, values.size(), 0.0f);
  return 1e-3 * nanoseconds_of(world, CLOCK_MONOTONIC, 3, 20, [&](int) {
           if (world.rank() == 0) target.put(1, {std::size_t{0}, values.size()}, values);
           world.sync();
         });
}

template <class Environment>
int print(double (*figure)(bulk::world&)) {
  Environment environment;
  environment.spawn(2, [figure](bulk::world& world) {
    if (const double value = figure(world); world.rank() == 0) std::printf("%.6g\n", value);
  });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "sync";
  using Spinning = bulk::thread::environment_<bulk::thread::spinning_barrier>;
  if (what == "spin") return print<Spinning>(sync_empty);
  if (what == "queue") return print<bulk::thread::environment>(send_messages);
  return print<bulk::thread::environment>(what == "put" ? put_block : sync_empty);
}
