#pragma once
/// What a server can serve: a Predictor, an object of your own class, or a function.
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/data/signature.hpp"
#include "scalar/data/tensor.hpp"
#include "scalar/predictor.hpp"

namespace scalar::inline v0::serve {

/// The inputs and outputs of a model of rows.
///
/// Clients send a tensor `[rows, 1]` for each raw column, or, if all inputs are numbers, one dense tensor. Without
/// classes a model has one output, `prediction` FP64 `[rows, outputs]`. With classes it has `probabilities` FP32
/// `[rows, outputs]` and `label` BYTES `[rows, 1]`, the class with the largest probability.
struct RowSignature {
  std::vector<InputColumn> inputs{};   ///< the raw columns: one tensor each, numbers as FP64, texts as BYTES
  bool is_numeric = false;             ///< every input is a number: one dense FP32 tensor `input` is accepted, too
  bool prefers_dense = false;          ///< the metadata lists the dense tensor instead of the columns
  std::vector<std::string> classes{};  ///< as many as `outputs`, or empty
  std::int64_t outputs = 1;            ///< predictions per row
  std::string platform{};              ///< the kind of model in the metadata
};

/// Anything that computes tensors from tensors. A model of rows derives from RowServable instead.
///
/// Thread safety: the server calls const members from several threads at once.
class Servable {
 public:
  virtual ~Servable() = default;

  /// The inputs and outputs, which must not change. `Server::add` checks them.
  virtual const Signature& signature() const noexcept = 0;
  /// The kind of model in the metadata.
  virtual std::string_view platform() const noexcept { return {}; }
  /// What else clients may send, if the model is one of rows; otherwise null. RowServable overrides it.
  virtual const RowSignature* rows() const noexcept { return nullptr; }

  /// Computes the outputs for `inputs`, both in the order of the signature. Returns how they were found:
  /// `CacheUse::bypass` without a cache.
  ///
  /// The inputs fit the signature: types, ranks and lengths are right, and batched inputs have equally many rows, at
  /// least one. They are valid until the call returns. `outputs` has as many tensors as the signature, which are
  /// empty but keep memory; the server answers with `Errc::failed` when they do not fit the signature afterwards.
  /// An exception becomes the answer: an Error is answered with the HTTP status of its code, `std::bad_alloc` with 503,
  /// and anything else with 500; its text then goes to the log, not to the client.
  virtual CacheUse run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs,
                       const PredictOptions& call) const = 0;

  /// Answers a request that needs no computation, such as one in a cache. Returns false, with unspecified values in
  /// `outputs`, when `run` must be called. The server calls `find` before a request waits for a worker, so it must not
  /// compute or wait.
  virtual bool find(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const {
    (void)inputs, (void)outputs;
    return false;
  }

  /// The counts of the model's cache that the metrics show.
  virtual cache::CacheStats cache_stats() const noexcept { return {}; }
};

/// Anything that makes predictions for rows, as a Predictor does.
class RowServable : public Servable {
 public:
  explicit RowServable(RowSignature signature);

  /// Writes the predictions of `batch` to `out`, `[rows, outputs]`. Returns how they were found, as `Servable::run`.
  ///
  /// The batch fits the signature: it is dense, or has all columns in their order. A missing number is NaN, a missing
  /// text is empty.
  virtual CacheUse predict(const BatchView& batch, BatchOut out, const PredictOptions& call) const = 0;
  /// Answers a batch that needs no computation, such as rows in a cache. Returns false, with unspecified values in
  /// `out`, when `predict` must be called; see `Servable::find`.
  virtual bool find_predictions(const BatchView& batch, BatchOut out) const {
    (void)batch, (void)out;
    return false;
  }

  const Signature& signature() const noexcept final { return tensors_; }
  std::string_view platform() const noexcept final { return rows_.platform; }
  const RowSignature* rows() const noexcept final { return &rows_; }
  CacheUse run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs,
               const PredictOptions& call) const final;
  bool find(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const final;

 private:
  RowSignature rows_;
  Signature tensors_;
};

/// A function that writes the predictions of `batch` to `out`, `[rows, outputs]`. It is called from several threads at
/// once.
using PredictFunction = std::function<void(const BatchView& batch, BatchOut out)>;
/// A function that computes `outputs` from `inputs`, as `Servable::run`; it finds them empty. It is called from several
/// threads at once.
using TensorFunction = std::function<void(std::span<const TensorView> inputs, std::vector<Tensor>& outputs)>;

/// A predictor as a servable. `Server::add(name, predictor)` calls it, too.
std::shared_ptr<const Servable> make_servable(Predictor predictor);
/// A function of rows as a servable, without a cache. Errors: `Errc::invalid_argument` for an empty function.
std::shared_ptr<const Servable> make_servable(RowSignature signature, PredictFunction function);
/// A function of tensors as a servable, without a cache. `platform` is the kind of model in the metadata. Errors:
/// `Errc::invalid_argument` for an empty function.
std::shared_ptr<const Servable> make_servable(Signature signature, TensorFunction function, std::string platform = {});

}  // namespace scalar::inline v0::serve
