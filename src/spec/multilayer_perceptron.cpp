#include "scalar/spec/multilayer_perceptron.hpp"

#include <array>
#include <cmath>

#include "core/fail.hpp"
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
  if (parameters.sizes.size() < 2) fail(Errc::corrupt, "parameters", "a network has at least two layers of units");
  std::int64_t expected = 0;
  for (std::size_t layer = 0; layer < parameters.sizes.size(); ++layer) {
    // At most 2^31 units per layer keep the products below within 63 bits.
    if (parameters.sizes[layer] < 1 || parameters.sizes[layer] > std::int64_t{1} << 31)
      fail(Errc::corrupt, "parameters", "layer {} has {} units", layer, parameters.sizes[layer]);
    if (layer > 0 &&
        __builtin_add_overflow(expected, (parameters.sizes[layer - 1] + 1) * parameters.sizes[layer], &expected))
      fail(Errc::corrupt, "parameters", "the layers have more weights than any memory");
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
    fail(Errc::corrupt, "parameters", "training makes no such offset or scale of the targets");
}

}  // namespace scalar::inline v0
