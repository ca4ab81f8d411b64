#include "scalar/predictor.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

#include "core/fail.hpp"
#include "predictor/batch_rows.hpp"
#include "predictor/tensor_rows.hpp"
#include "scalar/data/check_inputs.hpp"
#include "scalar/model/row_tensors.hpp"

namespace scalar::inline v0 {

std::string_view name(CacheUse use) noexcept {
  if (use == CacheUse::partial) return "partial";
  return cache::name(static_cast<cache::Outcome>(use));  // they share their words and numbers
}

void predictor::require_time(const PredictOptions& call) {
  if (call.stop.stop_requested()) fail(Errc::canceled, "", "the call was canceled before its rows were computed");
  if (call.deadline != TimePoint::max() && std::chrono::steady_clock::now() > call.deadline)
    fail(Errc::deadline_exceeded, "", "the deadline passed before the rows were computed");
}

namespace {

using predictor::BatchRows;
using predictor::TensorRows;
using predictor::TensorScratch;
using predictor::WholeRequest;

constexpr std::size_t most_kept_bytes = std::size_t{1} << 20;

/// Memory that the calls of a thread reuse, so that a warm call allocates only what the cache stores.
struct Scratch {
  predictor::ClaimedRows claimed{};
  predictor::BatchScratch batch{};
  predictor::TensorScratch tensors{};
  model::TensorBatch tensor_batch{};
  std::vector<double> predictions{};

  std::size_t kept_bytes() const noexcept {
    return claimed.kept_bytes() + batch.kept_bytes() + tensors.kept_bytes() + tensor_batch.kept_bytes() +
           predictions.capacity() * sizeof(double);
  }
};

/// The scratch memory of one call. A nested call, by a model that uses another predictor, gets its own.
class ScratchLease {
 public:
  ScratchLease() : scratch_(std::move(kept())) {
    if (scratch_ == nullptr) scratch_ = std::make_unique<Scratch>();
  }
  ScratchLease(const ScratchLease&) = delete;
  ~ScratchLease() {
    if (scratch_->kept_bytes() <= most_kept_bytes) kept() = std::move(scratch_);
  }
  Scratch& operator*() noexcept { return *scratch_; }

 private:
  static std::unique_ptr<Scratch>& kept() noexcept {
    thread_local std::unique_ptr<Scratch> scratch;
    return scratch;
  }
  std::unique_ptr<Scratch> scratch_;
};

/// True when the batch has the model's inputs: only then do equal key bytes mean equal rows.
bool has_inputs(const BatchView& batch, const Encoder& encoder) {
  const auto& inputs = encoder.inputs();
  if (batch.is_dense())
    return encoder.is_numeric() && batch.dense().columns == static_cast<std::int64_t>(inputs.size());
  const auto rows = static_cast<std::size_t>(batch.rows());
  return batch.columns().size() == inputs.size() &&
         std::equal(inputs.begin(), inputs.end(), batch.columns().begin(),
                    [&](const InputColumn& input, const BatchColumn& c) {
                      return input.is_text ? c.texts.size() == rows && c.numbers.empty()
                                           : c.numbers.size() == rows && c.texts.empty();
                    });
}

/// True when an input has no elements: then the number of rows is only a claim.
bool has_empty(std::span<const TensorView> inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [](const TensorView& input) { return input.elements() == 0; });
}

/// What `work` throws, as a code. `use` receives its result.
template <class Work>
Errc code_of(Work work, CacheUse* use) noexcept {
  try {
    const CacheUse how = work();
    if (use != nullptr) *use = how;
    return Errc::ok;
  } catch (const Error& error) {
    return error.code();
  } catch (const std::bad_alloc&) {
    return Errc::resource_exhausted;
  } catch (...) {
    return Errc::internal;
  }
}

std::string place_of(const InputColumn& input) { return "column \"" + input.name + "\""; }

/// The columns of a table as a batch, and the memory that the batch points to.
class TableBatch {
 public:
  TableBatch(const Table& table, const Encoder& encoder) : rows_(table.rows()) {
    const auto& inputs = encoder.inputs();
    numbers_.resize(inputs.size());
    texts_.resize(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const Column& column = table.column(inputs[i].name);
      const bool fits = (column.type() == ColumnType::text) == inputs[i].is_text;
      if (!fits && !is_all_missing(table, column))
        fail(Errc::type_mismatch, place_of(inputs[i]), "has values of type {}, the model was trained on {}",
             scalar::name(column.type()), inputs[i].is_text ? "text" : "numbers");
      for (std::int64_t row = 0; row < rows_; ++row) {
        const std::int64_t stored = table.stored_row(row);
        if (inputs[i].is_text)
          texts_[i].push_back(fits ? column.text(stored) : std::string_view());
        else
          numbers_[i].push_back(fits ? column.number(stored) : std::numeric_limits<double>::quiet_NaN());
      }
      columns_.push_back({numbers_[i], texts_[i]});
    }
  }
  BatchView view() const { return {columns_, rows_}; }

 private:
  /// Such a column fits any input: a reader that saw no value could not know its type.
  static bool is_all_missing(const Table& table, const Column& column) {
    for (std::int64_t row = 0; row < table.rows(); ++row)
      if (!column.is_missing(table.stored_row(row))) return false;
    return true;
  }

  std::int64_t rows_;
  std::vector<std::vector<double>> numbers_{};
  std::vector<std::vector<std::string_view>> texts_{};
  std::vector<BatchColumn> columns_{};
};

/// The value of `input` in a row. A missing value fits numbers and texts.
const NamedValue& value_of(const InputColumn& input, std::span<const NamedValue> row) {
  const NamedValue* found = nullptr;
  for (const NamedValue& value : row) {
    if (value.name() != input.name) continue;
    if (found != nullptr) fail(Errc::already_exists, place_of(input), "the row has two values");
    found = &value;
  }
  if (found == nullptr)
    fail(Errc::not_found, place_of(input), "the row has no value; say a missing one as std::nullopt");
  if (!found->is_missing() && found->is_text() != input.is_text)
    fail(Errc::type_mismatch, place_of(input), "has a {}, the model was trained on {}",
         input.is_text ? "number" : "text", input.is_text ? "text" : "numbers");
  if (!found->is_exact())
    fail(Errc::out_of_range, place_of(input), "has an integer that a double does not hold exactly");
  return *found;
}

}  // namespace

struct Predictor::State {
  AnyModel model;
  std::unique_ptr<cache::Cache> cache;
  bool has_cacheable_rows = true;  // of a foreign model: else it is cached by the whole request

  CacheUse answer(const BatchView& batch, BatchOut out, const PredictOptions& call) const;
  CacheUse run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs, const PredictOptions& call) const;
  bool find(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const;

  bool is_cacheable(const BatchView& batch, BatchOut out) const {
    return cache != nullptr && batch.rows() > 0 && out.rows == batch.rows() &&
           out.columns == model.compiled().outputs() && has_inputs(batch, model.encoder());
  }
  CacheUse answer(const BatchView& batch, BatchOut out, const PredictOptions& call, Scratch& scratch) const;
  bool find(const BatchView& batch, BatchOut out, Scratch& scratch) const;

  /// Answers the tensors of a model with rows by `predict(batch, out)`, and writes the outputs when that is true.
  template <class Predict>
  bool by_batch(std::span<const TensorView> inputs, std::vector<Tensor>& outputs, Scratch& scratch,
                Predict predict) const;
  /// Calls `visit(rows)` with the parts of a foreign model's call that have places of their own in the cache.
  template <class Visit>
  auto by_tensors(std::span<const TensorView> inputs, std::vector<Tensor>& outputs, TensorScratch& scratch,
                  Visit visit) const;
};

CacheUse Predictor::State::answer(const BatchView& batch, BatchOut out, const PredictOptions& call) const {
  if (call.use_cache && is_cacheable(batch, out)) {
    ScratchLease scratch;
    return answer(batch, out, call, *scratch);
  }
  predictor::require_time(call);
  model.predict(batch, out);  // for a batch that does not fit, the model throws its own message
  return CacheUse::bypass;
}

CacheUse Predictor::State::answer(const BatchView& batch, BatchOut out, const PredictOptions& call,
                                  Scratch& scratch) const {
  BatchRows rows(model, batch, out, scratch.batch);
  return predictor::answer(*cache, rows, call, scratch.claimed);
}

bool Predictor::State::find(const BatchView& batch, BatchOut out, Scratch& scratch) const {
  BatchRows rows(model, batch, out, scratch.batch);
  return predictor::find_all(*cache, rows);
}

template <class Predict>
bool Predictor::State::by_batch(std::span<const TensorView> inputs, std::vector<Tensor>& outputs, Scratch& scratch,
                                Predict predict) const {
  scratch.tensor_batch.set(inputs, model.signature());
  const BatchView batch = scratch.tensor_batch.view();
  const std::int64_t columns = model.compiled().outputs();
  scratch.predictions.resize(static_cast<std::size_t>(batch.rows() * columns));
  const BatchOut out(scratch.predictions.data(), batch.rows(), columns);
  if (!predict(batch, out)) return false;
  model::set_outputs(out, model.encoder().classes(), outputs);
  return true;
}

template <class Visit>
auto Predictor::State::by_tensors(std::span<const TensorView> inputs, std::vector<Tensor>& outputs,
                                  TensorScratch& scratch, Visit visit) const {
  if (has_cacheable_rows) {
    TensorRows rows(model, inputs, outputs, scratch);
    return visit(rows);
  }
  WholeRequest request(model, inputs, outputs, scratch);
  return visit(request);
}

CacheUse Predictor::State::run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs,
                               const PredictOptions& call) const {
  if (cache == nullptr || !call.use_cache) {
    predictor::require_time(call);
    model.run(inputs, outputs);
    return CacheUse::bypass;
  }
  ScratchLease scratch;
  if (!model.is_foreign()) {
    CacheUse use = CacheUse::bypass;
    by_batch(inputs, outputs, *scratch, [&](const BatchView& batch, BatchOut out) {
      if (batch.rows() > 0) use = answer(batch, out, call, *scratch);
      return true;
    });
    return use;
  }
  data::check_inputs(model.signature(), inputs);
  if (has_cacheable_rows && has_empty(inputs)) {
    predictor::require_time(call);
    model.run(inputs, outputs);
    return CacheUse::bypass;
  }
  return by_tensors(inputs, outputs, (*scratch).tensors,
                    [&](auto& rows) { return predictor::answer(*cache, rows, call, (*scratch).claimed); });
}

bool Predictor::State::find(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const {
  if (cache == nullptr) return false;
  ScratchLease scratch;
  if (!model.is_foreign())
    return by_batch(inputs, outputs, *scratch, [&](const BatchView& batch, BatchOut out) {
      return batch.rows() > 0 && find(batch, out, *scratch);
    });
  data::check_inputs(model.signature(), inputs);
  if (has_cacheable_rows && has_empty(inputs)) return false;
  return by_tensors(inputs, outputs, (*scratch).tensors, [&](auto& rows) { return predictor::find_all(*cache, rows); });
}

Predictor::Predictor(const AnyModel& model, const PredictorOptions& options) {
  auto state = std::make_shared<State>();
  state->model = model.on(options.device);  // throws for an empty model
  state->has_cacheable_rows = predictor::has_cacheable_rows(state->model.signature());
  if (options.cache_bytes > 0)
    state->cache = std::make_unique<cache::Cache>(cache::CacheOptions{.capacity_bytes = options.cache_bytes});
  state_ = std::move(state);
}

const AnyModel& Predictor::model() const noexcept { return state_->model; }
const Signature& Predictor::signature() const noexcept { return state_->model.signature(); }
const Encoder& Predictor::encoder() const { return state_->model.encoder(); }
std::int64_t Predictor::outputs() const { return state_->model.compiled().outputs(); }

CacheUse Predictor::predict(const BatchView& batch, BatchOut out, const PredictOptions& call) const {
  return state_->answer(batch, out, call);
}

Errc Predictor::try_predict(const BatchView& batch, BatchOut out, const PredictOptions& call,
                            CacheUse* use) const noexcept {
  return code_of([&] { return state_->answer(batch, out, call); }, use);
}

bool Predictor::find(const BatchView& batch, BatchOut out) const {
  if (!state_->is_cacheable(batch, out)) return false;
  ScratchLease scratch;
  return state_->find(batch, out, *scratch);
}

CacheUse Predictor::run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs,
                        const PredictOptions& call) const {
  return state_->run(inputs, outputs, call);
}

Errc Predictor::try_run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs, const PredictOptions& call,
                        CacheUse* use) const noexcept {
  return code_of([&] { return state_->run(inputs, outputs, call); }, use);
}

bool Predictor::find(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const {
  return state_->find(inputs, outputs);
}

Prediction Predictor::predict_all(const BatchView& batch, const PredictOptions& call) const {
  Prediction result{.values = {}, .rows = batch.rows(), .outputs = outputs(), .classes = encoder().classes()};
  result.values.resize(static_cast<std::size_t>(result.rows * result.outputs));
  predict(batch, BatchOut(result.values.data(), result.rows, result.outputs), call);
  return result;
}

Prediction Predictor::predict(const Table& table, const PredictOptions& call) const {
  return predict_all(TableBatch(table, encoder()).view(), call);
}

Prediction Predictor::predict(const Dataset& data, const PredictOptions& call) const {
  const Dataset rows = data.contiguous();
  return predict_all(BatchView(rows.features()), call);
}

Prediction Predictor::predict_row(std::span<const NamedValue> row, const PredictOptions& call) const {
  const std::vector<InputColumn>& inputs = encoder().inputs();
  std::vector<double> numbers(inputs.size());
  std::vector<std::string_view> texts(inputs.size());
  std::vector<BatchColumn> columns;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const NamedValue& value = value_of(inputs[i], row);
    numbers[i] = value.number();
    texts[i] = value.text();
    columns.push_back(inputs[i].is_text ? BatchColumn{.texts = {&texts[i], 1}}
                                        : BatchColumn{.numbers = {&numbers[i], 1}});
  }
  return predict_all(BatchView(columns, 1), call);
}

cache::CacheStats Predictor::cache_stats() const noexcept {
  return state_->cache == nullptr ? cache::CacheStats{} : state_->cache->stats();
}

void Predictor::forget() const noexcept {
  if (state_->cache != nullptr) state_->cache->bump_generation();
}

}  // namespace scalar::inline v0
