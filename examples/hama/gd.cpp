// Hama's gd: gradient descent for linear and logistic regression; the peers add up their gradients.
#include <scalar/bsp.hpp>
#include <scalar/core/random.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

using namespace scalar;

using Weights = std::array<double, 3>;   // the first is the intercept
using Model = double (*)(double score);  // the prediction for a linear score
struct Sample {
  Weights x{};  // x[0] is 1
  double y = 0;
};

double score(const Weights& w, const Weights& x) { return w[0] * x[0] + w[1] * x[1] + w[2] * x[2]; }

std::vector<Sample> samples_of(int rank, Model model, const Weights& truth) {
  std::vector<Sample> samples;
  Philox random(7, static_cast<std::uint64_t>(rank));
  for (int i = 0; i < 1'000; ++i) {
    const Weights x{1, 4 * random.uniform() - 2, 4 * random.uniform() - 2};
    samples.push_back({x, model(score(truth, x))});
  }
  return samples;
}

Weights gradient(const std::vector<Sample>& samples, Model model, const Weights& w) {  // of either model's loss
  Weights sum{};
  for (const Sample& sample : samples)
    for (std::size_t i = 0; i < w.size(); ++i)
      sum[i] += (model(score(w, sample.x)) - sample.y) * sample.x[i] / static_cast<double>(samples.size());
  return sum;
}

int main() {
  const bsp::Engine engine{{.peers = 4}};
  const auto descend = [&](const char* name, Model model, const Weights& truth, double rate) {
    auto body = [&](bsp::Peer& peer) -> bsp::Task<Weights> {
      const std::vector<Sample> samples = samples_of(peer.rank(), model, truth);
      Weights weights{};
      for (double steepest = 1; steepest > 1e-7;) {
        Weights step = gradient(samples, model, weights);
        co_await all_reduce(peer, std::span(step), std::plus{});
        for (std::size_t i = 0; i < weights.size(); ++i) weights[i] -= rate * step[i] / peer.size();
        steepest = std::abs(step[0]) + std::abs(step[1]) + std::abs(step[2]);
      }
      co_return weights;
    };
    const Weights found = engine.run(body);
    std::printf("%s: %.4f %.4f %.4f\n", name, found[0], found[1], found[2]);
  };
  descend(
      "linear", [](double s) { return s; }, {2, 3, -1}, 0.3);
  descend(
      "logistic", [](double s) { return 1 / (1 + std::exp(-s)); }, {-1, 2, 0.5}, 2);
}
