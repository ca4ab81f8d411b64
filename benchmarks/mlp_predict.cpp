// One row and 10,000 rows through a network 784-256-10 behind a Predictor without cache, against the loop that a user
// of Eigen would write.
#include <Eigen/Dense>
#include <cstdint>
#include <string>
#include <vector>

#include "bench.hpp"
#include "scalar/core/random.hpp"
#include "scalar/predictor.hpp"

namespace {

using namespace scalar;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// relu and softmax between two matrix products, all buffers made beforehand.
struct PlainLoop {
  RowMajor first{256, 784}, second{10, 256};
  Eigen::VectorXf first_bias{256}, second_bias{10}, hidden{256}, margins{10};
  RowMajor many_hidden{}, many_margins{};

  void one(const float* x, double* out) {
    hidden.noalias() = first * Eigen::Map<const Eigen::VectorXf>(x, 784);
    hidden = (hidden + first_bias).cwiseMax(0.0f);
    margins.noalias() = second * hidden;
    margins += second_bias;
    margins = (margins.array() - margins.maxCoeff()).exp();
    margins /= margins.sum();
    for (int k = 0; k < 10; ++k) out[k] = static_cast<double>(margins[k]);
  }
  void many(const float* x, std::int64_t rows, double* out) {
    many_hidden.resize(rows, 256);
    many_margins.resize(rows, 10);
    many_hidden.noalias() = Eigen::Map<const RowMajor>(x, rows, 784) * first.transpose();
    many_hidden = (many_hidden.rowwise() + first_bias.transpose()).cwiseMax(0.0f);
    many_margins.noalias() = many_hidden * second.transpose();
    many_margins.rowwise() += second_bias.transpose();
    for (std::int64_t i = 0; i < rows; ++i) {
      auto row = many_margins.row(i);
      row = (row.array() - row.maxCoeff()).exp();
      row /= row.sum();
      for (int k = 0; k < 10; ++k) out[i * 10 + k] = static_cast<double>(row[k]);
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  constexpr std::int64_t batch = 10000;
  constexpr int repeats = 2000;
  Philox random(1);
  const auto uniform = [&] { return static_cast<float>(random()) * 0x1p-32f - 0.5f; };
  MlpParameters parameters{.sizes = {784, 256, 10}, .link = Link::softmax};
  for (std::size_t i = 0; i < parameters.offset(2); ++i) parameters.values.push_back(0.1f * uniform());
  PlainLoop plain;
  const float* from = parameters.values.data();
  plain.first = Eigen::Map<const RowMajor>(from, 256, 784);
  plain.first_bias = Eigen::Map<const Eigen::VectorXf>(from + 256 * 784, 256);
  plain.second = Eigen::Map<const RowMajor>(from + parameters.offset(1), 10, 256);
  plain.second_bias = Eigen::Map<const Eigen::VectorXf>(from + parameters.offset(1) + 2560, 10);
  std::vector<std::string> features, classes;
  for (int i = 0; i < 784; ++i) features.push_back(std::to_string(i));
  for (int k = 0; k < 10; ++k) classes.push_back(std::to_string(k));
  const Predictor predictor(Model(MultilayerPerceptron{.hidden = {256}}, parameters,
                                  Encoder::identity(features, classes), {}, Runtime(RuntimeOptions{.threads = 1})));

  std::vector<float> x(static_cast<std::size_t>(batch * 784));
  for (float& value : x) value = uniform() + 0.5f;
  std::vector<double> ours(static_cast<std::size_t>(batch * 10)), theirs = ours;
  const auto figures = bench::interleave(
      {{"ours",
        [&] {
          return 1e6 / repeats * bench::seconds([&] {
                   for (int i = 0; i < repeats; ++i)
                     predictor.predict(FloatMatrix(x.data() + i * 784, 1, 784), {ours.data() + i * 10, 1, 10});
                 });
        }},
       {"theirs",
        [&] {
          return 1e6 / repeats * bench::seconds([&] {
                   for (int i = 0; i < repeats; ++i) plain.one(x.data() + i * 784, theirs.data() + i * 10);
                 });
        }},
       {"ours, many",
        [&] {
          return 1e3 * bench::seconds([&] {
                   predictor.predict(FloatMatrix(x.data(), batch, 784), {ours.data(), batch, 10});
                 });
        }},
       {"theirs, many", [&] { return 1e3 * bench::seconds([&] { plain.many(x.data(), batch, theirs.data()); }); }}},
      9);
  for (std::size_t i = 0; i < ours.size(); ++i)
    if (std::abs(ours[i] - theirs[i]) > 1e-5) return std::printf("the predictions differ at %zu\n", i), 1;
  return bench::print(
      {{"MLP 784-256-10 through Predictor, 1 row", "plain Eigen loop", "us", figures[0], figures[1], 1 / 1.3},
       {"the same, 10000 rows, 1 thread", "plain Eigen loop", "ms", figures[2], figures[3], 1.0}},
      argc, argv);
}
