// Learns linear models with XGBoost's linear booster.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/boosting_start.hpp"
#include "backend/native/rows.hpp"
#include "backend/xgboost/booster.hpp"
#include "backend/xgboost/matrix.hpp"
#include "core/fail.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/backend/rounds.hpp"
#include "scalar/backend/validation.hpp"
#include "scalar/backend/xgboost/xgboost.hpp"

namespace scalar::inline v0::backend {
namespace {

using xgboost::Handle;
using xgboost::Library;
using xgboost::Owned;

/// What the linear booster minimizes: `sum_i w_i loss_i + l2/2 ||b||^2`, with half the square as the squared loss.
struct Objective {
  std::string_view spec{};
  Loss loss = Loss::squared;
  double l2 = 0;
  int most_rounds = 0;
};

double sum_of_weights(const Dataset& rows) {
  double sum = 0;
  for (std::int64_t row = 0; row < rows.rows(); ++row) sum += rows.weight(row);
  return sum;
}

/// Coordinate descent by columns in their order, since only that gives the same bits twice. XGBoost multiplies `lambda`
/// by the sum of the weights.
xgboost::Parameters linear_parameters(const Objective& objective, const Dataset& rows, int threads) {
  return {{"verbosity", "0"},
          {"booster", "gblinear"},
          {"eta", "1"},
          {"updater", "coord_descent"},
          {"alpha", "0"},
          {"feature_selector", "cyclic"},
          {"nthread", std::to_string(threads)},
          {"lambda", xgboost::text(objective.l2 / sum_of_weights(rows))}};
}

void make_matrix(const Library& library, const Objective& objective, const Dataset& rows, double mean, int threads,
                 Owned& matrix) {
  const FloatMatrix x = rows.features();
  library.check(library.matrix_create(x.data, static_cast<std::uint64_t>(x.rows), static_cast<std::uint64_t>(x.columns),
                                      std::numeric_limits<float>::quiet_NaN(), matrix.out(), threads),
                "XGDMatrixCreateFromMat_omp");
  xgboost::set_floats(library, matrix.get(), "label", rows.targets(), mean);
  if (rows.has_weights()) xgboost::set_floats(library, matrix.get(), "weight", rows.weights());
  if (rows.has_offsets() && objective.loss != Loss::squared)
    xgboost::set_margins(library, matrix.get(), rows.offsets(), 1);
}

/// The metric of the validation rows; NaN without any.
double value_of(const Validation& validation, const LinearParameters& learned) {
  if (!validation) return std::numeric_limits<double>::quiet_NaN();
  const FloatMatrix x = validation.data().features();
  std::vector<double> margins(static_cast<std::size_t>(x.rows * learned.outputs));
  compile(learned).margins(x, {margins.data(), x.rows, learned.outputs});
  return validation.value({margins.data(), x.rows, learned.outputs});
}

/// Whether a round has moved no weight by more than a float32 can tell.
bool is_settled(const LinearParameters& before, const LinearParameters& after) {
  double largest = 0, moved = 0;
  for (std::size_t i = 0; i < after.values.size(); ++i) {
    largest = (std::max)(largest, std::abs(after.values[i]));
    moved = (std::max)(moved, std::abs(after.values[i] - (before.values.empty() ? 0 : before.values[i])));
  }
  return moved <= std::numeric_limits<float>::epsilon() * largest;
}

LinearParameters shifted(LinearParameters learned, double mean) {
  for (double& intercept : learned.intercepts()) intercept += mean;
  return learned;
}

/// Changes each weight once a round, until they settle; returns the weights of the best round. `mean` is what was
/// subtracted from the labels.
LinearParameters descend(const Library& library, const Objective& objective, const FitOptions& options, Handle booster,
                         Handle matrix, const Validation& validation, double mean) {
  Rounds rounds(options);
  LinearParameters now, best;
  bool is_done = false;
  for (int round = 0; !is_done; ++round) {
    native::check_stop(objective.spec, options);
    library.check(library.booster_update(booster, round, matrix), "XGBoosterUpdateOneIter");
    LinearParameters next = std::get<LinearParameters>(xgboost::learned_model(library, booster).parameters);
    is_done = round + 1 == objective.most_rounds || is_settled(now, next);
    now = std::move(next);
    FitProgress progress{"round", round + 1, is_done ? round + 1 : objective.most_rounds,
                         std::numeric_limits<double>::quiet_NaN()};
    if (options.progress) progress.objective = xgboost::training_loss(library, booster, matrix, round, objective.loss);
    progress.validation = value_of(validation, shifted(now, mean));
    is_done = !rounds.report(progress) || is_done;
    if (rounds.is_best()) best = now;
  }
  return shifted(std::move(best), mean);
}

/// `data` holds the rows as they are given, `rows` those that are learned.
LinearParameters learn(const Library& library, const Objective& objective, const Dataset& data, const Dataset& rows,
                       const FitOptions& options, const Runtime& runtime) {
  const std::int64_t outputs =
      objective.loss == Loss::softmax ? static_cast<std::int64_t>(rows.classes().size()) : std::int64_t{1};
  const Validation validation(objective.spec, objective.loss, outputs, data, options.validation);
  const double mean = objective.loss == Loss::squared ? boosting_start(Loss::squared, rows).base : 0;

  library.log_unset(runtime);
  const xgboost::Quiet quiet(library);
  Owned matrix(library.matrix_free), booster(library.booster_free);
  make_matrix(library, objective, rows, mean, runtime.threads(), matrix);
  const Handle cached[] = {matrix.get()};
  library.check(library.booster_create(cached, 1, booster.out()), "XGBoosterCreate");
  xgboost::set_parameters(library, booster.get(), linear_parameters(objective, rows, runtime.threads()));
  xgboost::set_parameters(library, booster.get(), xgboost::objective_parameters(objective.loss, rows));
  LinearParameters learned = descend(library, objective, options, booster.get(), matrix.get(), validation, mean);
  if (learned.features != rows.columns() || learned.outputs != outputs)
    fail(Errc::internal, "xgboost", "XGBoost's model has another shape than was asked for");
  return learned;
}

}  // namespace

Support XGBoost::supports(const LinearRegression&, int peers) const { return xgboost::not_shared(peers); }
Support XGBoost::supports(const LogisticRegression&, int peers) const { return xgboost::not_shared(peers); }

LinearParameters XGBoost::fit(const LinearRegression& spec, const Dataset& data, const FitOptions& options,
                              const Runtime& runtime) const {
  xgboost::check_fit(*this, spec, data, options, {.validation = true, .rounds = true, .offsets = true});
  const Dataset rows = native::checked(LinearRegression::name, native::learned_rows(data, Loss::squared), runtime);
  if (!rows.classes().empty())
    fail(Errc::invalid_argument, LinearRegression::name, "the target is a class, expected a number");
  constexpr int most_rounds = 1000;
  return learn(*library_, {LinearRegression::name, Loss::squared, spec.l2, most_rounds}, data, rows, options, runtime);
}

LinearParameters XGBoost::fit(const LogisticRegression& spec, const Dataset& data, const FitOptions& options,
                              const Runtime& runtime) const {
  const Loss loss = data.classes().size() <= 2 ? Loss::logistic : Loss::softmax;
  xgboost::check_fit(*this, spec, data, options,
                     {.validation = true, .rounds = true, .offsets = loss == Loss::logistic});
  const Dataset rows = native::checked(LogisticRegression::name, data, runtime);
  native::checked_classes(LogisticRegression::name, rows);
  return learn(*library_, {LogisticRegression::name, loss, spec.l2, spec.max_iterations}, data, rows, options, runtime);
}

}  // namespace scalar::inline v0::backend
