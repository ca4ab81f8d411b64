#include "scalar/data/tensor_numbers.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "core/fail.hpp"
#include "core/numbers.hpp"

namespace scalar::inline v0::data {
namespace {

bool is_exact_float(double value) noexcept {
  if (!std::isfinite(value)) return true;
  constexpr double largest = std::numeric_limits<float>::max();
  return std::abs(value) <= largest && static_cast<double>(static_cast<float>(value)) == value;
}

template <class Stored, class Out>
void copy(const char* data, std::span<Out> out) {
  for (std::size_t i = 0; i < out.size(); ++i, data += sizeof(Stored)) {
    const std::optional<double> value = loaded<Stored>(data);
    if (!value || (std::is_same_v<Out, float> && !is_exact_float(*value)))
      fail(Errc::out_of_range, fmt::format("element {}", i), "{}, which no {} is", text_of_number<Stored>(data),
           std::is_same_v<Stored, Flag>  ? "BOOL"
           : std::is_same_v<Out, double> ? "FP64"
                                         : "FP32");
    out[i] = static_cast<Out>(*value);
  }
}

template <class Out>
void copy_any(const TensorView& tensor, std::span<Out> out) {
  const auto* const data = reinterpret_cast<const char*>(tensor.data.data());
  if (!visit_number_type(tensor.type, [&](auto number) { copy<decltype(number)>(data, out); }))
    fail(Errc::type_mismatch, "", "has elements of type {}, expected numbers", name(tensor.type));
}

}  // namespace

void copy_numbers(const TensorView& tensor, std::span<double> out) { copy_any(tensor, out); }
void copy_numbers(const TensorView& tensor, std::span<float> out) { copy_any(tensor, out); }

}  // namespace scalar::inline v0::data
