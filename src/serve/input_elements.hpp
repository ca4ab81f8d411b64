#pragma once
/// Memory for the elements of an input tensor.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace scalar::inline v0::serve {

/// Memory for one input, which the next request reuses.
struct InputElements {
  std::vector<std::byte> numbers{};
  std::vector<std::string_view> texts{};
  std::vector<std::int64_t> shape{};

  std::size_t kept_bytes() const noexcept {
    return numbers.capacity() + texts.capacity() * sizeof(std::string_view) + shape.capacity() * sizeof(std::int64_t);
  }
};

}  // namespace scalar::inline v0::serve
