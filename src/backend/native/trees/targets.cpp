#include "backend/native/trees/targets.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "core/fail.hpp"

namespace scalar::inline v0::backend::trees {
namespace {

template <class... Arguments>
[[noreturn]] void refuse(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::invalid_argument, GradientBoostedTrees::name, format, std::forward<Arguments>(arguments)...);
}

void check_classes(const Dataset& data) {
  std::int64_t first = -1;
  for (std::int64_t row = 0; row < data.rows(); ++row) {
    if (data.weight(row) == 0) continue;
    if (first < 0) first = row;
    if (data.target(row) != data.target(first)) return;
  }
  if (first < 0) refuse("all weights are 0");
  refuse("every row is of class \"{}\", expected rows of at least two classes",
         data.classes()[static_cast<std::size_t>(data.target(first))]);
}

void check_weights(const Dataset& data) {
  for (std::int64_t row = 0; row < data.rows(); ++row)
    if (data.weight(row) > 0) return;
  refuse("all weights are 0");
}

}  // namespace

Forest empty_forest(const GradientBoostedTrees& spec, const Dataset& data) {
  if (data.rows() == 0) refuse("there are no rows to learn from");
  if (data.columns() == 0) refuse("there are no features to learn from");
  if (!data.has_targets()) refuse("there are no targets to learn from");
  if (data.rows() > (std::numeric_limits<std::int32_t>::max)() ||
      data.columns() > (std::numeric_limits<std::int32_t>::max)())
    fail(Errc::too_large, {}, "has {} rows and {} features, at most 2147483647 are numbered", data.rows(),
         data.columns());
  const auto classes = static_cast<std::int64_t>(data.classes().size());
  if (spec.loss == Loss::squared) {
    if (classes > 0) refuse("the squared loss wants numbers, the targets are {} classes", classes);
    check_weights(data);
  } else {
    if (classes == 0)
      refuse("the {} loss wants classes, the targets are numbers",
             spec.loss == Loss::logistic ? "logistic" : "softmax");
    if (spec.loss == Loss::logistic && classes > 2)
      refuse("the logistic loss wants two classes, there are {} (softmax takes any number)", classes);
    check_classes(data);
  }
  Forest forest;
  forest.features = data.columns();
  forest.outputs = spec.loss == Loss::softmax ? classes : 1;
  forest.link = link_of(spec.loss);
  forest.base.assign(static_cast<std::size_t>(forest.outputs), 0.0);
  forest.start = forest.base;
  forest.tree_begin.push_back(0);
  return forest;
}

Forest initial_forest(const FitOptions& options, const Forest& expected) {
  Forest forest;
  from_bytes(options.initial, forest);
  if (forest.features != expected.features || forest.outputs != expected.outputs)
    refuse("the model to go on from has {} features and {} margins, here are {} and {}", forest.features,
           forest.outputs, expected.features, expected.outputs);
  if (forest.link != expected.link) refuse("the model to go on from has another link");
  forest.gain.clear();
  forest.cover.clear();
  if (forest.link == Link::identity) return forest;
  for (std::size_t k = 0; k < forest.base.size(); ++k)  // probabilities have no digits that a base would keep
    forest.start[k] = static_cast<float>(forest.start[k] + std::exchange(forest.base[k], 0.0));
  return forest;
}

std::vector<double> first_margins(Loss loss, std::span<const double> class_weights) {
  constexpr double least_share = 1e-6;
  const double all = std::accumulate(class_weights.begin(), class_weights.end(), 0.0);
  std::vector<double> margins;
  for (const double weight : class_weights)
    margins.push_back(all > 0 ? std::log(weight > 0 ? weight / all : least_share) : 0.0);
  if (loss == Loss::logistic) margins = {margins[1] - margins[0]};
  for (double& margin : margins) margin = static_cast<float>(margin);
  return margins;
}

}  // namespace scalar::inline v0::backend::trees
