#pragma once
/// Infer requests of the Open Inference Protocol v2, taken apart and answered, in JSON and as binary tensors.
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

/// A tensor the server knows: what metadata lists.
struct TensorInfo {
  std::string_view name{};
  DataType type = DataType::float64;
  std::int64_t columns = 1;
};
/// The inputs and outputs that metadata lists for a model.
std::vector<TensorInfo> listed_inputs(const Signature& signature);
std::vector<TensorInfo> listed_outputs(const Signature& signature);

/// A request for predictions, decoded. Its storage is used again by the next request; the batch may look into the body.
class InferRequest {
 public:
  InferRequest();
  /// What decoding takes is counted in `memory`, and refused with `Errc::unavailable` when there is no more.
  explicit InferRequest(Budget& memory);
  ~InferRequest();

  /// Decodes `body`, which has at least 64 readable bytes after it. `json_bytes` is the length of its JSON part where
  /// binary tensors follow.
  /// Errors: `Errc::parse`, `Errc::invalid_argument`, `Errc::not_found`, `Errc::type_mismatch`, `Errc::shape_mismatch`,
  /// `Errc::out_of_range`, `Errc::too_large`, naming the tensor, what was seen and what was expected.
  void decode(const Signature& signature, std::string_view body, std::optional<std::uint64_t> json_bytes,
              const Limits& limits);

  /// Gives back what was counted, and frees storage that is large. The request is over: nothing of it may be used.
  void release();

  /// Counts what is held in full, for a request that waits in a queue: what is little for a thread is not little for
  /// each of a thousand requests. False when there is no memory for it.
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
  std::uint64_t needed_ = 0;    // of which `memory_` counts what is not little
  std::vector<float> dense_{};  // where the body's floats are not aligned, or came as JSON
  FloatMatrix dense_view_{};
  bool is_dense_ = false;
  // Of requests by column; those of an earlier one stay for the next.
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

/// An upper bound of the memory that `encode_answer` needs for a decoded request, but for the request's id and names.
std::uint64_t answer_bytes(const Signature& signature, const InferRequest& request);

/// Writes the answer: the JSON object, then binary tensors. Errors: `Errc::invalid_argument` for a number that JSON
/// cannot hold.
void encode_answer(const Signature& signature, const InferRequest& request, std::string_view model,
                   std::string_view version, MatrixView<const double> predictions, Response& response);

}  // namespace scalar::inline v0::serve
