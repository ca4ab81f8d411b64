#include "scalar/backend/xgboost/xgboost.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "backend/boosting_start.hpp"
#include "backend/native/trees/targets.hpp"
#include "backend/xgboost/library.hpp"
#include "backend/xgboost/matrix.hpp"
#include "core/fail.hpp"
#include "scalar/backend/erase.hpp"
#include "scalar/interchange/xgboost.hpp"

namespace scalar::inline v0::backend {
namespace {

using xgboost::Handle;
using xgboost::Library;
using xgboost::Owned;

constexpr int deepest = 30;  // XGBoost numbers the nodes of a complete tree with 31 bits

template <class Number>
std::string text(Number number) {
  std::string out;
  if constexpr (std::is_floating_point_v<Number>)
    json::append_number(out, number);
  else
    json::append_number(out, std::int64_t{number});
  return out;
}

/// The spec as XGBoost's parameters. XGBoost compares `gamma` with a gain that lacks the factor 1/2.
std::vector<std::pair<const char*, std::string>> parameters(const GradientBoostedTrees& spec, const Dataset& data,
                                                            int threads) {
  std::vector<std::pair<const char*, std::string>> list{
      {"verbosity", "0"},
      {"booster", "gbtree"},
      {"tree_method", "hist"},
      {"grow_policy", "depthwise"},
      {"nthread", text(threads)},
      {"max_depth", text(spec.depth)},
      {"max_bin", text(spec.bins)},
      {"eta", text(spec.learning_rate)},
      {"lambda", text(spec.l2)},
      {"alpha", "0"},
      {"gamma", text(2 * spec.min_split_gain)},
      {"min_child_weight", text(spec.min_child_weight)},
  };
  if (spec.loss == Loss::squared) {
    list.insert(list.end(), {{"objective", "reg:squarederror"}, {"base_score", "0"}, {"eval_metric", "rmse"}});
  } else if (spec.loss == Loss::logistic) {
    list.insert(list.end(), {{"objective", "binary:logistic"}, {"base_score", "0.5"}, {"eval_metric", "logloss"}});
  } else {
    list.insert(list.end(), {{"objective", "multi:softprob"},
                             {"num_class", text(static_cast<std::int64_t>(data.classes().size()))},
                             {"base_score", "0"},
                             {"eval_metric", "mlogloss"}});
  }
  return list;
}

/// The training loss that XGBoost reports, "[3]\ttrain-rmse:0.25", as the spec's objective.
double objective(std::string_view report, Loss loss) {
  const auto colon = report.rfind(':');
  double value = std::numeric_limits<double>::quiet_NaN();
  if (colon != std::string_view::npos) std::from_chars(report.data() + colon + 1, report.data() + report.size(), value);
  return loss == Loss::squared ? value * value / 2 : value;
}

void boost(const Library& library, const GradientBoostedTrees& spec, const FitOptions& options, Handle booster,
           Handle matrix) {
  for (int tree = 0; tree < spec.trees; ++tree) {
    if (options.stop.stop_requested())
      fail(Errc::canceled, "xgboost", "asked to stop after {} of {} rounds", tree, spec.trees);
    library.check(library.booster_update(booster, tree, matrix), "XGBoosterUpdateOneIter");
    if (!options.progress) continue;
    const char* name = "train";
    const char* report = nullptr;
    library.check(library.booster_evaluate(booster, tree, &matrix, &name, 1, &report), "XGBoosterEvalOneIter");
    options.progress({"tree", tree + 1, spec.trees, objective(report, spec.loss)});
  }
}

}  // namespace

XGBoost::XGBoost(const BackendOptions& options) : library_(std::make_shared<const Library>(options.library)) {}

std::string XGBoost::version() const {
  int major = 0, minor = 0, patch = 0;
  library_->version(&major, &minor, &patch);
  return fmt::format("{}.{}.{}", major, minor, patch);
}

Support XGBoost::supports(const GradientBoostedTrees& spec, int peers) const {
  Support support;
  if (peers > 1)
    support.reasons.push_back(fmt::format("xgboost is not distributed over BSP peers: {} asked, 1 can", peers));
  if (spec.depth > deepest)
    support.reasons.push_back(fmt::format("xgboost grows trees to depth {} at most, not {}", deepest, spec.depth));
  if (spec.category_splits == CategorySplits::sets)
    support.reasons.emplace_back("xgboost does not split categories by sets here, only by order");
  return support;
}

Forest XGBoost::fit(const GradientBoostedTrees& spec, const Dataset& data, const FitOptions& options,
                    const Runtime& runtime) const {
  validate(spec);
  if (const Support support = supports(spec, options.peers); !support)
    fail(Errc::unsupported, "xgboost", "{}", support.reasons.front());
  if (options.transport != nullptr) fail(Errc::unsupported, "xgboost", "a fit is not shared with other processes");
  const Dataset rows = data.contiguous();
  const Forest expected = trees::empty_forest(spec, rows);

  const Library& library = *library_;
  library.log_unset(runtime);
  const xgboost::Quiet quiet(library);
  Owned matrix(library.matrix_free), booster(library.booster_free);
  xgboost::make_matrix(library, rows, spec.bins, runtime.threads(), options, matrix);
  const BoostingStart start = boosting_start(spec.loss, rows);
  xgboost::set_floats(library, matrix.get(), "label", rows.targets(), start.base);
  if (spec.loss != Loss::squared) xgboost::set_margins(library, matrix.get(), start.margins, rows.rows());
  const Handle cached = matrix.get();
  library.check(library.booster_create(&cached, 1, booster.out()), "XGBoosterCreate");
  for (const auto& [name, value] : parameters(spec, rows, runtime.threads()))
    library.check(library.booster_set(booster.get(), name, value.c_str()), name);
  boost(library, spec, options, booster.get(), matrix.get());

  std::uint64_t size = 0;
  const char* model = nullptr;
  library.check(library.booster_save(booster.get(), R"({"format":"json"})", &size, &model),
                "XGBoosterSaveModelToBuffer");
  Forest forest = std::get<Forest>(interchange::read_xgboost({model, static_cast<std::size_t>(size)}).parameters);
  if (forest.features != expected.features || forest.outputs != expected.outputs || forest.link != expected.link)
    fail(Errc::internal, "xgboost", "XGBoost's model has another shape than was asked for");
  forest.base.assign(forest.base.size(), start.base);
  forest.start = start.margins;
  return forest;
}

std::shared_ptr<const AnyBackend::Interface> make_xgboost(const BackendOptions& options) {
  return erase(XGBoost(options));
}

}  // namespace scalar::inline v0::backend
