#pragma once
/// Boosted decision trees.
#include "scalar/spec/forest.hpp"

namespace scalar::inline v0 {

/// How trees split features whose values are categories (`Dataset::categories`).
enum class CategorySplits : std::uint8_t {
  ordered = 0,  ///< by their numbers, as all features
  sets = 1,     ///< a set of the categories goes left, all others right
};

/// Second-order gradient boosting (Chen, Guestrin, "XGBoost: a scalable tree boosting system", KDD 2016, section 2):
/// each round adds one tree per margin, grown level by level to `depth`, that minimizes
///
///     sum_i (g_i f(x_i) + 1/2 h_i f(x_i)^2) + min_split_gain T + l2/2 ||leaves||^2
///
/// where T is the number of leaves. A leaf is `-learning_rate G / (H + l2)`, with G and H the sums of g and h over its
/// rows.
///
/// The gain of a split is `1/2 (G_L^2/(H_L+l2) + G_R^2/(H_R+l2) - G^2/(H+l2)) - min_split_gain`. Each child needs
/// `H >= min_child_weight` and `H > 0` (a root with less stays a leaf of 0). Rows whose value is missing go to the side
/// that gains more; if no row of a node lacks the value, the backend chooses a side. Splits are searched among at most
/// `bins` quantile bins per feature.
///
/// With `CategorySplits::sets`, the categories of a node are ordered by G divided by H plus a constant of the backend,
/// and the sets that are searched are the first so many of this order: among them is the best of all sets for the
/// squared loss (Fisher, "On grouping for maximum homogeneity", JASA 1958). A category that no row of the node has, or
/// that is unknown, goes right.
///
/// Boosting begins with the constant that fits best, given the weights of the rows: the mean for the squared loss, the
/// log-odds of the second class for the logistic loss, the logarithms of the classes' shares for the softmax loss,
/// where a class that does not occur counts as a millionth of all rows. For the squared loss, `g = margin - y` and
/// `h = 1`; for the others, with `p` the predicted probability, `g = p - y` and `h = p (1 - p)`, twice that for
/// softmax. Both are multiplied by the weight of the row.
struct GradientBoostedTrees {
  int trees = 100;  ///< rounds; with softmax each round adds one tree per class
  int depth = 6;
  double learning_rate = 0.3;
  Loss loss = Loss::logistic;
  double l2 = 1.0;
  double min_split_gain = 0.0;
  double min_child_weight = 1.0;
  int bins = 256;
  CategorySplits category_splits = CategorySplits::ordered;

  using Self = GradientBoostedTrees;
  static constexpr std::string_view name = "gradient_boosted_trees";
  static constexpr auto fields() {
    return std::tuple{field<&Self::trees>.in(1, 100'000),
                      field<&Self::depth>.in(1, 64),
                      field<&Self::learning_rate>.in(1e-6, 1),
                      field<&Self::loss>,
                      field<&Self::l2>.in(0, 1e9),
                      field<&Self::min_split_gain>.in(0, 1e15),
                      field<&Self::min_child_weight>.in(0, 1e9),
                      field<&Self::bins>.in(2, 65'535),
                      field<&Self::category_splits>};
  }

  TargetKind target() const { return target_of(loss); }
  Encoding default_encoding() const {
    return {.impute = Impute::keep, .scale = Scale::none, .categories = Categories::ordinal};
  }
};

template <>
struct ParametersOf<GradientBoostedTrees> {
  using type = Forest;
};

}  // namespace scalar::inline v0
