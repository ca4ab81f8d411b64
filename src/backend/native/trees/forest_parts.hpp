#pragma once
/// Parts of forests, and the sums of their leaves.
#include <cstdint>
#include <vector>

#include "backend/native/rows.hpp"
#include "scalar/core/tensor.hpp"
#include "scalar/spec/forest.hpp"

namespace scalar::inline v0::backend::trees {

/// The trees `[first, last)` of a forest alone, without base and start.
Forest some_trees(const Forest& forest, std::int64_t first, std::int64_t last);

/// Removes all trees from tree `trees` on.
void cut(Forest& forest, std::int64_t trees);

/// Adds the trees of `from`, a forest without sets of categories, behind those of `to`.
void append(Forest& to, const Forest& from);

/// The sums of leaves, start included and base not, `[rows, outputs]`.
std::vector<double> sums_of(const Forest& forest, FloatMatrix rows, const native::ThreadTeam& team);

}  // namespace scalar::inline v0::backend::trees
