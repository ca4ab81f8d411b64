#pragma once
/// The rows a peer learns from, the threads it may use, and what every learner checks first.
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "scalar/backend/backend.hpp"
#include "scalar/bsp/collectives/shards.hpp"
#include "scalar/core/parallel.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/core/tensor.hpp"
#include "scalar/data/dataset.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0::backend::native {

/// Rows in memory with their targets; `weights` is empty if all are 1, `offsets` if there are none.
struct Rows {
  FloatMatrix features{};
  std::span<const double> targets{};
  std::span<const double> weights{};
  std::span<const double> offsets{};

  std::int64_t count() const { return features.rows; }
  std::int64_t columns() const { return features.columns; }
  const double* weights_or_null() const { return weights.empty() ? nullptr : weights.data(); }
  double target(std::int64_t i) const { return targets[static_cast<std::size_t>(i)]; }
  double weight(std::int64_t i) const { return weights.empty() ? 1.0 : weights[static_cast<std::size_t>(i)]; }
  double offset(std::int64_t i) const { return offsets.empty() ? 0.0 : offsets[static_cast<std::size_t>(i)]; }
  Rows slice(std::int64_t first, std::int64_t count) const;
};

Rows rows_of(const Dataset& contiguous);

/// The rows of one peer: some of the shards that all rows are cut into. The sizes of shards differ by at most one row,
/// and shards may be empty.
struct Share {
  Rows rows{};
  std::vector<std::int64_t> begin{};  ///< begin of each shard within `rows`, and the end of the last one
  std::int64_t all = 0;               ///< number of rows of all peers

  int shards() const { return static_cast<int>(begin.size()) - 1; }
  Rows shard(int i) const {
    const auto at = static_cast<std::size_t>(i);
    return rows.slice(begin[at], begin[at + 1] - begin[at]);
  }
};

/// The rows of the shards `mine`, when all rows are cut into `shards` shards.
Share share_of(const Rows& all, bsp::ShardRange mine, int shards);

/// The number of shards of a fit: the number in the options if it is set, else the larger of `otherwise` and `peers`.
/// Errors: `Errc::invalid_argument` for impossible numbers, and for more peers than shards.
int shards_of(std::string_view spec, const FitOptions& options, int otherwise);

inline constexpr int usual_shards = 16;

/// The threads of one peer. With at least as many peers as threads, each peer works on its own thread alone.
class ThreadTeam {
 public:
  ThreadTeam(const Runtime& runtime, int peers) : runtime_(runtime), alone_(peers >= runtime.threads()) {}

  int threads() const { return alone_ ? 1 : runtime_.threads(); }
  const Runtime& runtime() const { return runtime_; }
  /// As `parallel_for`.
  void for_pieces(std::int64_t count, std::int64_t grain,
                  FunctionRef<void(std::int64_t begin, std::int64_t end)> body) const;

 private:
  Runtime runtime_;
  bool alone_;
};

/// Sums of `size` numbers over the rows of each shard. How rows are cut and in which order parts are added depends
/// neither on threads nor on peers, and so the bits do not either.
class ShardSums {
 public:
  ShardSums() = default;
  /// `body(piece, sums)` adds the terms of some of the rows to `sums`, which are zero before.
  ShardSums(const ThreadTeam& team, const Share& share, std::size_t size,
            FunctionRef<void(const Rows& piece, double* sums)> body);

  std::size_t size() const { return size_; }
  void leaf(int shard, std::span<double> sums) const;

 private:
  std::size_t size_ = 0;
  std::vector<std::size_t> first_{};  // first piece of each shard, and the end
  std::vector<double> partial_{};     // sums of each piece
};

/// Checks that a dataset has rows, features, targets, and only finite features; returns the same rows in one block.
/// Errors: `Errc::invalid_argument`, naming the row and the feature.
Dataset checked(std::string_view spec, const Dataset& data, const Runtime& runtime);
/// Checks that all features are finite. Errors: `Errc::invalid_argument`, naming the row and the feature.
void check_finite(std::string_view spec, const Dataset& contiguous, const Runtime& runtime);
/// The rows that are learned: with the squared loss, the offsets are subtracted from the targets.
Dataset learned_rows(const Dataset& data, Loss loss);
/// Checks that targets are class indices, and that at least two classes occur.
/// Returns the number of classes. Errors: `Errc::invalid_argument`.
std::int64_t checked_classes(std::string_view spec, const Dataset& contiguous);

/// Throws `Errc::canceled` once a stop is requested.
void check_stop(std::string_view spec, const FitOptions& options);

}  // namespace scalar::inline v0::backend::native
