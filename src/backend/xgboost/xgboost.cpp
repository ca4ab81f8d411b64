#include "scalar/backend/xgboost/xgboost.hpp"

#include <fmt/core.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "backend/boosting_start.hpp"
#include "backend/native/rows.hpp"
#include "backend/native/trees/forest_parts.hpp"
#include "backend/native/trees/targets.hpp"
#include "backend/xgboost/booster.hpp"
#include "backend/xgboost/library.hpp"
#include "backend/xgboost/matrix.hpp"
#include "core/fail.hpp"
#include "scalar/backend/erase.hpp"
#include "scalar/backend/rounds.hpp"
#include "scalar/backend/validation.hpp"

namespace scalar::inline v0::backend {
namespace {

using xgboost::Handle;
using xgboost::Library;
using xgboost::Owned;

constexpr int deepest = 30;  // XGBoost numbers the nodes of a complete tree with 31 bits

/// The forest that boosting begins with, as in the native backend: a constant, or the one in the options.
Forest start_of(const GradientBoostedTrees& spec, const Dataset& data, const FitOptions& options) {
  Forest start = trees::empty_forest(spec, data);
  if (!options.initial.empty()) return trees::initial_forest(options, start);
  const BoostingStart constant = boosting_start(spec.loss, data);
  start.base.assign(start.base.size(), constant.base);
  start.start = constant.margins;
  return start;
}

/// Passes the first margins of rows to XGBoost, without the base: those of the start, and the offsets.
void set_first_margins(const Library& library, Handle matrix, const Forest& start, const Dataset& rows,
                       const Runtime& runtime) {
  std::vector<double> margins = trees::sums_of(start, rows.features(), native::ThreadTeam(runtime, 1));
  for (std::int64_t row = 0; rows.has_offsets() && row < rows.rows(); ++row)
    margins[static_cast<std::size_t>(row)] += rows.offset(row);
  xgboost::set_margins(library, matrix, margins, start.outputs);
}

/// The spec as XGBoost's parameters. XGBoost compares `gamma` with a gain that lacks the factor 1/2.
xgboost::Parameters tree_parameters(const GradientBoostedTrees& spec, int threads) {
  using xgboost::text;
  return {
      {"verbosity", "0"},
      {"booster", "gbtree"},
      {"tree_method", "hist"},
      {"grow_policy", "depthwise"},
      {"nthread", std::to_string(threads)},
      {"max_depth", std::to_string(spec.depth)},
      {"max_bin", std::to_string(spec.bins)},
      {"eta", text(spec.learning_rate)},
      {"lambda", text(spec.l2)},
      {"alpha", "0"},
      {"gamma", text(2 * spec.min_split_gain)},
      {"min_child_weight", text(spec.min_child_weight)},
      {"max_cat_to_onehot", "1"},
      {"max_cat_threshold", std::to_string(spec.bins)},
  };
}

/// The validation rows as XGBoost sees them; none if the fit has none.
class ValidationMatrix {
 public:
  ValidationMatrix(const Library& library, const GradientBoostedTrees& spec, const Validation& validation,
                   const Forest& start, const Runtime& runtime)
      : library_(library), validation_(validation), base_(start.base), matrix_(library.matrix_free) {
    if (!validation) return;
    const Dataset& rows = validation.data();
    const FloatMatrix x = rows.features();
    library.check(
        library.matrix_create(x.data, static_cast<std::uint64_t>(x.rows), static_cast<std::uint64_t>(x.columns),
                              std::numeric_limits<float>::quiet_NaN(), matrix_.out(), runtime.threads()),
        "XGDMatrixCreateFromMat_omp");
    xgboost::set_feature_types(library, matrix_.get(), rows, spec);
    // Validation adds the offsets.
    xgboost::set_margins(library, matrix_.get(), trees::sums_of(start, x, native::ThreadTeam(runtime, 1)),
                         start.outputs);
  }

  explicit operator bool() const { return matrix_.get() != nullptr; }
  Handle get() const { return matrix_.get(); }
  /// The metric; XGBoost remembers the margins of a matrix that was given to the booster, and adds only the new trees.
  double value(Handle booster) const {
    const std::uint64_t* shape = nullptr;
    std::uint64_t dimensions = 0;
    const float* result = nullptr;
    const char* config = R"({"type":1,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":true})";
    library_.check(library_.booster_predict_matrix(booster, matrix_.get(), config, &shape, &dimensions, &result),
                   "XGBoosterPredictFromDMatrix");
    const std::int64_t rows = validation_.data().rows(), outputs = static_cast<std::int64_t>(base_.size());
    std::vector<double> margins(result, result + rows * outputs);
    for (std::size_t i = 0; i < margins.size(); ++i) margins[i] += base_[i % base_.size()];
    return validation_.value({margins.data(), rows, outputs});
  }

 private:
  const Library& library_;
  const Validation& validation_;
  std::vector<double> base_;
  Owned matrix_;
};

/// Grows the trees; returns how many rounds the best model has.
std::int64_t boost(const Library& library, const GradientBoostedTrees& spec, const FitOptions& options, Handle booster,
                   Handle matrix, const ValidationMatrix& validation) {
  Rounds rounds(options);
  for (int tree = 0; tree < spec.trees && !rounds.is_over(); ++tree) {
    if (options.stop.stop_requested())
      fail(Errc::canceled, "xgboost", "asked to stop after {} of {} rounds", tree, spec.trees);
    library.check(library.booster_update(booster, tree, matrix), "XGBoosterUpdateOneIter");
    FitProgress progress{"tree", tree + 1, spec.trees, std::numeric_limits<double>::quiet_NaN()};
    if (options.progress) progress.objective = xgboost::training_loss(library, booster, matrix, tree, spec.loss);
    if (validation) progress.validation = validation.value(booster);
    rounds.report(progress);
  }
  return rounds.best();
}

}  // namespace

XGBoost::XGBoost(const BackendOptions& options) : library_(std::make_shared<const Library>(options.library)) {}

std::string XGBoost::version() const {
  int major = 0, minor = 0, patch = 0;
  library_->version(&major, &minor, &patch);
  return fmt::format("{}.{}.{}", major, minor, patch);
}

Support XGBoost::supports(const GradientBoostedTrees& spec, int peers) const {
  Support support = xgboost::not_shared(peers);
  if (spec.depth > deepest)
    support.reasons.push_back(fmt::format("xgboost grows trees to depth {} at most, not {}", deepest, spec.depth));
  return support;
}

Forest XGBoost::fit(const GradientBoostedTrees& spec, const Dataset& data, const FitOptions& options,
                    const Runtime& runtime) const {
  xgboost::check_fit(*this, spec, data, options,
                     {.validation = true, .rounds = true, .initial = true, .offsets = spec.loss != Loss::softmax});
  const Dataset rows = native::learned_rows(data, spec.loss).contiguous();
  const Forest start = start_of(spec, rows, options);
  const Validation validation(GradientBoostedTrees::name, spec.loss, start.outputs, data, options.validation);

  const Library& library = *library_;
  library.log_unset(runtime);
  const xgboost::Quiet quiet(library);
  Owned matrix(library.matrix_free), booster(library.booster_free);
  xgboost::make_matrix(library, rows, spec, runtime.threads(), options, matrix);
  xgboost::set_floats(library, matrix.get(), "label", rows.targets(), spec.loss == Loss::squared ? start.base[0] : 0);
  set_first_margins(library, matrix.get(), start, rows, runtime);
  const ValidationMatrix validated(library, spec, validation, start, runtime);
  const Handle cached[] = {matrix.get(), validated.get()};
  library.check(library.booster_create(cached, validated ? 2 : 1, booster.out()), "XGBoosterCreate");
  xgboost::set_parameters(library, booster.get(), tree_parameters(spec, runtime.threads()));
  xgboost::set_parameters(library, booster.get(), xgboost::objective_parameters(spec.loss, rows));
  const std::int64_t best = boost(library, spec, options, booster.get(), matrix.get(), validated);

  Forest learned = std::get<Forest>(xgboost::learned_model(library, booster.get()).parameters);
  if (learned.features != start.features || learned.outputs != start.outputs || learned.link != start.link)
    fail(Errc::internal, "xgboost", "XGBoost's model has another shape than was asked for");
  trees::cut(learned, best * learned.outputs);
  if (start.trees() > 0) {
    Forest forest = start;
    trees::append(forest, learned);
    return forest;
  }
  learned.base = start.base;
  learned.start = start.start;
  return learned;
}

std::shared_ptr<const AnyBackend::Interface> make_xgboost(const BackendOptions& options) {
  return erase(XGBoost(options));
}

}  // namespace scalar::inline v0::backend
