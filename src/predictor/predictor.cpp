#include "scalar/predictor.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

#include "core/fail.hpp"
#include "predictor/row_batch.hpp"
#include "scalar/cache/claim.hpp"

namespace scalar::inline v0 {

std::string_view name(CacheUse use) noexcept {
  if (use == CacheUse::partial) return "partial";
  return cache::name(static_cast<cache::Outcome>(use));  // they share their words and numbers
}

struct Predictor::State {
  AnyModel model;
  std::unique_ptr<cache::Cache> cache;

  CacheUse answer(const BatchView& batch, BatchOut out, const PredictOptions& call) const;
};

namespace {

using predictor::GatheredRows;
using predictor::RowKeys;
using Claim = cache::Claim;

constexpr std::size_t most_kept_bytes = std::size_t{1} << 20;

/// A row that the cache did not have.
struct ClaimedRow {
  Claim claim;
  std::int64_t index;
};

/// Memory that the calls of a thread reuse, so that a warm call allocates only what the cache stores.
struct Scratch {
  RowKeys keys{};
  GatheredRows gathered{};
  std::vector<ClaimedRow> mine{}, theirs{};
  std::vector<std::int64_t> indices{};
  std::vector<double> values{};

  std::size_t kept_bytes() const noexcept {
    return keys.kept_bytes() + gathered.kept_bytes() + (mine.capacity() + theirs.capacity()) * sizeof(ClaimedRow) +
           indices.capacity() * sizeof(std::int64_t) + values.capacity() * sizeof(double);
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

std::span<std::byte> row_bytes(BatchOut out, std::int64_t row) { return std::as_writable_bytes(out.row(row)); }

/// Throws when the deadline has passed or a stop was requested. Claims that the exception destroys are handed over.
void require_time(const PredictOptions& call) {
  if (call.stop.stop_requested()) fail(Errc::canceled, "", "the call was canceled before its rows were computed");
  if (call.deadline != TimePoint::max() && std::chrono::steady_clock::now() > call.deadline)
    fail(Errc::deadline_exceeded, "", "the deadline passed before the rows were computed");
}

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

/// The rows of one call that the cache did not have: this call computes those it has claimed, and waits for the others.
class MissingRows {
 public:
  MissingRows(const AnyModel& model, const BatchView& batch, BatchOut out, const PredictOptions& call, Scratch& scratch)
      : model_(model), batch_(batch), out_(out), call_(call), scratch_(scratch) {}
  MissingRows(const MissingRows&) = delete;
  ~MissingRows() {  // hands the remaining claims over to the calls that wait for them
    scratch_.mine.clear();
    scratch_.theirs.clear();
  }

  void claim(cache::Cache& cache, const cache::Key& key, std::int64_t row) {
    Claim claim = cache.claim(key);
    if (claim.state() == Claim::State::found) return take(claim, row);  // another call has stored it in the meantime
    (claim.state() == Claim::State::mine ? scratch_.mine : scratch_.theirs).push_back({std::move(claim), row});
  }

  /// Computes its own rows first and only then waits for the others, so that overlapping calls cannot deadlock.
  void resolve() {
    if (!scratch_.mine.empty()) compute_mine();
    for (ClaimedRow& row : scratch_.theirs) {
      if (row.claim.wait({.deadline = call_.deadline, .stop = call_.stop}) == Claim::State::found) {
        take(row.claim, row.index);
        ++waited_;
      } else {  // handed over
        scratch_.mine.clear();
        scratch_.mine.push_back(std::move(row));
        compute_mine();
      }
    }
  }
  bool computed() const { return computed_ > 0; }
  bool waited() const { return waited_ > 0; }
  bool found() const { return found_ > 0; }

 private:
  void take(const Claim& claim, std::int64_t row) {
    const auto bytes = claim.value().bytes();
    std::copy(bytes.begin(), bytes.end(), row_bytes(out_, row).begin());
    ++found_;
  }

  void compute_mine() {
    std::vector<ClaimedRow>& mine = scratch_.mine;
    try {
      require_time(call_);
      predict_mine();
    } catch (...) {
      // With several rows, it is unknown which one failed: the claims are handed over, and the calls that wait compute
      // their rows themselves.
      if (mine.size() == 1) mine[0].claim.fail(std::current_exception());
      throw;
    }
    for (ClaimedRow& row : mine) row.claim.publish(row_bytes(out_, row.index));
    computed_ += mine.size();
  }

  void predict_mine() {
    const std::vector<ClaimedRow>& mine = scratch_.mine;
    const auto count = static_cast<std::int64_t>(mine.size());
    if (count == batch_.rows()) return model_.predict(batch_, out_);  // all rows, in their order
    scratch_.indices.clear();
    for (const ClaimedRow& row : mine) scratch_.indices.push_back(row.index);
    scratch_.values.resize(mine.size() * static_cast<std::size_t>(out_.columns));
    scratch_.gathered.set(batch_, scratch_.indices);
    const BatchOut computed(scratch_.values.data(), count, out_.columns);
    model_.predict(scratch_.gathered.view(), computed);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::span<double> values = computed.row(i);
      std::copy(values.begin(), values.end(), out_.row(mine[static_cast<std::size_t>(i)].index).begin());
    }
  }

  const AnyModel& model_;
  const BatchView& batch_;
  BatchOut out_;
  const PredictOptions& call_;
  Scratch& scratch_;
  std::size_t computed_ = 0, waited_ = 0, found_ = 0;
};

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

CacheUse Predictor::State::answer(const BatchView& batch, BatchOut out, const PredictOptions& call) const {
  const std::int64_t rows = batch.rows();
  const bool fits = out.rows == rows && out.columns == model.compiled().outputs() && has_inputs(batch, model.encoder());
  if (cache == nullptr || !call.use_cache || rows <= 0 || !fits) {
    require_time(call);
    model.predict(batch, out);  // for a batch that does not fit, the model throws its own message
    return CacheUse::bypass;
  }
  ScratchLease scratch;
  RowKeys& keys = (*scratch).keys;
  keys.set(batch);
  const std::uint64_t generation = cache->generation();
  std::optional<MissingRows> missing;
  std::int64_t hits = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    const cache::Key key = cache->key(keys[row], generation);
    if (cache->find(key, row_bytes(out, row))) {
      ++hits;
      continue;
    }
    if (!missing) missing.emplace(model, batch, out, call, *scratch);
    missing->claim(*cache, key, row);
  }
  if (!missing) return CacheUse::hit;
  missing->resolve();
  if (missing->computed()) return hits > 0 || missing->found() ? CacheUse::partial : CacheUse::miss;
  return missing->waited() ? CacheUse::coalesced : CacheUse::hit;
}

Predictor::Predictor(AnyModel model, const PredictorOptions& options) {
  (void)model.compiled();  // throws for an empty model
  auto state = std::make_shared<State>();
  state->model = std::move(model);
  if (options.cache_bytes > 0)
    state->cache = std::make_unique<cache::Cache>(cache::CacheOptions{.capacity_bytes = options.cache_bytes});
  state_ = std::move(state);
}

const AnyModel& Predictor::model() const noexcept { return state_->model; }
const Encoder& Predictor::encoder() const { return state_->model.encoder(); }
std::int64_t Predictor::outputs() const { return state_->model.compiled().outputs(); }

CacheUse Predictor::predict(const BatchView& batch, BatchOut out, const PredictOptions& call) const {
  return state_->answer(batch, out, call);
}

Errc Predictor::try_predict(const BatchView& batch, BatchOut out, const PredictOptions& call,
                            CacheUse* use) const noexcept {
  try {
    const CacheUse how = state_->answer(batch, out, call);
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

bool Predictor::find(const BatchView& batch, BatchOut out) const {
  cache::Cache* const cache = state_->cache.get();
  const std::int64_t rows = batch.rows();
  const bool fits = out.rows == rows && out.columns == outputs() && has_inputs(batch, state_->model.encoder());
  if (cache == nullptr || rows <= 0 || !fits) return false;
  ScratchLease scratch;
  RowKeys& keys = (*scratch).keys;
  keys.set(batch);
  const std::uint64_t generation = cache->generation();
  // With several rows, some may be missing: check all of them before any is counted as a hit.
  for (std::int64_t row = 0; rows > 1 && row < rows; ++row)
    if (!cache->contains(cache->key(keys[row], generation))) return false;
  for (std::int64_t row = 0; row < rows; ++row)
    if (!cache->find(cache->key(keys[row], generation), row_bytes(out, row))) return false;
  return true;
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
