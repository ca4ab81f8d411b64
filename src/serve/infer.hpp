#pragma once
/// Decodes infer requests of the Open Inference Protocol v2 and encodes their answers, in JSON and as binary tensors.
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/data/batch.hpp"
#include "scalar/serve/servable.hpp"
#include "serve/budget.hpp"
#include "serve/http.hpp"

namespace scalar::inline v0::serve {

/// A tensor of a model, as metadata lists it.
struct TensorInfo {
  std::string_view name{};
  DataType type = DataType::float64;
  std::int64_t columns = 1;
};
/// The inputs and outputs that metadata lists for a model.
std::vector<TensorInfo> listed_inputs(const Signature& signature);
std::vector<TensorInfo> listed_outputs(const Signature& signature);

/// A decoded request for predictions. The next request reuses its storage; the batch may point into the body.
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
  void decode(const Signature& signature, std::string_view body, std::optional<std::uint64_t> json_bytes,
              const Limits& limits);

  /// Ends the request, which must not be used afterwards: gives back its counted memory, and frees large storage.
  void release();

  /// Counts all memory of the request, also a small amount, because it will wait in a queue: what is little for each
  /// thread is much for a thousand requests. Returns false when there is no memory for it.
  bool keep();

  BatchView batch() const;
  std::int64_t rows() const noexcept { return rows_; }
  bool use_cache() const noexcept { return use_cache_; }
  bool has_id() const noexcept { return has_id_; }
  const std::string& id() const noexcept { return id_; }

  /// An output that the answer must have.
  struct Wanted {
    std::size_t output = 0;  // in listed_outputs
    bool is_binary = false;
  };
  const std::vector<Wanted>& wanted() const noexcept { return wanted_; }

 private:
  friend class InferDecoder;
  struct Parser;
  void clear();
  void begin_columns(std::size_t inputs);

  std::unique_ptr<Parser> parser_;
  Reservation memory_{};
  std::uint64_t needed_ = 0;    // `memory_` counts it once it is more than a little
  std::vector<float> dense_{};  // used when the body's floats are not aligned, or are JSON
  FloatMatrix dense_view_{};
  bool is_dense_ = false;
  // For requests by column. Their storage stays for the next request.
  std::vector<std::vector<double>> numbers_{};
  std::vector<std::vector<std::string_view>> texts_{};
  std::vector<BatchColumn> columns_{};
  std::vector<char> seen_{};
  std::vector<Wanted> wanted_{};
  std::string id_{};
  std::int64_t rows_ = 0;
  bool has_id_ = false;
  bool use_cache_ = true;
};

/// An upper bound on the memory that `encode_answer` needs for a decoded request, without the request's id and names.
std::uint64_t answer_bytes(const Signature& signature, const InferRequest& request);

/// Writes the answer to `response`: the JSON object, then the binary tensors. Errors: `Errc::invalid_argument` for a
/// number that JSON cannot hold.
void encode_answer(const Signature& signature, const InferRequest& request, std::string_view model,
                   std::string_view version, MatrixView<const double> predictions, Response& response);

}  // namespace scalar::inline v0::serve
