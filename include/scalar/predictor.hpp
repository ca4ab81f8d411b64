#pragma once
/// A model that answers: with a cache of rows in front of it, shared by all who ask.
#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <stop_token>
#include <string_view>
#include <tuple>

#include "scalar/cache/cache.hpp"
#include "scalar/core/error.hpp"
#include "scalar/data/named_value.hpp"
#include "scalar/model.hpp"

namespace scalar::inline v0 {

struct PredictorOptions {
  std::uint64_t cache_bytes = 0;  ///< keys, values and overhead of the prediction cache; 0: no cache
};

/// What one call may ask for.
struct PredictOptions {
  TimePoint deadline =
      TimePoint::max();    ///< on the steady clock; `Errc::deadline_exceeded` when work would begin after it
  std::stop_token stop{};  ///< `Errc::canceled` when asked before work begins
  bool use_cache = true;   ///< false: neither looked up nor stored
};

/// How the rows of a call were answered.
enum class CacheUse : std::uint8_t {
  hit = 0,        ///< every row was in the cache
  miss = 1,       ///< every row was computed
  partial = 2,    ///< some rows were in the cache, the others computed
  coalesced = 3,  ///< some rows were being computed by another call, which this one waited for; none was computed here
  bypass = 4,     ///< the cache was not asked
};
/// The name of a use, such as "hit".
std::string_view name(CacheUse use) noexcept;

/// A model with a cache of its predictions, row by row: of a batch only the rows that are not there are computed, and a
/// row that another call is computing is waited for instead.
///
/// Predictions are pure, so a cached one is the same bytes. Keys are the raw input bytes of a row, compared in full.
/// Copies share model and cache. Thread safety: all const members may be called from any thread.
class Predictor {
 public:
  /// Errors: `Errc::empty` for an empty model.
  explicit Predictor(AnyModel model, const PredictorOptions& options = {});

  const AnyModel& model() const noexcept;
  /// The preprocessing of the model: its inputs and classes.
  const Encoder& encoder() const noexcept;
  /// Predictions per row.
  std::int64_t outputs() const noexcept;

  /// Predictions of `batch` into `out`, `[rows, outputs()]`.
  ///
  /// Once a thread is warm, nothing is allocated for up to 64 rows, but the entries that the cache stores.
  /// Errors: `Errc::shape_mismatch`, `Errc::type_mismatch`, `Errc::invalid_argument` as Model::predict;
  /// `Errc::deadline_exceeded`, `Errc::canceled`.
  CacheUse predict(const BatchView& batch, BatchOut out, const PredictOptions& call = {}) const;
  /// As `predict`, with the code instead of an exception. `use` receives how it was answered.
  Errc try_predict(const BatchView& batch, BatchOut out, const PredictOptions& call = {},
                   CacheUse* use = nullptr) const noexcept;
  /// Answers from the cache alone: true when every row of `batch` was there, and `out` has the predictions. Nothing is
  /// computed, and nobody is waited for; a false answer is not counted, and leaves `out` in pieces.
  bool find(const BatchView& batch, BatchOut out) const;
  /// Predictions of a table that has the model's input columns. Errors: as Model::predict.
  Prediction predict(const Table& table, const PredictOptions& call = {}) const;
  /// Predictions of a dataset `[rows, features]` for a model without raw columns. Errors: as Model::predict.
  Prediction predict(const Dataset& data, const PredictOptions& call = {}) const;

  /// The prediction of one row, told as values by the names of their columns, in any order:
  /// `predict_row({{"island", "Torgersen"}, {"bill_length_mm", 39.1}})`. Columns that the model does not know are
  /// ignored. Errors: `Errc::not_found` for an input without a value, `Errc::already_exists` for one with two values,
  /// `Errc::type_mismatch` for a text instead of a number or the other way round, `Errc::out_of_range` for an integer
  /// that a double does not hold; else as `predict`.
  Prediction predict_row(std::span<const NamedValue> row, const PredictOptions& call = {}) const;
  Prediction predict_row(std::initializer_list<NamedValue> row, const PredictOptions& call = {}) const {
    return predict_row(std::span(row.begin(), row.size()), call);
  }
  /// The same for a described struct, whose members are the columns. Optional members may be empty: missing values.
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

  /// Counts of the cache; all zero without one.
  cache::CacheStats cache_stats() const noexcept;
  /// Forgets all cached predictions at once; computations that are running are not stored.
  void forget() const noexcept;

 private:
  struct State;
  Prediction predict_all(const BatchView& batch, const PredictOptions& call) const;
  std::shared_ptr<const State> state_;
};

}  // namespace scalar::inline v0
