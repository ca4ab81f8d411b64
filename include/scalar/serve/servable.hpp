#pragma once
/// What a server serves: a Predictor, or an object or a function of the host's own.
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
/// FP32 `[rows, outputs]` and `label` BYTES `[rows, 1]`, the class with the largest one.
struct Signature {
  std::vector<Input> inputs{};         ///< the raw columns: one tensor each, numbers FP64, texts BYTES
  bool is_numeric = false;             ///< every input is a number: one dense FP32 tensor `input` is taken as well,
  bool prefers_dense = false;          ///< and is what the model's metadata lists
  std::vector<std::string> classes{};  ///< as many as `outputs`, or none
  std::int64_t outputs = 1;            ///< predictions per row
  std::string platform{};              ///< what the metadata calls the kind of model
};

/// Anything that answers rows like a predictor.
///
/// Thread safety: the server calls const members from all of its threads at once.
class Servable {
 public:
  virtual ~Servable() = default;

  /// Constant. `Server::add` checks it.
  virtual const Signature& signature() const noexcept = 0;

  /// Predictions of `batch` into `out`, `[rows, outputs]`, and how they were found: `CacheUse::bypass` without a cache.
  ///
  /// The batch fits the signature: it is dense, or has all columns in their order; a missing number is NaN, a missing
  /// text is empty. What is thrown becomes the answer: an Error with the status of its code, `std::bad_alloc` 503,
  /// anything else 500, with a line in the log and nothing of it in the answer.
  virtual CacheUse predict(const BatchView& batch, BatchOut out, const PredictOptions& call) const = 0;

  /// Answers what can be answered at once, such as rows in a cache. False, with anything in `out`, when `predict` has
  /// to be called. A server asks before a request waits for a worker; this must not compute or wait.
  virtual bool find(const BatchView& batch, BatchOut out) const {
    (void)batch, (void)out;
    return false;
  }

  /// What the metrics show of the model's cache.
  virtual cache::CacheStats cache_stats() const noexcept { return {}; }
};

/// A function that fills `out`, `[rows, outputs]`, for `batch`. It is called from several threads at once.
using PredictFunction = std::function<void(const BatchView& batch, BatchOut out)>;

/// A predictor as a servable, as `Server::add` makes it.
std::shared_ptr<const Servable> make_servable(Predictor predictor);
/// A function as a servable, without a cache. Errors: `Errc::invalid_argument` for an empty function.
std::shared_ptr<const Servable> make_servable(Signature signature, PredictFunction function);

}  // namespace scalar::inline v0::serve
