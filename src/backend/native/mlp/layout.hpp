#pragma once
/// How a network is laid out in memory for computing: cut into panels of 16 units, so that no product has to rearrange
/// weights.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "backend/native/kernels/aligned_vector.hpp"
#include "backend/native/kernels/kernels.hpp"
#include "scalar/spec/multilayer_perceptron.hpp"

namespace scalar::inline v0::backend::native {

inline constexpr std::int64_t unit_panel = panel_width<float>;

/// Where the numbers of a layer are in the packed block.
struct Layer {
  std::int64_t inputs = 0, outputs = 0;
  std::int64_t panels = 0;     ///< number of panels of outputs
  std::size_t weights = 0;     ///< `[panels][inputs][16]`; columns past the last output are zero
  std::size_t biases = 0;      ///< `[panels][16]`
  std::size_t transposed = 0;  ///< in a separate block: `[panels of inputs][width()][16]`

  /// Number of outputs in a row, including the padding with zeros.
  std::int64_t width() const { return panels * unit_panel; }
  std::int64_t input_panels() const { return (inputs + unit_panel - 1) / unit_panel; }
};

struct Layout {
  explicit Layout(std::span<const std::int64_t> sizes);

  std::vector<Layer> layers{};
  std::size_t size = 0;             ///< floats of weights and biases
  std::size_t transposed_size = 0;  ///< floats of the transposed weights of all layers but the first
  std::int64_t widest = 0;          ///< largest width of a layer
};

AlignedVector<float> packed(const MlpParameters& parameters, const Layout& layout);
void unpack(std::span<const float> packed, const Layout& layout, MlpParameters& parameters);

/// `out[rows][width] = in[rows][inputs] W' + biases`; rows of `in` start `stride` apart.
void affine(const Layer& layer, const float* packed, const float* in, std::int64_t stride, std::int64_t rows,
            float* out);
void activate(Activation activation, float* values, std::int64_t count);

}  // namespace scalar::inline v0::backend::native
