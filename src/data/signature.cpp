#include "scalar/data/signature.hpp"

#include <fmt/core.h>

namespace scalar::inline v0 {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t size : shape) text += fmt::format("{}{}", text.size() > 1 ? ", " : "", size);
  return text + "]";
}

}  // namespace scalar::inline v0
