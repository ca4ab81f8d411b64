#pragma once
/// What boosted trees require of a data set, no matter which backend grows them.
#include <span>
#include <vector>

#include "scalar/backend/backend.hpp"
#include "scalar/data/dataset.hpp"
#include "scalar/spec/gradient_boosted_trees.hpp"

namespace scalar::inline v0::backend::trees {

/// A forest without trees that fits the spec and the data: features, outputs, link, bases of 0.
///
/// Errors: `Errc::invalid_argument` for no rows, no features, no targets, targets of the wrong kind, only one class, or
/// weights that are all 0; `Errc::too_large` for more rows or features than 31 bits can number.
Forest empty_forest(const GradientBoostedTrees& spec, const Dataset& data);

/// The forest in the options of a fit to go on from, whose trees come before the new ones. What is known of its splits
/// is dropped, since it is not known of the new ones. `expected` is the `empty_forest` of the fit.
/// Errors: `Errc::invalid_argument` for one of other features, margins or link.
Forest initial_forest(const FitOptions& options, const Forest& expected);

/// The margins that minimize the loss before there are trees, from the weight of each class: the logarithm of the odds
/// of the second class for the logistic loss, the logarithms of the shares for softmax. A class without weight counts
/// as a millionth of the total weight, so that margins stay finite. Margins are rounded to float32, the width of
/// leaves.
std::vector<double> first_margins(Loss loss, std::span<const double> class_weights);

}  // namespace scalar::inline v0::backend::trees
