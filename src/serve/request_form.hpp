#pragma once
/// What infer requests for a model hold.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scalar/serve/servable.hpp"

namespace scalar::inline v0::serve {

/// The tensors of infer requests for a model and of their answers, worked out when the model is added.
struct RequestForm {
  std::vector<TensorInfo> inputs{};
  std::vector<TensorInfo> outputs{};
  /// A model of rows: it takes numbers of any type that FP64 or FP32 holds exactly, and `[rows]` for `[rows, 1]`.
  bool is_of_rows = false;
  std::optional<TensorInfo> dense{};  ///< accepted instead of all inputs, by a model of rows
  bool lists_dense = false;           ///< in the metadata
  bool is_batched = false;
  std::uint64_t label_bytes = 0;      ///< the length of a text in an output, at most; 0 if that is unknown
  std::uint64_t doubles_per_row = 0;  ///< that a model of rows makes its outputs from, beside them
};

/// The form of requests for `servable`. Errors: `Errc::invalid_argument`, after `place`, when the signature contradicts
/// itself: requests are read, and answers are written from it.
RequestForm request_form(const Servable& servable, const std::string& place);

}  // namespace scalar::inline v0::serve
