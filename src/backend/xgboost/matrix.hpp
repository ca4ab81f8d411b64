#pragma once
/// A data set in XGBoost's form.
#include <cstdint>
#include <span>
#include <vector>

#include "backend/xgboost/library.hpp"
#include "scalar/backend/backend.hpp"
#include "scalar/data/dataset.hpp"

namespace scalar::inline v0::backend::xgboost {

/// Makes a matrix of binned features with the weights of the rows, batch by batch, so that a fit can be stopped and
/// tell its progress before the first tree: XGBoost reads the batches several times. Its cuts, and so its trees, are
/// those of a matrix made at once. `data` is contiguous.
///
/// Errors: `Errc::invalid_argument` naming row and column for an infinite feature, `Errc::out_of_range` for a weight
/// beyond float32, `Errc::canceled`, and what `options.progress` throws.
void make_matrix(const Library& library, const Dataset& data, int bins, int threads, const FitOptions& options,
                 Owned& matrix);

/// Hands over labels, less their mean, or weights: XGBoost keeps them as float32. `first_row` is where `numbers` begin.
/// Errors: `Errc::out_of_range` naming the row.
void set_floats(const Library& library, Handle matrix, const char* field, std::span<const double> numbers,
                double mean = 0, std::int64_t first_row = 0);

/// Hands over the first margins, one of each output, the same for every row.
void set_margins(const Library& library, Handle matrix, const std::vector<double>& first, std::int64_t rows);

}  // namespace scalar::inline v0::backend::xgboost
