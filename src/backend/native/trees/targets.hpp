#pragma once
/// What boosted trees demand of a data set, whichever backend grows them.
#include <span>
#include <vector>

#include "scalar/data/dataset.hpp"
#include "scalar/spec/gradient_boosted_trees.hpp"

namespace scalar::inline v0::backend::trees {

/// A forest without trees that fits spec and data: features, outputs, link, bases of 0.
///
/// Errors: `Errc::invalid_argument` for no rows, no features, no targets, targets of the wrong kind, one class only or
/// weights that are all 0; `Errc::too_large` for more rows than 32 bits number.
Forest empty_forest(const GradientBoostedTrees& spec, const Dataset& data);

/// The margins that minimize the loss before there are trees, from the weight of each class: the logarithm of the odds
/// of the second class for the logistic loss, those of the shares for softmax. A class without weight counts as a
/// millionth of all, so that margins stay finite. They have the width of leaves, float32.
std::vector<double> first_margins(Loss loss, std::span<const double> class_weights);

}  // namespace scalar::inline v0::backend::trees
