#include "backend/lightgbm/parameters.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "scalar/core/json.hpp"

namespace scalar::inline v0::backend::lightgbm {
namespace {

/// "name=value name=value"
class Text {
 public:
  Text& add(const char* name, std::int64_t value) { return add(name, fmt::format("{}", value)); }
  Text& add(const char* name, int value) { return add(name, std::int64_t{value}); }
  Text& add(const char* name, std::size_t value) { return add(name, static_cast<std::int64_t>(value)); }
  Text& add(const char* name, double value) {
    std::string number;
    json::append_number(number, value);
    return add(name, number);
  }
  Text& add(const char* name, std::string_view value) {
    text_ += fmt::format("{}{}={}", text_.empty() ? "" : " ", name, value);
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// LightGBM's second derivatives of the softmax loss are `K / (K - 1) p (1 - p)` with K classes; the spec has a 2 for
/// the fraction. Returns LightGBM's over the spec's.
double curvature(Loss loss, std::size_t classes) {
  if (loss != Loss::softmax || classes < 2) return 1;
  const auto count = static_cast<double>(classes);
  return count / (count - 1) / 2;
}

void add_loss(Text& text, Loss loss, std::size_t classes) {
  if (loss == Loss::squared)
    text.add("objective", "regression").add("metric", "l2");
  else if (loss == Loss::logistic)
    text.add("objective", "binary").add("metric", "binary_logloss").add("sigmoid", 1);
  else
    text.add("objective", "multiclass").add("metric", "multi_logloss").add("num_class", classes);
  text.add("boost_from_average", "false");  // boosting begins with init_score
}

/// Trees grow leaf by leaf, the best split first. With room for as many leaves as the depth and the rows allow, all
/// splits that gain are made, so the order does not matter.
void add_shape(Text& text, const GradientBoostedTrees& spec, std::int64_t rows) {
  const std::int64_t leaves =
      std::min(std::int64_t{1} << std::min(spec.depth, deepest), std::max(rows, std::int64_t{2}));
  text.add("max_depth", spec.depth).add("num_leaves", leaves);
  text.add("histogram_pool_size", 1024);  // MiB; LightGBM allocates histograms for all leaves otherwise
}

/// With a curvature of c, LightGBM's sums of second derivatives are c times the spec's. So are `l2` and
/// `min_child_weight` here; the leaves are then 1/c times the spec's, and so are the gains. LightGBM's gain lacks the
/// factor 1/2.
void add_gains(Text& text, const GradientBoostedTrees& spec, double c) {
  text.add("learning_rate", spec.learning_rate * c)
      .add("lambda_l2", spec.l2 * c)
      .add("min_gain_to_split", 2 * spec.min_split_gain / c)
      .add("min_sum_hessian_in_leaf", spec.min_child_weight * c * (1 - 1e-9))  // its sums have rounding errors
      .add("min_data_in_leaf", 1);  // LightGBM estimates numbers of rows from the sums, and fails if one is 0
}

void add_bins(Text& text, const GradientBoostedTrees& spec) {
  text.add("max_bin", spec.bins)
      .add("min_data_in_bin", 1)
      .add("bin_construct_sample_cnt", sampled_rows)
      .add("feature_pre_filter", "false")
      .add("enable_bundle", "false");  // features that share a bin may hide each other's values
}

/// Splits by sets of categories as the spec has them: no penalty and no limit besides those of all splits.
void add_categories(Text& text, const GradientBoostedTrees& spec, const Dataset& data) {
  if (spec.category_splits != CategorySplits::sets) return;
  std::string columns;
  for (std::size_t column = 0; column < data.categories().size(); ++column)
    if (data.categories()[column] > 0) columns += fmt::format("{}{}", columns.empty() ? "" : ",", column);
  if (columns.empty()) return;
  text.add("categorical_feature", columns)
      .add("cat_l2", 0)
      .add("cat_smooth", 1)  // also the least number of rows of a category at a node that is considered
      .add("max_cat_to_onehot", 1)
      .add("max_cat_threshold", spec.bins)
      .add("min_data_per_group", 1);
}

}  // namespace

std::string parameters(const GradientBoostedTrees& spec, const Dataset& data, int threads, int peers) {
  Text text;
  text.add("verbosity", -1).add("num_threads", threads).add("deterministic", "true").add("force_col_wise", "true");
  if (peers > 1) text.add("tree_learner", "data").add("pre_partition", "true").add("num_machines", peers);
  add_loss(text, spec.loss, data.classes().size());
  add_shape(text, spec, data.rows());
  add_gains(text, spec, curvature(spec.loss, data.classes().size()));
  add_bins(text, spec);
  add_categories(text, spec, data);
  return text.take();
}

}  // namespace scalar::inline v0::backend::lightgbm
