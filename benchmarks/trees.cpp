// Training boosted trees, binning included, against XGBoost's hist: 100000 x 50, 100 trees, depth 6, 256 bins.
//
// XGBoost's OpenMP threads: OMP_WAIT_POLICY as the caller set it; unset, the adapter's passive. On an idle machine
// active may be faster by some percent, on a busy one it is many times slower.
#include <cmath>
#include <ctime>

#include "bench.hpp"
#include "scalar/backend/native/native.hpp"
#include "xgboost_rival.hpp"

using namespace scalar;

namespace {

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

struct Timed {
  std::vector<double> wall, cpu;

  template <class Work>
  double measure(Work&& work) {
    const double before = cpu_seconds();
    const double seconds = bench::seconds(work);
    wall.push_back(seconds);
    cpu.push_back(cpu_seconds() - before);
    return seconds;
  }
  void forget_warm_up() { wall.erase(wall.begin()), cpu.erase(cpu.begin()); }
};

double logloss(const DatasetParts& parts, const auto& margin) {
  double sum = 0;
  for (std::size_t row = 0; row < parts.targets.size(); ++row)
    sum += std::log1p(std::exp(parts.targets[row] > 0 ? -static_cast<double>(margin[row]) : margin[row]));
  return sum / static_cast<double>(parts.targets.size());
}

}  // namespace

int main(int argc, char** argv) {
  const backend::xgboost::Library library("");
  const Runtime runtime;
  const int threads = runtime.threads(), rounds = 5;
  constexpr std::int64_t rows = 100'000, columns = 50;
  const GradientBoostedTrees spec{.trees = 100, .depth = 6, .learning_rate = 0.1};

  // Losses first, over several data sets: a difference on one is the luck of its cuts.
  double mine = 0, theirs = 0;
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const DatasetParts parts = rival::classes(rows, columns, seed);
    const Dataset data(parts);
    std::vector<double> margin(parts.targets.size());
    backend::compile(backend::Native{}.fit(spec, data, {}, runtime)).margins(data.features(), {margin.data(), rows, 1});
    mine += logloss(parts, margin) / 3;
    const rival::Booster booster(library, parts, spec, threads);
    theirs += logloss(parts, booster.predict(parts.features.data(), rows, columns)) / 3;
  }

  const DatasetParts parts = rival::classes(rows, columns, 1);
  const Dataset data(parts);
  Timed native, xgboost;
  bench::interleave(
      {{"native", [&] { return native.measure([&] { (void)backend::Native{}.fit(spec, data, {}, runtime); }); }},
       {"xgboost", [&] { return xgboost.measure([&] { rival::Booster(library, parts, spec, threads); }); }}},
      rounds);
  native.forget_warm_up(), xgboost.forget_warm_up();
  Timed alone, shared;  // the same work by one peer on one thread and by two on two
  const Runtime one({.threads = 1}), two({.threads = 2});
  bench::interleave(
      {{"1 peer", [&] { return alone.measure([&] { (void)backend::Native{}.fit(spec, data, {}, one); }); }},
       {"2 peers",
        [&] { return shared.measure([&] { (void)backend::Native{}.fit(spec, data, {.peers = 2}, two); }); }}},
      rounds);
  alone.forget_warm_up(), shared.forget_warm_up();

  const char* policy = std::getenv("OMP_WAIT_POLICY");
  const std::string name = rival::version(library) + ", OMP " + (policy != nullptr ? policy : "passive"),
                    what = "trees 100000x50, 100 x depth 6, " + std::to_string(threads) + " threads";
  return bench::print(
      {{what + ", wall", name, "s", native.wall, xgboost.wall, 1.3},
       {what + ", cpu", name, "s", native.cpu, xgboost.cpu, 1.3},
       {"the same trees, 2 peers on 2 threads, wall", "1 peer, 1 thread", "s", shared.wall, alone.wall, 1.8},
       {"the same trees, 2 peers on 2 threads, cpu", "1 peer, 1 thread", "s", shared.cpu, alone.cpu, 0.9},
       {"train logloss, mean of 3 data sets", name, "", {mine}, {theirs}, 1.0}},
      argc, argv);
}
