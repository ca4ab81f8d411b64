// Stale synchronous against bulk synchronous gradient descent, to the same loss: a logistic regression on made data
// over peers of which some are slow at random (S1).
//
// usage: benchmark_bsp_ssp [--json] [ROUNDS]       (5)
//
// Delays: every peer stands for a machine of its own, so a step lasts 2 ms however few cores there are: the gradient,
// and sleep for what is left. A delayed step lasts five times that. Either one random peer is delayed in 10 % of all
// steps, or every peer in 10 % of its own. Printed with them: the least share of BSP's time that as many steps without
// barriers take on average, which is (1 + 0.4 / p) / 1.4 in the first case and 1.4 / (5 - 4 * 0.9^p) in the second.
// No delay: gradients without sleep, on 2 peers.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "bench.hpp"
#include "scalar/bsp.hpp"
#include "scalar/core/random.hpp"

namespace {

using namespace scalar;
using Time = std::chrono::steady_clock;

constexpr std::size_t features = 128, examples = 4096;
constexpr std::chrono::microseconds step_time{2000};
constexpr int sample_every = 3;

/// A thread for each peer, on which it may sleep.
class Threads final : public bsp::Executor {
 public:
  explicit Threads(int count) {
    for (int i = 0; i < count; ++i) threads_.emplace_back([this] { serve(); });
  }
  ~Threads() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    posted_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  void post(bsp::Helper helper) override {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(helper));
    }
    posted_.notify_one();
  }

 private:
  void serve() {
    for (std::unique_lock lock(mutex_);;) {
      posted_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const bsp::Helper helper = std::move(waiting_.back());
      waiting_.pop_back();
      lock.unlock();
      helper();
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable posted_;
  std::vector<bsp::Helper> waiting_;
  std::vector<std::thread> threads_;
  bool closing_ = false;
};

struct Data {
  std::vector<float> x, y;
};

Data make_data() {
  Data data{std::vector<float>(examples * features), std::vector<float>(examples)};
  Philox random(1, 1);
  const auto uniform = [&] { return static_cast<float>(random() % 20001) / 10000.0f - 1.0f; };
  std::vector<float> truth(features);
  for (float& weight : truth) weight = uniform();
  for (std::size_t i = 0; i < examples; ++i) {
    float dot = 0.3f * uniform();
    for (std::size_t j = 0; j < features; ++j) {
      data.x[i * features + j] = uniform();
      dot += truth[j] * data.x[i * features + j];
    }
    data.y[i] = dot > 0 ? 1.0f : 0.0f;
  }
  return data;
}

float probability(const float* x, std::span<const float> weights) {
  float dot = 0;
  for (std::size_t j = 0; j < features; ++j) dot += x[j] * weights[j];
  return 1.0f / (1.0f + std::exp(-dot));
}

/// `out` becomes the step against the gradient of `count` examples from `begin` on.
void descend(const Data& data, std::span<const float> weights, std::size_t begin, std::size_t count, float rate,
             std::vector<float>& out) {
  out.assign(features, 0.0f);
  for (std::size_t i = begin; i < begin + count; ++i) {
    const float* x = &data.x[i % examples * features];
    const float error = (data.y[i % examples] - probability(x, weights)) * rate / static_cast<float>(count);
    for (std::size_t j = 0; j < features; ++j) out[j] += error * x[j];
  }
}

double loss_of(const Data& data, std::span<const float> weights) {
  double loss = 0;
  for (std::size_t i = 0; i < examples; ++i) {
    const double p = probability(&data.x[i * features], weights);
    loss -= std::log(std::max(1e-12, data.y[i] > 0.5f ? p : 1 - p));
  }
  return loss / examples;
}

enum class Delays { none, one_peer, every_peer };

struct Setting {
  int peers = 2, steps = 300;
  Delays delays = Delays::none;
  std::size_t batch = 64;
  float rate = 1.0f;
  std::uint64_t seed = 0;
  bool sleeps() const { return delays != Delays::none; }
};

/// Whether a peer is slow in a step: the same for all contenders of a round.
bool is_delayed(const Setting& setting, int rank, int step) {
  const auto at = static_cast<std::uint64_t>(step);
  if (setting.delays == Delays::one_peer) {
    Philox random(setting.seed, at);
    return random() % 10 == 0 && static_cast<int>(random() % static_cast<unsigned>(setting.peers)) == rank;
  }
  Philox random(setting.seed * 64 + static_cast<std::uint64_t>(rank), at);
  return setting.delays == Delays::every_peer && random() % 10 == 0;
}

/// The weights now and then, and when that was.
struct Track {
  Time::time_point start;
  std::vector<double> seconds;
  std::vector<std::vector<float>> weights;
  void sample(int step, std::span<const float> now) {
    if (step == 0) start = Time::now();
    if (step % sample_every != 0) return;
    seconds.push_back(std::chrono::duration<double>(Time::now() - start).count());
    weights.emplace_back(now.begin(), now.end());
  }
  /// When the loss was reached for the first time; the end if never.
  double time_to(double loss, const Data& data) const {
    for (std::size_t i = 0; i < weights.size(); ++i)
      if (loss_of(data, weights[i]) <= loss) return seconds[i];
    std::fprintf(stderr, "a run has not reached the loss\n");
    return seconds.back();
  }
};

/// One peer's step: the gradient of its share of the examples, for as long as the setting says.
void work(const Data& data, const Setting& setting, int rank, int step, std::span<const float> weights,
          std::vector<float>& out) {
  const Time::time_point begin = Time::now();
  const auto share = static_cast<std::size_t>(step * setting.peers + rank);
  descend(data, weights, share * setting.batch, setting.batch, setting.rate / static_cast<float>(setting.peers), out);
  if (setting.sleeps()) std::this_thread::sleep_until(begin + (is_delayed(setting, rank, step) ? 5 : 1) * step_time);
}

Track run_bsp(const Data& data, const Setting& setting, bsp::Executor& threads) {
  Track track;
  bsp::Engine engine({.peers = setting.peers, .workers = setting.peers, .executor = &threads});
  engine.run([&](bsp::Peer& peer) -> bsp::Task<> {
    std::vector<float> weights(features), change;
    for (int step = 0; step < setting.steps; ++step) {
      if (peer.rank() == 0) track.sample(step, weights);
      work(data, setting, peer.rank(), step, weights, change);
      auto reduce = all_reduce(peer, std::span(change), std::plus{});
      co_await std::move(reduce);
      for (std::size_t j = 0; j < features; ++j) weights[j] += change[j];
    }
  });
  return track;
}

Track run_ssp(const Data& data, const Setting& setting, bsp::Executor& threads, int staleness) {
  Track track;
  bsp::Engine engine({.peers = setting.peers, .workers = setting.peers, .executor = &threads});
  engine.run([&](bsp::Peer& peer) -> bsp::Task<> {
    bsp::StaleClock clock(peer, {.staleness = staleness});
    bsp::ParameterTable<float> table(clock, 1, features);
    std::vector<float> change;
    for (int step = 0; step < setting.steps; ++step) {
      if (peer.rank() == 0) track.sample(step, table.values());
      work(data, setting, peer.rank(), step, table.values(), change);
      table.push_all(change);
      co_await clock.tick();
    }
    if (clock.worst() > static_cast<std::uint64_t>(staleness)) std::abort();
  });
  return track;
}

/// All peers' gradients in a loop of one thread, without delays.
Track run_plain(const Data& data, Setting setting) {
  setting.delays = Delays::none;
  Track track;
  std::vector<float> weights(features), change, sum;
  for (int step = 0; step < setting.steps; ++step) {
    track.sample(step, weights);
    sum.assign(features, 0.0f);
    for (int rank = 0; rank < setting.peers; ++rank) {
      work(data, setting, rank, step, weights, change);
      for (std::size_t j = 0; j < features; ++j) sum[j] += change[j];
    }
    for (std::size_t j = 0; j < features; ++j) weights[j] += sum[j];
  }
  return track;
}

double least_share(const Setting& setting) {
  if (setting.delays == Delays::none) return 1;
  if (setting.delays == Delays::one_peer) return (1 + 0.4 / setting.peers) / 1.4;
  return 1.4 / (5 - 4 * std::pow(0.9, setting.peers));
}

bench::Row measure(const Data& data, Setting setting, std::string what, double goal, int rounds) {
  const Track plain = run_plain(data, setting);
  const double target = loss_of(data, plain.weights[plain.weights.size() * 7 / 10]);
  Threads threads(setting.peers);
  const auto of = [&](auto run) {
    return [&data, &setting, target, run, round = 0]() mutable {
      setting.seed = static_cast<std::uint64_t>(++round);
      return 1e3 * run().time_to(target, data);
    };
  };
  const auto figures = bench::interleave({{"BSP", of([&] { return run_bsp(data, setting, threads); })},
                                          {"SSP", of([&] { return run_ssp(data, setting, threads, 3); })}},
                                         rounds);
  std::fprintf(stderr, "%s: to loss %.4f; one thread, plain loop without delays: %.3g ms; least share possible: %.2f\n",
               what.c_str(), target, 1e3 * plain.time_to(target, data), least_share(setting));
  return {std::move(what), "BSP", "ms", figures[1], figures[0], 1 / goal};
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = std::max(1, argc > 1 && argv[argc - 1][0] != '-' ? std::atoi(argv[argc - 1]) : 5);
  const Data data = make_data();
  std::vector<bench::Row> rows;
  for (const int peers : {2, 4})
    rows.push_back(measure(data, {.peers = peers, .delays = Delays::one_peer},
                           "SSP s=3, " + std::to_string(peers) + " peers, one of them 5x slower in 10 % of steps", 0.65,
                           rounds));
  for (const int peers : {2, 4, 8})
    rows.push_back(measure(data, {.peers = peers, .delays = Delays::every_peer},
                           "SSP s=3, " + std::to_string(peers) + " peers, each 5x slower in 10 % of its steps", 0.65,
                           rounds));
  rows.push_back(measure(data, {.peers = 2, .steps = 600, .batch = 1024}, "SSP s=3, 2 peers, no delay", 1.05, rounds));
  return bench::print(rows, argc, argv);
}
