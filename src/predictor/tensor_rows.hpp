#pragma once
/// The rows of a call by tensors, and a whole call, as MissingRows answers them.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "predictor/missing_rows.hpp"
#include "scalar/model.hpp"

namespace scalar::inline v0::predictor {

/// Memory that the calls of a thread reuse.
struct TensorScratch {
  /// Some rows of an input.
  struct Gathered {
    std::vector<std::int64_t> shape{};
    std::vector<std::byte> data{};
    std::vector<std::string_view> texts{};
  };
  std::vector<std::byte> keys{};  // of all rows, one after the other
  std::vector<std::size_t> key_ends{};
  std::vector<std::byte> value{};  // to be stored
  std::vector<Gathered> gathered{};
  std::vector<TensorView> inputs{};  // of what was gathered
  std::vector<Tensor> outputs{};     // of what was gathered

  std::size_t kept_bytes() const noexcept;
};

/// True when the rows of a call can be cached one by one: the model is batched, and a row has the same shape in every
/// call's outputs. Where an output is as long as the longest row of its call, a row has no answer of its own.
bool has_cacheable_rows(const Signature& signature) noexcept;

/// The rows of a call of a model with cacheable rows. The inputs fit its signature, and have the same number of rows.
///
/// A key is the bytes of the row in every input: after the sizes that the signature leaves free, the numbers, or for
/// each text its length and its bytes. An answer has the row of each output in the same form.
class TensorRows {
 public:
  TensorRows(const AnyModel& model, std::span<const TensorView> inputs, std::vector<Tensor>& outputs,
             TensorScratch& scratch);

  std::int64_t count() const { return rows_; }
  std::span<const std::byte> key(std::int64_t row) const;
  bool find(cache::Cache& cache, const cache::Key& key, std::int64_t row);
  std::span<const std::byte> value(std::int64_t row) const;
  void take(std::int64_t row, std::span<const std::byte> value);
  void compute(std::span<const ClaimedRow> rows);

 private:
  void set_keys();
  void shape_outputs();
  void gather(std::span<const ClaimedRow> rows);
  std::span<std::byte> numbers(Tensor& output, std::int64_t row) const;

  const AnyModel& model_;
  std::span<const TensorView> inputs_;
  std::vector<Tensor>& outputs_;
  TensorScratch& scratch_;
  std::int64_t rows_ = 0;
  bool is_own_key_ = false;    // the only input has numbers alone, which are the key
  bool is_own_value_ = false;  // the only output has numbers, which are the answer
};

/// A call as a single row: its key has the shapes and the elements of every input, its answer those of every output.
class WholeRequest {
 public:
  WholeRequest(const AnyModel& model, std::span<const TensorView> inputs, std::vector<Tensor>& outputs,
               TensorScratch& scratch);

  std::int64_t count() const { return 1; }
  std::span<const std::byte> key(std::int64_t) const { return scratch_.keys; }
  bool find(cache::Cache& cache, const cache::Key& key, std::int64_t);
  std::span<const std::byte> value(std::int64_t) const;
  void take(std::int64_t, std::span<const std::byte> value);
  void compute(std::span<const ClaimedRow>) { model_.run(inputs_, outputs_); }

 private:
  const AnyModel& model_;
  std::span<const TensorView> inputs_;
  std::vector<Tensor>& outputs_;
  TensorScratch& scratch_;
};

}  // namespace scalar::inline v0::predictor
