// Trains one model in several processes together, and prints whether it is the same model that one process learns
// alone.
//
//   for i in 0 1; do
//     SCALAR_RANK=$i SCALAR_PEERS=2 SCALAR_COORDINATOR=127.0.0.1:17115 train_processes examples/data/penguins.csv &
//   done; wait
//   mpirun -n 2 train_processes examples/data/penguins.csv    # a launcher that sets the environment
#include <cstdio>
#include <exception>
#include <scalar/bsp/processes/tcp.hpp>
#include <scalar/scalar.hpp>

namespace {

int train(const char* file) {
  using namespace scalar;
  // Every process reads the same data, and works on its share of the rows.
  const auto [train, test] = data::read_csv(file, {.label = "species"}).split({.test = 0.25, .seed = 7});
  const Trainer trainer{GradientBoostedTrees{.trees = 50, .depth = 4, .loss = Loss::softmax}};
  const auto shared = trainer.fit(train, {.peers = 4, .transport = bsp::tcp()});
  const auto alone = trainer.fit(train);
  std::printf("accuracy %.2f, the model of one process: %s\n", metrics::accuracy(shared, test),
              to_bytes(shared.parameters()) == to_bytes(alone.parameters()) ? "yes" : "no");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return train(argc > 1 ? argv[1] : "examples/data/penguins.csv");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
