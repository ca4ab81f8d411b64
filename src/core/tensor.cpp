#include "scalar/core/tensor.hpp"

#include <iterator>

namespace scalar::inline v0 {
namespace {

struct Row {
  std::string_view name;
  std::size_t bytes;
};

// Indexed by the type's number. Names and sizes: Open Inference Protocol v2, "Tensor Data Types".
constexpr Row rows[] = {{"BOOL", 1}, {"UINT8", 1}, {"UINT16", 2}, {"UINT32", 4}, {"UINT64", 8},
                        {"INT8", 1}, {"INT16", 2}, {"INT32", 4},  {"INT64", 8},  {"FP16", 2},
                        {"FP32", 4}, {"FP64", 8},  {"BYTES", 0},  {"BF16", 2}};

}  // namespace

std::string_view name(DataType type) noexcept { return rows[static_cast<std::size_t>(type)].name; }
std::size_t size_bytes(DataType type) noexcept { return rows[static_cast<std::size_t>(type)].bytes; }

std::optional<DataType> data_type(std::string_view name) noexcept {
  for (std::size_t i = 0; i < std::size(rows); ++i)
    if (rows[i].name == name) return static_cast<DataType>(i);
  return std::nullopt;
}

}  // namespace scalar::inline v0
