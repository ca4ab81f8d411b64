#pragma once
/// Reads the elements of input tensors, from JSON and from binary data.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "scalar/core/tensor.hpp"
#include "serve/decoding_memory.hpp"
#include "serve/infer_json.hpp"
#include "serve/input_elements.hpp"

namespace scalar::inline v0::serve {

/// Reads the elements of the inputs of one request. Errors name the tensor, the element, its value as the request
/// spells it, and what was expected.
class ElementReader {
 public:
  /// `json` is the text that the descriptions come from. The memory for elements is counted in `memory`.
  ElementReader(std::string_view json, DecodingMemory& memory) : json_(json), memory_(memory) {}

  /// Reads numbers of type `given` as numbers of type `wanted`. If the types differ, `wanted` is FP32 or FP64, which
  /// must hold the values exactly, and JSON null is NaN. `binary` has the elements of an input that is not JSON; where
  /// their bytes can be used in place, the result points to them, otherwise to `memory`.
  std::span<const std::byte> numbers(const Described& input, std::string_view binary, DataType given, DataType wanted,
                                     InputElements& memory);
  /// Reads texts. `null_is_empty`: JSON null is an empty text, otherwise it is refused.
  std::span<const std::string_view> texts(const Described& input, std::string_view binary, bool null_is_empty,
                                          InputElements& memory);

 private:
  template <class T>
  std::span<const std::byte> same_numbers(const Described& input, std::string_view binary,
                                          std::vector<std::byte>& memory);
  template <class T, class Wanted>
  std::span<const std::byte> converted_numbers(const Described& input, std::string_view binary,
                                               std::vector<std::byte>& memory);
  void binary_texts(const Described& input, std::string_view binary, std::vector<std::string_view>& out);
  template <class T>
  T* make_room(const Described& input, std::vector<std::byte>& memory);
  [[noreturn]] void refuse(const Described& input, simdjson::dom::element value, std::uint64_t at,
                           std::string_view why) const;
  [[noreturn]] void refuse_unheld(const Described& input, simdjson::dom::element value, std::uint64_t at,
                                  bool is_floating) const;
  std::string text_of_value(const Described& input, simdjson::dom::element value, std::uint64_t at) const;

  std::string_view json_;
  DecodingMemory& memory_;
};

}  // namespace scalar::inline v0::serve
