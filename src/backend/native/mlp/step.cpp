#include "backend/native/mlp/step.hpp"

#include <algorithm>
#include <cmath>

#include "backend/native/fit_state.hpp"
#include "backend/native/mlp/flush_to_zero.hpp"

namespace scalar::inline v0::backend::native {
namespace {

constexpr std::int64_t block_inputs = 112, block_panels = 2;

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

NetworkStep::NetworkStep(const MultilayerPerceptron& spec, const MlpParameters& start, std::int64_t most_rows,
                         const ThreadTeam& team)
    : spec_(spec),
      offset_(start.target_offset),
      scale_(start.target_scale),
      layout_(start.sizes),
      team_(team),
      values_(packed(start, layout_)),
      first_(layout_.size),
      second_(spec.optimizer == Optimizer::adam ? layout_.size : 0),
      transposed_(layout_.transposed_size),
      inputs_(index(most_rows * start.sizes[0])),
      losses_(index(most_rows)) {
  for (const Layer& layer : layout_.layers) {
    outputs_.emplace_back(index(most_rows * layer.width()));
    errors_.emplace_back(index(most_rows * layer.width()));
    deltas_.emplace_back(&layer == &layout_.layers.back() ? 0 : index(most_rows * layer.width()));
  }
  make_blocks();
  for (const Block& block : blocks_)
    if (block.layer > 0) transpose(block);
}

void NetworkStep::write(std::vector<std::byte>& out) const { write_state(out, values_, first_, second_, steps_); }

void NetworkStep::read(std::span<const std::byte>& in) {
  read_state(in, values_, first_, second_, steps_);
  for (const Block& block : blocks_)
    if (block.layer > 0) transpose(block);
}

void NetworkStep::make_blocks() {
  for (std::size_t l = 0; l < layout_.layers.size(); ++l) {
    const Layer& layer = layout_.layers[l];
    for (std::int64_t first = 0; first < layer.inputs; first += block_inputs)
      for (std::int64_t panel = 0; panel < layer.panels; panel += block_panels)
        blocks_.push_back({l, panel, (std::min)(block_panels, layer.panels - panel), first,
                           (std::min)(first + block_inputs, layer.inputs)});
  }
}

void NetworkStep::for_blocks(FunctionRef<void(const Block&)> body) const {
  const auto count = static_cast<std::int64_t>(blocks_.size());
  const std::int64_t grain = (std::max)(count / (4 * team_.threads()), std::int64_t{1});
  team_.for_pieces(count, grain, [&](std::int64_t begin, std::int64_t end) {
    const FlushToZero flush;
    for (std::int64_t i = begin; i < end; ++i) body(blocks_[index(i)]);
  });
}

double NetworkStep::propagate(const Rows& rows, std::span<const std::int64_t> order) {
  rows_ = static_cast<std::int64_t>(order.size());
  const std::int64_t each = (rows_ + team_.threads() - 1) / team_.threads();
  team_.for_pieces(rows_, std::clamp(each, std::int64_t{16}, std::int64_t{128}),
                   [&](std::int64_t begin, std::int64_t end) {
                     const FlushToZero flush;
                     propagate_piece(rows, order, begin, end);
                   });
  double loss = 0;
  for (std::int64_t i = 0; i < rows_; ++i) loss += static_cast<double>(losses_[index(i)]);
  return loss;
}

void NetworkStep::propagate_piece(const Rows& rows, std::span<const std::int64_t> order, std::int64_t begin,
                                  std::int64_t end) {
  const std::int64_t columns = rows.columns();
  for (std::int64_t i = begin; i < end; ++i)
    std::copy_n(rows.features.data + order[index(i)] * rows.features.stride, columns, inputs_.data() + i * columns);
  for (std::size_t l = 0; l < layout_.layers.size(); ++l) {
    const Layer& layer = layout_.layers[l];
    float* out = outputs_[l].data() + begin * layer.width();
    affine(layer, values_.data(), inputs_of(l) + begin * input_stride(l), input_stride(l), end - begin, out);
    if (l + 1 < layout_.layers.size()) activate(spec_.activation, out, (end - begin) * layer.width());
  }
  set_errors(rows, order, begin, end);
  for (std::size_t l = layout_.layers.size(); l-- > 0;) send_back(l, begin, end);
}

/// Turns margins into losses and derivatives of the loss.
void NetworkStep::set_errors(const Rows& rows, std::span<const std::int64_t> order, std::int64_t begin,
                             std::int64_t end) {
  const Layer& last = layout_.layers.back();
  for (std::int64_t i = begin; i < end; ++i) {
    float* row = outputs_.back().data() + i * last.width();
    const auto target = static_cast<float>((rows.target(order[index(i)]) - offset_) / scale_);
    const auto weight = static_cast<float>(rows.weight(order[index(i)]));
    float& loss = losses_[index(i)];
    if (spec_.loss == Loss::softmax) {
      loss = weight * kernels().softmax_row(row, last.outputs, static_cast<std::int64_t>(target));
    } else if (spec_.loss == Loss::logistic) {
      const float margin = row[0] + static_cast<float>(rows.offset(order[index(i)])),
                  tail = std::exp(-std::abs(margin));
      loss = weight * (std::log1p(tail) + (std::max)(margin, 0.0f) - target * margin);
      row[0] = (margin >= 0 ? 1.0f : tail) / (1 + tail) - target;
    } else {
      row[0] -= target;
      loss = weight * 0.5f * row[0] * row[0];
    }
    if (weight != 1)
      for (std::int64_t k = 0; k < last.outputs; ++k) row[k] *= weight;
  }
}

/// Packs the errors of a layer for its gradient, and computes the errors of the layer below.
void NetworkStep::send_back(std::size_t l, std::int64_t begin, std::int64_t end) {
  const Layer& layer = layout_.layers[l];
  const float* error = deltas_of(l);
  for (std::int64_t panel = 0; panel < layer.panels; ++panel)
    for (std::int64_t i = begin; i < end; ++i)
      std::copy_n(error + i * layer.width() + panel * unit_panel, unit_panel,
                  errors_[l].data() + (panel * rows_ + i) * unit_panel);
  if (l == 0) return;
  const std::int64_t width = layout_.layers[l - 1].width();
  float* below = deltas_of(l - 1) + begin * width;
  kernels().multiply_float({.rows = end - begin,
                            .panels = layer.input_panels(),
                            .depth = layer.outputs,
                            .a = error + begin * layer.width(),
                            .a_row = layer.width(),
                            .a_depth = 1,
                            .b = transposed_.data() + layer.transposed,
                            .b_panel = layer.width() * unit_panel,
                            .c = below,
                            .c_row = width,
                            .c_panel = unit_panel});
  const float* values = outputs_[l - 1].data() + begin * width;
  const std::int64_t count = (end - begin) * width;
  switch (spec_.activation) {
    case Activation::relu:
      return kernels().relu_slope(below, values, count);
    case Activation::tanh:
      return kernels().tanh_slope(below, values, count);
    case Activation::logistic:
      return kernels().sigmoid_slope(below, values, count);
  }
}

/// The errors of the last layer replace its margins; those of other layers have memory of their own, because gradients
/// still need the outputs.
float* NetworkStep::deltas_of(std::size_t l) {
  return l + 1 == layout_.layers.size() ? outputs_[l].data() : deltas_[l].data();
}
const float* NetworkStep::inputs_of(std::size_t l) const { return l == 0 ? inputs_.data() : outputs_[l - 1].data(); }
std::int64_t NetworkStep::input_stride(std::size_t l) const {
  return l == 0 ? layout_.layers[0].inputs : layout_.layers[l - 1].width();
}

/// Writes the gradient of a block of weights to `to[panel][input][16]`, panels `panel_stride` apart. The block with the
/// first inputs also writes that of the biases, to `biases[panel][16]`.
void NetworkStep::block_gradient(const Block& block, float* to, std::int64_t panel_stride, float* biases) const {
  const std::int64_t stride = input_stride(block.layer);
  const float* errors = errors_[block.layer].data() + block.panel * rows_ * unit_panel;
  kernels().multiply_float({.rows = block.last - block.first,
                            .panels = block.panels,
                            .depth = rows_,
                            .a = inputs_of(block.layer) + block.first,
                            .a_row = 1,
                            .a_depth = stride,
                            .b = errors,
                            .b_panel = rows_ * unit_panel,
                            .c = to,
                            .c_row = unit_panel,
                            .c_panel = panel_stride});
  if (block.first > 0) return;
  std::fill_n(biases, block.panels * unit_panel, 0.0f);
  for (std::int64_t panel = 0; panel < block.panels; ++panel)
    for (std::int64_t i = 0; i < rows_; ++i)
      for (std::int64_t k = 0; k < unit_panel; ++k)
        biases[panel * unit_panel + k] += errors[(panel * rows_ + i) * unit_panel + k];
}

void NetworkStep::update(std::size_t at, std::int64_t count, const float* gradient, bool decays) {
  Update update = step_;
  update.count = count;
  update.weights = values_.data() + at;
  update.first = first_.data() + at;
  update.second = second_.empty() ? nullptr : second_.data() + at;
  update.gradient = gradient;
  if (!decays) update.decay = 0;
  spec_.optimizer == Optimizer::adam ? kernels().adam(update) : kernels().sgd(update);
}

void NetworkStep::update_block(const Block& block, const float* gradient, std::int64_t panel_stride,
                               const float* biases) {
  const Layer& layer = layout_.layers[block.layer];
  const std::int64_t count = (block.last - block.first) * unit_panel;
  for (std::int64_t panel = 0; panel < block.panels; ++panel)
    update(weights_at(block, panel), count, gradient + panel * panel_stride, true);
  if (block.first == 0)
    update(layer.biases + index(block.panel * unit_panel), block.panels * unit_panel, biases, false);
  if (block.layer > 0) transpose(block);
}

std::size_t NetworkStep::weights_at(const Block& block, std::int64_t panel) const {
  const Layer& layer = layout_.layers[block.layer];
  return layer.weights + index(((block.panel + panel) * layer.inputs + block.first) * unit_panel);
}

/// Updates the transposed copy of the weights, which sends errors to the layer below.
void NetworkStep::transpose(const Block& block) {
  const Layer& layer = layout_.layers[block.layer];
  for (std::int64_t panel = 0; panel < block.panels; ++panel) {
    const float* from = values_.data() + weights_at(block, panel);
    for (std::int64_t j = block.first; j < block.last; ++j) {
      float* to = transposed_.data() + layer.transposed + j % unit_panel +
                  (j / unit_panel * layer.width() + (block.panel + panel) * unit_panel) * unit_panel;
      for (std::int64_t k = 0; k < unit_panel; ++k) to[k * unit_panel] = *from++;
    }
  }
}

void NetworkStep::sum_gradients(std::span<float> gradients) {
  for_blocks([&](const Block& block) {
    const Layer& layer = layout_.layers[block.layer];
    block_gradient(block, gradients.data() + weights_at(block, 0), layer.inputs * unit_panel,
                   gradients.data() + layer.biases + block.panel * unit_panel);
  });
}

void NetworkStep::apply(std::span<const float> gradients, std::int64_t rows) {
  begin_step(rows);
  for_blocks([&](const Block& block) {
    const Layer& layer = layout_.layers[block.layer];
    update_block(block, gradients.data() + weights_at(block, 0), layer.inputs * unit_panel,
                 gradients.data() + layer.biases + block.panel * unit_panel);
  });
}

void NetworkStep::sum_and_apply(std::int64_t rows) {
  begin_step(rows);
  for_blocks([&](const Block& block) {
    alignas(64) float gradient[block_panels * block_inputs * unit_panel], biases[block_panels * unit_panel];
    block_gradient(block, gradient, block_inputs * unit_panel, biases);
    update_block(block, gradient, block_inputs * unit_panel, biases);
  });
}

void NetworkStep::begin_step(std::int64_t rows) {
  ++steps_;
  const double n = static_cast<double>(rows), t = static_cast<double>(steps_);
  step_.scale = static_cast<float>(1 / n);
  step_.decay = static_cast<float>(spec_.l2 / n);
  step_.rate = static_cast<float>(spec_.learning_rate);
  step_.momentum = static_cast<float>(spec_.momentum);
  step_.first_scale = static_cast<float>(1 / (1 - std::pow(0.9, t)));
  step_.second_scale = static_cast<float>(1 / (1 - std::pow(0.999, t)));
}

double NetworkStep::squared_weights() const {
  double sum = 0;
  for (const Layer& layer : layout_.layers)
    for (std::size_t i = layer.weights; i < layer.biases; ++i)
      sum += static_cast<double>(values_[i]) * static_cast<double>(values_[i]);
  return sum;
}

}  // namespace scalar::inline v0::backend::native
