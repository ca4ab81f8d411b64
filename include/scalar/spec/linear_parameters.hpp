#pragma once
/// The canonical parameters of linear models.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "scalar/spec/spec.hpp"

namespace scalar::inline v0 {

/// `margin_k = sum_j weight[k, j] x[j] + intercept[k]`, in double.
struct LinearParameters {
  std::int64_t features = 0;
  std::int64_t outputs = 0;  ///< margins per row: 1, or the number of classes with `Link::softmax`
  Link link = Link::identity;
  std::vector<double> values{};  ///< weights `[outputs, features]`, then intercepts `[outputs]`

  std::span<double> weights() { return {values.data(), static_cast<std::size_t>(outputs * features)}; }
  std::span<const double> weights() const { return {values.data(), static_cast<std::size_t>(outputs * features)}; }
  std::span<double> intercepts() { return std::span(values).subspan(static_cast<std::size_t>(outputs * features)); }
  std::span<const double> intercepts() const {
    return std::span(values).subspan(static_cast<std::size_t>(outputs * features));
  }

  friend bool operator==(const LinearParameters&, const LinearParameters&) = default;
};

/// Converts to and from canonical bytes. Errors of `from_bytes`: `Errc::corrupt`.
std::vector<std::byte> to_bytes(const LinearParameters& parameters);
void from_bytes(std::span<const std::byte> bytes, LinearParameters& parameters);

}  // namespace scalar::inline v0
