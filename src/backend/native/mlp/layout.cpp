#include "backend/native/mlp/layout.hpp"

#include <algorithm>

namespace scalar::inline v0::backend::native {
namespace {

/// Calls `visit(canonical index, packed index)` for every weight and bias.
template <class Visit>
void for_values(const MlpParameters& parameters, const Layout& layout, Visit visit) {
  for (std::size_t l = 0; l < layout.layers.size(); ++l) {
    const Layer& layer = layout.layers[l];
    std::size_t from = parameters.offset(l);
    for (std::int64_t k = 0; k < layer.outputs; ++k) {
      const std::size_t panel = layer.weights + static_cast<std::size_t>(k / unit_panel * layer.inputs * unit_panel);
      for (std::int64_t j = 0; j < layer.inputs; ++j)
        visit(from++, panel + static_cast<std::size_t>(j * unit_panel + k % unit_panel));
    }
    for (std::int64_t k = 0; k < layer.outputs; ++k) visit(from++, layer.biases + static_cast<std::size_t>(k));
  }
}

}  // namespace

Layout::Layout(std::span<const std::int64_t> sizes) {
  for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
    Layer layer{.inputs = sizes[l], .outputs = sizes[l + 1], .panels = (sizes[l + 1] + unit_panel - 1) / unit_panel};
    layer.weights = size;
    layer.biases = size += static_cast<std::size_t>(layer.width() * layer.inputs);
    size += static_cast<std::size_t>(layer.width());
    layer.transposed = transposed_size;
    if (l > 0) transposed_size += static_cast<std::size_t>(layer.input_panels() * unit_panel * layer.width());
    widest = (std::max)(widest, layer.width());
    layers.push_back(layer);
  }
}

AlignedVector<float> packed(const MlpParameters& parameters, const Layout& layout) {
  AlignedVector<float> values(layout.size);
  for_values(parameters, layout, [&](std::size_t from, std::size_t to) { values[to] = parameters.values[from]; });
  return values;
}

void unpack(std::span<const float> packed, const Layout& layout, MlpParameters& parameters) {
  for_values(parameters, layout, [&](std::size_t to, std::size_t from) { parameters.values[to] = packed[from]; });
}

void affine(const Layer& layer, const float* packed, const float* in, std::int64_t stride, std::int64_t rows,
            float* out) {
  kernels().multiply_float({.rows = rows,
                            .panels = layer.panels,
                            .depth = layer.inputs,
                            .a = in,
                            .a_row = stride,
                            .a_depth = 1,
                            .b = packed + layer.weights,
                            .b_panel = layer.inputs * unit_panel,
                            .c = out,
                            .c_row = layer.width(),
                            .c_panel = unit_panel,
                            .start = packed + layer.biases});
}

void activate(Activation activation, float* values, std::int64_t count) {
  switch (activation) {
    case Activation::relu:
      return kernels().relu(values, count);
    case Activation::tanh:
      return kernels().tanh(values, count);
    case Activation::logistic:
      return kernels().sigmoid(values, count);
  }
}

}  // namespace scalar::inline v0::backend::native
