#include "scalar/data/check_inputs.hpp"

#include <limits>

#include "core/fail.hpp"
#include "core/quoted.hpp"

namespace scalar::inline v0::data {
namespace {

std::string place_of(std::string_view input) { return "input " + quoted(input); }
std::string text_of(std::span<const std::int64_t> shape) { return shape_text({shape.begin(), shape.end()}); }

}  // namespace

std::optional<std::int64_t> elements_of(std::span<const std::int64_t> shape) noexcept {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 0) return std::nullopt;
    if (size != 0 && count > std::numeric_limits<std::int64_t>::max() / size) return std::nullopt;
    count *= size;
  }
  return count;
}

void check_memory(const TensorView& tensor, std::string_view input) {
  const std::optional<std::int64_t> count = elements_of(tensor.shape);
  if (!count) fail(Errc::shape_mismatch, place_of(input), "the shape {} is impossible", text_of(tensor.shape));
  const auto elements = static_cast<std::uint64_t>(*count);
  if (tensor.type == DataType::bytes) {
    if (tensor.texts.size() != elements)
      fail(Errc::shape_mismatch, place_of(input), "has {} texts, its shape {} needs {}", tensor.texts.size(),
           text_of(tensor.shape), elements);
    return;
  }
  const std::size_t size = size_bytes(tensor.type);
  if (tensor.data.size() % size != 0 || tensor.data.size() / size != elements)
    fail(Errc::shape_mismatch, place_of(input), "has {} bytes, its shape {} needs {} elements of {} bytes",
         tensor.data.size(), text_of(tensor.shape), elements, size);
}

bool fits(std::span<const std::int64_t> shape, std::span<const std::int64_t> expected) noexcept {
  if (shape.size() != expected.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] < 0 || (expected[i] >= 0 && shape[i] != expected[i])) return false;
  return true;
}

void check_inputs(const Signature& signature, std::span<const TensorView> inputs) {
  if (inputs.size() != signature.inputs.size())
    fail(Errc::shape_mismatch, "", "{} input tensors, expected {}", inputs.size(), signature.inputs.size());
  const bool is_batched = signature.is_batched();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo& expected = signature.inputs[i];
    const TensorView& input = inputs[i];
    if (input.type != expected.type)
      fail(Errc::type_mismatch, place_of(expected.name), "has elements of type {}, expected {}", name(input.type),
           name(expected.type));
    if (!expected.shape.empty() && !fits(input.shape, expected.shape))
      fail(Errc::shape_mismatch, place_of(expected.name), "has the shape {}, expected {}", text_of(input.shape),
           shape_text(expected.shape));
    check_memory(input, expected.name);
    if (is_batched && input.shape[0] != inputs[0].shape[0])
      fail(Errc::shape_mismatch, place_of(expected.name), "has {} rows, the inputs before it have {}", input.shape[0],
           inputs[0].shape[0]);
  }
}

}  // namespace scalar::inline v0::data
