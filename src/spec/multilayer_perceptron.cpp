#include "scalar/spec/multilayer_perceptron.hpp"

#include <array>
#include <cmath>

#include "scalar/core/error.hpp"
#include "scalar/spec/parameters.hpp"
#include "spec/checks.hpp"

namespace scalar::inline v0 {

std::vector<std::byte> to_bytes(const MlpParameters& parameters) {
  TensorWriter writer;
  writer.add<std::int64_t>("sizes", {static_cast<std::int64_t>(parameters.sizes.size())}, parameters.sizes);
  writer.add<float>("values", {static_cast<std::int64_t>(parameters.values.size())}, parameters.values);
  writer.add<double>("target_offset", {1}, std::array{parameters.target_offset});
  writer.add<double>("target_scale", {1}, std::array{parameters.target_scale});
  writer.add<std::uint8_t>("activation", {1}, std::array{static_cast<std::uint8_t>(parameters.activation)});
  writer.add<std::uint8_t>("link", {1}, std::array{static_cast<std::uint8_t>(parameters.link)});
  return writer.finish();
}

void from_bytes(std::span<const std::byte> bytes, MlpParameters& parameters) {
  const TensorReader reader(bytes);
  parameters.sizes = reader.read<std::int64_t>("sizes");
  if (parameters.sizes.size() < 2)
    throw Error(Errc::corrupt, "a network has at least two layers of units", "parameters");
  std::int64_t expected = 0;
  for (std::size_t layer = 0; layer < parameters.sizes.size(); ++layer) {
    // 2^31 units a layer keep the products below within 63 bits.
    if (parameters.sizes[layer] < 1 || parameters.sizes[layer] > std::int64_t{1} << 31)
      throw Error(Errc::corrupt,
                  "layer " + std::to_string(layer) + " has " + std::to_string(parameters.sizes[layer]) + " units",
                  "parameters");
    if (layer > 0 &&
        __builtin_add_overflow(expected, (parameters.sizes[layer - 1] + 1) * parameters.sizes[layer], &expected))
      throw Error(Errc::corrupt, "the layers have more weights than any memory", "parameters");
  }
  parameters.values = reader.read<float>("values", {expected});
  parameters.activation = detail::read_enum<Activation>(reader, "activation", Activation::logistic);
  parameters.link = detail::read_enum<Link>(reader, "link", Link::softmax);
  detail::check_link(parameters.link, parameters.sizes.back());
  parameters.target_offset = reader.read<double>("target_offset", {1})[0];
  parameters.target_scale = reader.read<double>("target_scale", {1})[0];
  const bool is_moved = parameters.target_offset != 0 || parameters.target_scale != 1;
  if (!std::isfinite(parameters.target_offset) || !std::isfinite(parameters.target_scale) ||
      !(parameters.target_scale > 0) || (is_moved && parameters.link != Link::identity))
    throw Error(Errc::corrupt, "the offset or the scale of the targets is none that training makes", "parameters");
}

}  // namespace scalar::inline v0
