#pragma once
/// The rows a peer learns from, the threads it may use, and what every learner checks first.
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "scalar/backend/backend.hpp"
#include "scalar/core/parallel.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/core/tensor.hpp"
#include "scalar/data/dataset.hpp"

namespace scalar::inline v0::backend::native {

/// Rows in memory with their targets; `weights` is empty where all are 1.
struct Rows {
  FloatMatrix features{};
  std::span<const float> targets{};
  std::span<const float> weights{};

  std::int64_t count() const { return features.rows; }
  std::int64_t columns() const { return features.columns; }
  const float* weights_or_null() const { return weights.empty() ? nullptr : weights.data(); }
  double weight(std::int64_t i) const {
    return weights.empty() ? 1.0 : static_cast<double>(weights[static_cast<std::size_t>(i)]);
  }
  Rows slice(std::int64_t first, std::int64_t count) const;
};

Rows rows_of(const Dataset& contiguous);

/// The piece of peer `rank`: contiguous, together all rows, possibly empty.
Rows share_of(const Rows& rows, int rank, int peers);

/// The threads of one peer. With as many peers as threads each works alone.
class Team {
 public:
  Team(const Runtime& runtime, int peers) : runtime_(runtime), alone_(peers >= runtime.threads()) {}

  int threads() const { return alone_ ? 1 : runtime_.threads(); }
  /// As `parallel_for`.
  void for_pieces(std::int64_t count, std::int64_t grain,
                  FunctionRef<void(std::int64_t begin, std::int64_t end)> body) const;

 private:
  Runtime runtime_;
  bool alone_;
};

/// The sum of `size` numbers over all rows, to which `body(first, count, sums)` adds the part of rows `[first, first +
/// count)`. How rows are cut and in which order parts are added does not depend on the threads, so neither do the bits.
std::vector<double> sum_pieces(const Team& team, std::int64_t rows, std::size_t size,
                               FunctionRef<void(std::int64_t first, std::int64_t count, double* sums)> body);

/// A dataset that has rows, features, targets and only finite features; the same rows in one block.
/// Errors: `Errc::invalid_argument` naming row and feature.
Dataset checked(std::string_view spec, const Dataset& data, const Runtime& runtime);
/// Checks that targets are class indices of at least two classes, two of which occur.
/// Returns the number of classes. Errors: `Errc::invalid_argument`.
std::int64_t checked_classes(std::string_view spec, const Dataset& contiguous);

/// Throws `Errc::cancelled` once asked to stop.
void check_stop(std::string_view spec, const FitOptions& options);

}  // namespace scalar::inline v0::backend::native
