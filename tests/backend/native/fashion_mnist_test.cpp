// Real images: Debian's dataset-fashion-mnist.
#include <filesystem>

#include "scalar/backend/native/native.hpp"
#include "scalar/data/idx.hpp"
#include "support/catch.hpp"

using namespace scalar;

TEST_CASE("a network of 256 hidden units learns Fashion-MNIST in 10 epochs") {
  const std::string folder = "/usr/share/datasets/fashion-mnist/";
  if (!std::filesystem::exists(folder + "train-images-idx3-ubyte.gz")) {
    WARN("skipped: the package dataset-fashion-mnist is not installed");
    return;
  }
  const auto read = [&](const std::string& part) {
    return data::read_idx_dataset(folder + part + "-images-idx3-ubyte.gz", folder + part + "-labels-idx1-ubyte.gz",
                                  {.scale = 1.0f / 255});
  };
  const Dataset train = read("train"), test = read("t10k");
  const MlpParameters parameters = backend::Native{}.fit(MultilayerPerceptron{.hidden = {256}, .epochs = 10}, train);
  const CompiledModel model = backend::compile(parameters);
  std::vector<double> probabilities(static_cast<std::size_t>(test.rows() * 10));
  model.predict(test.features(), {probabilities.data(), test.rows(), 10});
  std::int64_t right = 0;
  for (std::int64_t i = 0; i < test.rows(); ++i) {
    const auto* row = probabilities.data() + i * 10;
    right += std::max_element(row, row + 10) - row == static_cast<std::int64_t>(test.target(i)) ? 1 : 0;
  }
  const double accuracy = static_cast<double>(right) / static_cast<double>(test.rows());
  CAPTURE(accuracy);
  CHECK(accuracy >= 0.875);
}
