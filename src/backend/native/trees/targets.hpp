#pragma once
/// What boosted trees demand of a data set, whichever backend grows them.
#include "scalar/data/dataset.hpp"
#include "scalar/spec/gradient_boosted_trees.hpp"

namespace scalar::inline v0::backend::trees {

/// A forest without trees that fits spec and data: features, outputs, link, bases of 0.
///
/// Errors: `Errc::invalid_argument` for no rows, no features, no targets, targets of the wrong kind, one class only or
/// weights that are all 0; `Errc::too_large` for more rows than 32 bits number.
Forest empty_forest(const GradientBoostedTrees& spec, const Dataset& data);

}  // namespace scalar::inline v0::backend::trees
