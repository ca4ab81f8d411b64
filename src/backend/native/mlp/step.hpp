#pragma once
/// One minibatch through a network: loss, gradients, and the step of the optimizer.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "backend/native/kernels/aligned_vector.hpp"
#include "backend/native/mlp/fit_network.hpp"
#include "backend/native/mlp/layout.hpp"
#include "backend/native/rows.hpp"
#include "scalar/spec/multilayer_perceptron.hpp"

namespace scalar::inline v0::backend::native {

/// A network with the memory it needs to learn from up to `most_rows` rows at a time.
///
/// A minibatch has two parallel phases. First rows: each thread takes some rows forward through all layers, and their
/// errors back. Then weights: each thread owns blocks of weights, sums their gradients over all rows, and takes the
/// step. No sum is ever split between threads, so the bits do not depend on the number of threads.
class NetworkStep final : public Step {
 public:
  /// `start` has the initial weights, and the offset and scale that standardize the targets of the squared loss.
  NetworkStep(const MultilayerPerceptron& spec, const MlpParameters& start, std::int64_t most_rows,
              const ThreadTeam& team);

  /// First phase, for the rows `order` of `rows`. Returns their summed loss.
  double propagate(const Rows& rows, std::span<const std::int64_t> order) override;
  /// Second phase: the gradients summed over those rows, in the packed layout.
  void sum_gradients(std::span<float> gradients) override;
  /// The optimizer's next step, for gradients summed over `rows` rows.
  void apply(std::span<const float> gradients, std::int64_t rows) override;
  /// `sum_gradients` and `apply` in one pass: gradients never leave the cache.
  void sum_and_apply(std::int64_t rows) override;

  std::size_t size() const override { return layout_.size; }
  void copy_to(MlpParameters& parameters) const override { unpack(values_, layout_, parameters); }
  double squared_weights() const override;

  /// All that the next steps depend on, for going on elsewhere.
  void write(std::vector<std::byte>& out) const override;
  void read(std::span<const std::byte>& in) override;

 private:
  struct Block {  // a block of weights: panels `[panel, panel + panels)`, inputs `[first, last)`
    std::size_t layer = 0;
    std::int64_t panel = 0, panels = 0, first = 0, last = 0;
  };

  void make_blocks();
  void for_blocks(FunctionRef<void(const Block&)> body) const;
  void begin_step(std::int64_t rows);
  void propagate_piece(const Rows& rows, std::span<const std::int64_t> order, std::int64_t begin, std::int64_t end);
  void set_errors(const Rows& rows, std::span<const std::int64_t> order, std::int64_t begin, std::int64_t end);
  void send_back(std::size_t layer, std::int64_t begin, std::int64_t end);
  float* deltas_of(std::size_t layer);
  const float* inputs_of(std::size_t layer) const;
  std::int64_t input_stride(std::size_t layer) const;
  void block_gradient(const Block& block, float* to, std::int64_t panel_stride, float* biases) const;
  void update_block(const Block& block, const float* gradient, std::int64_t panel_stride, const float* biases);
  std::size_t weights_at(const Block& block, std::int64_t panel) const;
  void transpose(const Block& block);
  void update(std::size_t at, std::int64_t count, const float* gradient, bool decays);

  const MultilayerPerceptron& spec_;
  double offset_, scale_;  // of the targets
  Layout layout_;
  ThreadTeam team_;
  AlignedVector<float> values_, first_, second_, transposed_;
  std::vector<Block> blocks_{};
  AlignedVector<float> inputs_;                             // the minibatch `[rows, inputs]`
  std::vector<AlignedVector<float>> outputs_{}, deltas_{};  // of each layer: values and errors `[rows][width]`
  std::vector<AlignedVector<float>> errors_{};              // of each layer: `[panels][rows][16]`
  AlignedVector<float> losses_;
  std::int64_t rows_ = 0;   // in the minibatch
  std::int64_t steps_ = 0;  // taken
  Update step_{};           // what all blocks of the current step share
};

}  // namespace scalar::inline v0::backend::native
