#pragma once
/// Turns data sets into LightGBM's.
#include <string>

#include "backend/boosting_start.hpp"
#include "backend/lightgbm/library.hpp"
#include "scalar/backend/backend.hpp"
#include "scalar/core/range.hpp"
#include "scalar/data/dataset.hpp"

namespace scalar::inline v0::backend::lightgbm {

/// The rows that a peer learns from.
struct Part {
  const Dataset& data;   ///< all rows, contiguous
  Range rows{};          ///< the peer's own
  bool reports = false;  ///< whether the peer calls `FitOptions::progress`
};

/// Makes LightGBM's binned form of a part of the rows, with targets, weights and first margins, batch by batch, so that
/// a fit can be stopped and can report progress before the first tree. Bins are chosen by a sample of all rows, so
/// peers with different parts choose the same.
///
/// Errors: `Errc::invalid_argument`, naming the row and the column, for an infinite feature; `Errc::out_of_range` for a
/// target or a weight beyond float32; `Errc::canceled`; and what `options.progress` throws.
void make_dataset(const Library& library, const Part& part, const BoostingStart& start, const std::string& parameters,
                  const FitOptions& options, Owned& dataset);

}  // namespace scalar::inline v0::backend::lightgbm
