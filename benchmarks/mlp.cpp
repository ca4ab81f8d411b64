// An epoch of a network, 60000x784 float32, 256 hidden, batch 128, against scikit-learn's MLPClassifier at its best
// number of threads. SCALAR_RIVAL_SKLEARN names a python executable with scikit-learn (PyPI, `pip install
// scikit-learn`).
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "bench.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/random.hpp"

namespace {

using namespace scalar;

struct Times {
  double wall = 0, cpu = 0;
};

Times now() {
  timespec cpu{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  return {std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(),
          static_cast<double>(cpu.tv_sec) + 1e-9 * static_cast<double>(cpu.tv_nsec)};
}

Dataset random_images() {
  constexpr std::size_t rows = 60000, columns = 784;
  DatasetParts parts{.columns = columns};
  Philox random(1);
  parts.features.resize(rows * columns);
  for (float& value : parts.features) value = static_cast<float>(random()) * 0x1p-32f;
  for (std::size_t i = 0; i < rows; ++i) parts.targets.push_back(static_cast<float>(random.below(10)));
  for (int k = 0; k < 10; ++k) parts.classes.push_back(std::to_string(k));
  return Dataset(std::move(parts));
}

/// The second epoch of a fit, as the rival's.
Times our_epoch(const Dataset& data, Optimizer optimizer, int peers, const Runtime& runtime) {
  std::vector<Times> ends;
  FitOptions options{.peers = peers};
  options.progress = [&](const FitProgress&) { ends.push_back(now()); };
  backend::Native{}.fit(MultilayerPerceptron{.hidden = {256},
                                             .optimizer = optimizer,
                                             .learning_rate = optimizer == Optimizer::sgd ? 0.1 : 1e-3,
                                             .batch = 128,
                                             .epochs = 2},
                        data, options, runtime);
  return {ends[1].wall - ends[0].wall, ends[1].cpu - ends[0].cpu};
}

Times rival_epoch(const std::string& python, Optimizer optimizer, int threads) {
  const std::string command = "'" + python + "' " SCALAR_BENCHMARKS "/rivals/sklearn_mlp.py " +
                              (optimizer == Optimizer::sgd ? "sgd " : "adam ") + std::to_string(threads);
  Times times;
  if (std::FILE* pipe = popen(command.c_str(), "r")) {
    if (std::fscanf(pipe, "%lf %lf", &times.wall, &times.cpu) != 2) times = {};
    pclose(pipe);
  }
  return times;
}

struct Figures {
  std::vector<double> wall{}, cpu{};
  void add(Times times) {
    wall.push_back(times.wall);
    cpu.push_back(times.cpu);
  }
};

}  // namespace

int main(int argc, char** argv) {
  const char* python = std::getenv("SCALAR_RIVAL_SKLEARN");
  const Dataset data = random_images();
  const Runtime runtime(RuntimeOptions{.threads = 2});
  std::vector<bench::Row> rows;
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam}) {
    Figures alone, peers, one, two;
    for (int round = 0; round < 5; ++round) {
      alone.add(our_epoch(data, optimizer, 1, runtime));
      if (python != nullptr) two.add(rival_epoch(python, optimizer, 2));
      peers.add(our_epoch(data, optimizer, 2, runtime));
      if (python != nullptr) one.add(rival_epoch(python, optimizer, 1));
    }
    const bool use_one = python != nullptr && bench::median(one.wall) < bench::median(two.wall);
    const Figures& best = use_one ? one : two;
    const std::string name = optimizer == Optimizer::sgd ? "MLP epoch, sgd" : "MLP epoch, adam";
    const std::string rival = std::string("scikit-learn, ") + (use_one ? "1 thread" : "2 threads");
    rows.push_back({name + ", 2 threads", rival, "s", alone.wall, best.wall, 1.2});
    rows.push_back({name + ", 2 peers", rival, "s", peers.wall, best.wall, 1.2});
    if (python != nullptr)
      rows.push_back({name + ", CPU time", "scikit-learn, 1 thread", "s", alone.cpu, one.cpu, 1.0});
  }
  return bench::print(rows, argc, argv);
}
