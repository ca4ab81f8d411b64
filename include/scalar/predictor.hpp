#pragma once
/// A model that makes predictions, behind a cache that all its callers share.
#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <stop_token>
#include <string_view>
#include <tuple>
#include <vector>

#include "scalar/cache/cache.hpp"
#include "scalar/core/device.hpp"
#include "scalar/core/error.hpp"
#include "scalar/data/named_value.hpp"
#include "scalar/data/signature.hpp"
#include "scalar/data/tensor.hpp"
#include "scalar/model.hpp"

namespace scalar::inline v0 {

struct PredictorOptions {
  std::uint64_t cache_bytes = 0;  ///< for keys, values and overhead of the prediction cache; 0: no cache
  Device device{};                ///< where the model is computed; one that it cannot use is refused by name
};

/// Options of one call.
struct PredictOptions {
  /// On the steady clock. `Errc::deadline_exceeded` when work would begin after it.
  TimePoint deadline = TimePoint::max();
  std::stop_token stop{};  ///< `Errc::canceled` when a stop is requested before work begins
  bool use_cache = true;   ///< false: nothing is looked up or stored
};

/// How the rows of a call were answered.
enum class CacheUse : std::uint8_t {
  hit = 0,        ///< every row was in the cache
  miss = 1,       ///< every row was computed
  coalesced = 2,  ///< some rows were being computed by another call, which this one waited for; none was computed here
  bypass = 3,     ///< the cache was not asked
  partial = 4,    ///< some rows were in the cache, the others computed
};
/// The name of `use`, such as "hit".
std::string_view name(CacheUse use) noexcept;

/// A model with a cache of its predictions, row by row. Only the rows of a batch that are not in the cache are
/// computed; when another call is already computing a row, this one waits for its result.
///
/// Predictions are pure, so a cached prediction has the same bytes as a computed one. Keys are the raw input bytes of a
/// row, compared in full. A model that is not batched, or whose rows of an output can differ in shape, is cached by its
/// whole request. Copies share the model and the cache. Thread safety: all const members may be called from any thread.
class Predictor {
 public:
  /// Errors: `Errc::empty` for an empty model; those of AnyModel::on for the device.
  explicit Predictor(const AnyModel& model, const PredictorOptions& options = {});

  const AnyModel& model() const noexcept;
  /// The inputs and outputs of the model.
  const Signature& signature() const noexcept;
  /// The model's preprocessing: its inputs and classes. Errors: those of AnyModel::encoder.
  const Encoder& encoder() const;
  /// Predictions per row. Errors: those of AnyModel::compiled.
  std::int64_t outputs() const;

  /// Computes the outputs for `inputs`, both in the order of the signature. `outputs` keeps its memory from call to
  /// call. Errors: those of AnyModel::run; `Errc::deadline_exceeded`, `Errc::canceled`; `Errc::failed` when the answer
  /// of a batched model does not have one row for each row of the inputs.
  CacheUse run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs, const PredictOptions& call = {}) const;
  /// As `run`, but returns the error code instead of throwing. `use` receives how the rows were answered.
  Errc try_run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs, const PredictOptions& call = {},
               CacheUse* use = nullptr) const noexcept;
  /// Answers from the cache alone. Returns true when everything that `run` would compute was in the cache; then
  /// `outputs` has the answer. Computes nothing and does not wait. When it returns false, the call is not counted, and
  /// `outputs` has unspecified values.
  bool find(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const;

  /// Writes the predictions of `batch` to `out`, `[rows, outputs()]`.
  ///
  /// After the first calls of a thread, up to 64 rows allocate nothing except the entries that the cache stores.
  /// Errors: `Errc::shape_mismatch`, `Errc::type_mismatch`, `Errc::invalid_argument` as for Model::predict;
  /// `Errc::deadline_exceeded`, `Errc::canceled`.
  CacheUse predict(const BatchView& batch, BatchOut out, const PredictOptions& call = {}) const;
  /// As `predict`, but returns the error code instead of throwing. `use` receives how the rows were answered.
  Errc try_predict(const BatchView& batch, BatchOut out, const PredictOptions& call = {},
                   CacheUse* use = nullptr) const noexcept;
  /// Answers from the cache alone. Returns true when every row of `batch` was in the cache; then `out` has the
  /// predictions. Computes nothing and does not wait. When it returns false, the call is not counted, and some rows of
  /// `out` may be overwritten.
  bool find(const BatchView& batch, BatchOut out) const;
  /// Predictions for a table that has the model's input columns. Errors: those of Model::predict.
  Prediction predict(const Table& table, const PredictOptions& call = {}) const;
  /// Predictions for a dataset `[rows, features]`, by a model without raw columns. Errors: those of Model::predict.
  Prediction predict(const Dataset& data, const PredictOptions& call = {}) const;

  /// The prediction for one row, given as column names with values, in any order:
  /// `predict_row({{"island", "Torgersen"}, {"bill_length_mm", 39.1}})`. Columns that the model does not know are
  /// ignored. Errors: `Errc::not_found` for an input without a value, `Errc::already_exists` for an input with two
  /// values, `Errc::type_mismatch` for a text instead of a number or a number instead of a text, `Errc::out_of_range`
  /// for an integer that a double does not hold exactly; and those of `predict`.
  Prediction predict_row(std::span<const NamedValue> row, const PredictOptions& call = {}) const;
  Prediction predict_row(std::initializer_list<NamedValue> row, const PredictOptions& call = {}) const {
    return predict_row(std::span(row.begin(), row.size()), call);
  }
  /// The prediction for one row, given as a described struct whose members are the columns. An empty optional member is
  /// a missing value.
  template <class Row>
    requires(!std::convertible_to<const Row&, std::span<const NamedValue>>)
  Prediction predict_row(const Row& row, const PredictOptions& call = {}) const {
    static_assert(Described<Row>,
                  "predict_row takes {{\"column\", value}, ...}, or a struct with a name and a fields() line "
                  "(scalar/core/described.hpp)");
    std::array<NamedValue, std::tuple_size_v<decltype(Row::fields())>> values;
    std::size_t count = 0;
    visit_fields(row, [&](const auto& field, const auto& value) { values[count++] = NamedValue(field.name, value); });
    return predict_row(std::span<const NamedValue>(values), call);
  }

  /// The counts of the cache; all are zero without a cache.
  cache::CacheStats cache_stats() const noexcept;
  /// Drops all cached predictions at once. The results of computations that are still running are not stored.
  void forget() const noexcept;

 private:
  struct State;
  Prediction predict_all(const BatchView& batch, const PredictOptions& call) const;
  std::shared_ptr<const State> state_;
};

}  // namespace scalar::inline v0
