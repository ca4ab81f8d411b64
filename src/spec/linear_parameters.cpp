#include "scalar/spec/linear_parameters.hpp"

#include <array>

#include "scalar/spec/parameters.hpp"
#include "spec/checks.hpp"

namespace scalar::inline v0 {

std::vector<std::byte> to_bytes(const LinearParameters& parameters) {
  TensorWriter writer;
  writer.add<double>("weights", {parameters.outputs, parameters.features}, parameters.weights());
  writer.add<double>("intercepts", {parameters.outputs}, parameters.intercepts());
  writer.add<std::uint8_t>("link", {1}, std::array{static_cast<std::uint8_t>(parameters.link)});
  return writer.finish();
}

void from_bytes(std::span<const std::byte> bytes, LinearParameters& parameters) {
  const TensorReader reader(bytes);
  std::vector<std::int64_t> shape;
  parameters.values = reader.read<double>("weights", &shape);
  if (shape.size() != 2) detail::throw_wrong_shape("weights", shape, {-1, -1});
  parameters.outputs = shape[0];
  parameters.features = shape[1];
  const auto intercepts = reader.read<double>("intercepts", {parameters.outputs});
  parameters.values.insert(parameters.values.end(), intercepts.begin(), intercepts.end());
  parameters.link = detail::read_enum<Link>(reader, "link", Link::softmax);
  detail::check_link(parameters.link, parameters.outputs);
}

}  // namespace scalar::inline v0
