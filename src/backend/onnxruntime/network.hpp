#pragma once
/// Steps of a network's learning, computed by ONNX Runtime.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "backend/native/mlp/step.hpp"
#include "backend/native/rows.hpp"
#include "backend/onnxruntime/computation.hpp"
#include "scalar/spec/multilayer_perceptron.hpp"

namespace scalar::inline v0::backend::onnxruntime {

/// As native::NetworkStep, by two graphs: one from weights and a minibatch to the loss and the gradients, one from
/// gradients to the next weights. All is in the canonical order of MlpParameters.
class NetworkStep final : public native::Step {
 public:
  NetworkStep(const std::shared_ptr<const Library>& library, const MultilayerPerceptron& spec,
              const MlpParameters& start, std::int64_t most_rows, const native::ThreadTeam& team,
              const Runtime& runtime);

  double propagate(const native::Rows& rows, std::span<const std::int64_t> order) override;
  void sum_gradients(std::span<float> gradients) override;
  void apply(std::span<const float> gradients, std::int64_t rows) override;
  void sum_and_apply(std::int64_t rows) override { apply(gradients_, rows); }

  std::size_t size() const override { return values_.size(); }
  void copy_to(MlpParameters& parameters) const override { parameters.values = values_; }
  double squared_weights() const override;
  void write(std::vector<std::byte>& out) const override;
  void read(std::span<const std::byte>& in) override;

 private:
  void gather(const native::Rows& rows, std::span<const std::int64_t> order);
  template <class Add>
  void for_tensors(Add add) const;
  void add_inputs(Call& call, std::span<const float> values) const;
  void add_outputs(Call& call, std::span<float> values) const;

  const MultilayerPerceptron& spec_;
  MlpParameters shape_;  // without values
  Computation gradient_, update_;
  std::vector<float> values_, first_, second_;  // weights, and the moments of their steps
  std::vector<float> next_values_, next_first_, next_second_, gradients_;
  std::vector<float> features_, targets_, row_weights_, offsets_;  // the minibatch
  std::vector<std::int64_t> classes_;
  std::int64_t steps_ = 0;  // taken
};

}  // namespace scalar::inline v0::backend::onnxruntime
