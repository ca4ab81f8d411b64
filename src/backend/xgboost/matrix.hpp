#pragma once
/// Turns data sets into XGBoost's matrices.
#include <cstdint>
#include <span>
#include <vector>

#include "backend/xgboost/library.hpp"
#include "scalar/backend/backend.hpp"
#include "scalar/data/dataset.hpp"
#include "scalar/spec/gradient_boosted_trees.hpp"

namespace scalar::inline v0::backend::xgboost {

/// Makes a matrix of binned features with the weights of the rows, batch by batch, so that a fit can be stopped and can
/// report progress before the first tree: XGBoost reads the batches several times. The cuts, and so the trees, are the
/// same as with a matrix made at once. `data` must be contiguous. Its columns of categories are split as the spec says.
///
/// Errors: `Errc::invalid_argument`, naming the row and the column, for an infinite feature; `Errc::out_of_range` for a
/// weight beyond float32; `Errc::canceled`; and what `options.progress` throws.
void make_matrix(const Library& library, const Dataset& data, const GradientBoostedTrees& spec, int threads,
                 const FitOptions& options, Owned& matrix);

/// Tells XGBoost which columns of a matrix are categories that are split by sets; nothing if none are.
void set_feature_types(const Library& library, Handle matrix, const Dataset& data, const GradientBoostedTrees& spec);

/// Passes labels, less their mean, or weights to XGBoost, which keeps them as float32. `first_row` is the row of the
/// first number. Errors: `Errc::out_of_range`, naming the row.
void set_floats(const Library& library, Handle matrix, const char* field, std::span<const double> numbers,
                double mean = 0, std::int64_t first_row = 0);

/// Passes the first margins of the rows to XGBoost, `[rows, outputs]`.
/// Errors: `Errc::out_of_range`, naming the row, for one beyond float32.
void set_margins(const Library& library, Handle matrix, std::span<const double> margins, std::int64_t outputs);

}  // namespace scalar::inline v0::backend::xgboost
