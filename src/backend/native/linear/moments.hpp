#pragma once
/// First and second moments of rows, as sums per shard.
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "backend/native/rows.hpp"

namespace scalar::inline v0::backend::native {

/// `[sum w, sum w y, sum w x_0, ...]`.
ShardSums sums_of(const Share& share, const ThreadTeam& team);

/// Throws `Errc::out_of_range` if sums over the rows of all peers are not finite.
void check_sums(std::string_view spec, std::span<const double> totals);

/// Means from the totals of `sums_of`: `[mean y, mean x_0, ...]`.
std::vector<double> means_of(std::span<const double> sums);

/// `[sum w (x_j - mean_j)^2]`, given means as `means_of` makes them.
ShardSums squares_of(const Share& share, std::span<const double> means, const ThreadTeam& team);

/// The Gram matrix of the rows `sqrt(w) [x - mean, y - mean y, 1]`: its lower triangle by panels of 8 columns; panel j
/// holds the rows from 8 j, each of 8 numbers.
class Gram {
 public:
  explicit Gram(std::int64_t columns) : size_(columns + 2), panels_((size_ + 7) / 8) {}

  std::size_t size() const { return static_cast<std::size_t>(start(panels_)); }
  /// Sets `values` to the matrix of `rows`.
  void sum(const Rows& rows, std::span<const double> means, const ThreadTeam& team, std::span<double> values) const;

  /// Sets `values` to a matrix whose rows follow each other, `[columns + 2, columns + 2]`.
  void pack(std::span<const double> square, std::span<double> values) const;

  void set(std::span<const double> totals) { values_.assign(totals.begin(), totals.end()); }
  /// Element (i, j), for `i >= j`.
  double operator()(std::int64_t i, std::int64_t j) const { return values_[at(i, j)]; }

 private:
  std::size_t at(std::int64_t i, std::int64_t j) const {
    const std::int64_t panel = j / 8;
    return static_cast<std::size_t>(start(panel) + (i - panel * 8) * 8 + j % 8);
  }
  std::int64_t start(std::int64_t panel) const { return 64 * (panel * panels_ - panel * (panel - 1) / 2); }

  std::int64_t size_, panels_;
  std::vector<double> values_{};
};

}  // namespace scalar::inline v0::backend::native
