#pragma once
/// Decodes infer requests of the Open Inference Protocol v2 and encodes their answers, in JSON and as binary tensors.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/data/tensor.hpp"
#include "serve/decoding_memory.hpp"
#include "serve/http.hpp"
#include "serve/input_elements.hpp"
#include "serve/request_form.hpp"

namespace scalar::inline v0::serve {

/// A decoded request for predictions. The next request reuses its storage; the inputs may point into the body.
class InferRequest {
 public:
  InferRequest();
  /// The memory for decoding is counted in `memory`; a request is refused with `Errc::unavailable` when none is left.
  explicit InferRequest(Budget& memory);
  ~InferRequest();

  /// Decodes `body`, which is followed by at least 64 readable bytes. `json_bytes` is the length of its JSON part when
  /// binary tensors follow.
  /// Errors: `Errc::parse`, `Errc::invalid_argument`, `Errc::not_found`, `Errc::type_mismatch`, `Errc::shape_mismatch`,
  /// `Errc::out_of_range`, `Errc::too_large`, naming the tensor, what was seen and what was expected.
  void decode(const RequestForm& form, std::string_view body, std::optional<std::uint64_t> json_bytes,
              const Limits& limits);

  /// Ends the request, which must not be used afterwards: gives back its counted memory, and frees large storage.
  void release();

  /// Counts all memory of the request, also a small amount, because it will wait in a queue: what is little for each
  /// thread is much for a thousand requests. Returns false when there is no memory for it.
  bool keep();

  /// The tensors in the order of the form, or its dense one alone.
  std::span<const TensorView> inputs() const noexcept { return inputs_; }
  /// The number of rows of a batched model; 1 for any other.
  std::int64_t rows() const noexcept { return rows_; }
  bool use_cache() const noexcept { return use_cache_; }
  bool has_id() const noexcept { return has_id_; }
  const std::string& id() const noexcept { return id_; }

  /// An output that the answer must have.
  struct Wanted {
    std::size_t output = 0;  // in the form
    bool is_binary = false;
  };
  const std::vector<Wanted>& wanted() const noexcept { return wanted_; }

 private:
  friend class InferDecoder;
  struct Parser;
  void clear();
  void begin_inputs(std::size_t count);

  std::unique_ptr<Parser> parser_;
  DecodingMemory memory_{};
  std::vector<TensorView> inputs_{};
  std::vector<InputElements> elements_{};  // what the inputs point to, if it is not in the body or the parser
  std::vector<char> seen_{};
  std::vector<Wanted> wanted_{};
  std::string id_{};
  std::int64_t rows_ = 1;
  bool has_id_ = false;
  bool has_json_texts_ = false;  // which lie in the parser
  bool use_cache_ = true;
};

/// Writes the answer to `response`: the JSON object, then the binary tensors. Errors: `Errc::invalid_argument` for a
/// number or a text that JSON cannot hold.
void encode_answer(const RequestForm& form, const InferRequest& request, std::string_view model,
                   std::string_view version, std::span<const Tensor> outputs, Response& response);

}  // namespace scalar::inline v0::serve
