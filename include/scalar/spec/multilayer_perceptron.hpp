#pragma once
/// Fully connected neural networks.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "scalar/spec/spec.hpp"

namespace scalar::inline v0 {

enum class Activation : std::uint8_t {
  relu = 0,
  tanh = 1,
  logistic = 2,
};

enum class Optimizer : std::uint8_t {
  /// `v <- momentum v - rate g; w <- w + v`.
  sgd = 0,
  /// Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1, with beta1 0.9, beta2 0.999, and
  /// epsilon 1e-8, which is added to the root of the corrected second moment.
  adam = 1,
};

/// `a_0 = x; a_l = f(W_l a_(l-1) + c_l)` for the hidden layers; the last layer is linear, with the link of the loss.
///
/// Each step minimizes `1/n sum_i w_i loss_i + l2 / (2 n) ||W||^2` over a minibatch of n rows (biases are not
/// penalized), the objective of scikit-learn's `MLPClassifier(alpha=l2)`. With the squared loss, the targets are
/// standardized in double: their weighted mean is subtracted, and they are divided by their weighted deviation. So
/// prices and times keep their digits, and one learning rate suits targets of any size.
///
/// Biases begin at zero and weights uniform in `[-r, r]`, `r = sqrt(6 / (inputs + outputs))` (Glorot, Bengio, 2010),
/// drawn from Philox(seed, layer) in their canonical order. Each epoch takes the rows in the order of a Fisher-Yates
/// shuffle of `0, 1, ...` with Philox(seed, 2^32 + epoch), swapping from the last row down. With p peers, each
/// minibatch is cut into p contiguous pieces whose gradients are summed, so any number of peers follows the same
/// trajectory up to rounding.
struct MultilayerPerceptron {
  std::vector<int> hidden{128};
  Activation activation = Activation::relu;
  Loss loss = Loss::softmax;
  Optimizer optimizer = Optimizer::adam;
  double learning_rate = 1e-3;
  double momentum = 0.9;  ///< of `Optimizer::sgd`
  double l2 = 1e-4;
  int batch = 128;
  int epochs = 0;  ///< passes over the rows; 0: enough for 500 steps, at least 20 (see docs/spec.md)
  std::uint64_t seed = 0;

  using Self = MultilayerPerceptron;
  static constexpr std::string_view name = "multilayer_perceptron";
  static constexpr auto fields() {
    return std::tuple{field<&Self::hidden>.in(1, 1e6),
                      field<&Self::activation>,
                      field<&Self::loss>,
                      field<&Self::optimizer>,
                      field<&Self::learning_rate>.in(1e-12, 1e3),
                      field<&Self::momentum>.in(0, 0.999999),
                      field<&Self::l2>.in(0, 1e9),
                      field<&Self::batch>.in(1, 1e9),
                      field<&Self::epochs>.in(0, 1e9),
                      field<&Self::seed>.in(0, 18446744073709551615.0)};
  }

  TargetKind target() const { return target_of(loss); }
  Encoding default_encoding() const { return {}; }
};

/// Layers of float weights. With the squared loss, the prediction is `target_offset + target_scale margin`, in double.
struct MlpParameters {
  std::vector<std::int64_t> sizes{};  ///< units of each layer, inputs first, margins last
  Activation activation = Activation::relu;
  Link link = Link::identity;
  std::vector<float> values{};  ///< for each layer: weights `[outputs, inputs]`, then biases `[outputs]`
  /// With the squared loss the mean and the deviation of the targets, else 0 and 1.
  double target_offset = 0, target_scale = 1;

  std::size_t layers() const { return sizes.empty() ? 0 : sizes.size() - 1; }
  /// Where the weights of layer `layer` begin in `values`; its biases follow them.
  std::size_t offset(std::size_t layer) const {
    std::size_t at = 0;
    for (std::size_t l = 0; l < layer; ++l) at += static_cast<std::size_t>((sizes[l] + 1) * sizes[l + 1]);
    return at;
  }

  friend bool operator==(const MlpParameters&, const MlpParameters&) = default;
};

/// Converts to and from canonical bytes. Errors of `from_bytes`: `Errc::corrupt`.
std::vector<std::byte> to_bytes(const MlpParameters& parameters);
void from_bytes(std::span<const std::byte> bytes, MlpParameters& parameters);

template <>
struct ParametersOf<MultilayerPerceptron> {
  using type = MlpParameters;
};

}  // namespace scalar::inline v0
