#pragma once
/// What a server can serve: a Predictor, an object of your own class, or a function.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "scalar/predictor.hpp"

namespace scalar::inline v0::serve {

/// The inputs and outputs of a model, as clients see them.
///
/// Without classes a model has one output, `prediction` FP64 `[rows, outputs]`. With classes it has `probabilities`
/// FP32 `[rows, outputs]` and `label` BYTES `[rows, 1]`, the class with the largest probability.
struct Signature {
  std::vector<InputColumn> inputs{};   ///< the raw columns: one tensor each, numbers as FP64, texts as BYTES
  bool is_numeric = false;             ///< every input is a number: one dense FP32 tensor `input` is accepted, too
  bool prefers_dense = false;          ///< the metadata lists the dense tensor instead of the columns
  std::vector<std::string> classes{};  ///< as many as `outputs`, or empty
  std::int64_t outputs = 1;            ///< predictions per row
  std::string platform{};              ///< the kind of model in the metadata
};

/// Anything that makes predictions for rows, as a Predictor does.
///
/// Thread safety: the server calls const members from several threads at once.
class Servable {
 public:
  virtual ~Servable() = default;

  /// The inputs and outputs, which must not change. `Server::add` checks them.
  virtual const Signature& signature() const noexcept = 0;

  /// Writes the predictions of `batch` to `out`, `[rows, outputs]`. Returns how they were found: `CacheUse::bypass`
  /// without a cache.
  ///
  /// The batch fits the signature: it is dense, or has all columns in their order. A missing number is NaN, a missing
  /// text is empty. An exception becomes the answer: an Error is answered with the HTTP status of its code,
  /// `std::bad_alloc` with 503, and anything else with 500; its text then goes to the log, not to the client.
  virtual CacheUse predict(const BatchView& batch, BatchOut out, const PredictOptions& call) const = 0;

  /// Answers a batch that needs no computation, such as rows in a cache. Returns false, with unspecified values in
  /// `out`, when `predict` must be called. The server calls `find` before a request waits for a worker, so it must not
  /// compute or wait.
  virtual bool find(const BatchView& batch, BatchOut out) const {
    (void)batch, (void)out;
    return false;
  }

  /// The counts of the model's cache that the metrics show.
  virtual cache::CacheStats cache_stats() const noexcept { return {}; }
};

/// A function that writes the predictions of `batch` to `out`, `[rows, outputs]`. It is called from several threads at
/// once.
using PredictFunction = std::function<void(const BatchView& batch, BatchOut out)>;

/// A predictor as a servable. `Server::add(name, predictor)` calls it, too.
std::shared_ptr<const Servable> make_servable(Predictor predictor);
/// A function as a servable, without a cache. Errors: `Errc::invalid_argument` for an empty function.
std::shared_ptr<const Servable> make_servable(Signature signature, PredictFunction function);

}  // namespace scalar::inline v0::serve
