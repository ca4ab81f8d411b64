#include "backend/native/linear/moments.hpp"

#include <algorithm>
#include <cmath>

#include "backend/native/kernels/aligned_vector.hpp"
#include "backend/native/kernels/kernels.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::backend::native {
namespace {

/// Rows `sqrt(w) [x - mean, y - mean y, 1]` as panel `panel` of `[panels][count][8]`; columns past the last are zero.
void center(const Rows& rows, std::span<const double> means, std::int64_t panel, double* packed) {
  const std::int64_t columns = rows.columns(), count = rows.count();
  double* to = packed + panel * count * 8;
  const std::int64_t first = panel * 8, whole = std::clamp(columns - first, std::int64_t{0}, std::int64_t{8});
  const double* mean = means.data() + 1 + first;
  for (std::int64_t i = 0; i < count; ++i, to += 8) {
    const float* from = rows.features.data + i * rows.features.stride + first;
    const double root = rows.weights.empty() ? 1.0 : std::sqrt(rows.weight(i));
    for (std::int64_t j = 0; j < whole; ++j) to[j] = root * (static_cast<double>(from[j]) - mean[j]);
    for (std::int64_t j = whole; j < 8; ++j) {
      const std::int64_t column = first + j;
      to[j] = column == columns ? root * (rows.target(i) - means[0]) : column == columns + 1 ? root : 0.0;
    }
  }
}

}  // namespace

ShardSums sums_of(const Share& share, const ThreadTeam& team) {
  const auto size = static_cast<std::size_t>(share.rows.columns()) + 2;
  return ShardSums(team, share, size, [&](const Rows& piece, double* sums) {
    const std::int64_t count = piece.count();
    std::vector<double> weights(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) {
      weights[static_cast<std::size_t>(i)] = piece.weight(i);
      sums[0] += piece.weight(i);
      sums[1] += piece.weight(i) * piece.target(i);
    }
    kernels().add_rows(piece.features.data, count, piece.columns(), piece.features.stride, weights.data(), sums + 2);
  });
}

void check_sums(std::string_view spec, std::span<const double> totals) {
  if (std::all_of(totals.begin(), totals.end(), [](double sum) { return std::isfinite(sum); })) return;
  fail(Errc::out_of_range, spec, "targets, weights or features are too large: their sums are no finite float64");
}

std::vector<double> means_of(std::span<const double> sums) {
  std::vector<double> means(sums.begin() + 1, sums.end());
  for (double& mean : means) mean /= sums[0];
  return means;
}

ShardSums squares_of(const Share& share, std::span<const double> means, const ThreadTeam& team) {
  const auto columns = static_cast<std::size_t>(share.rows.columns());
  return ShardSums(team, share, columns, [&](const Rows& piece, double* sums) {
    for (std::int64_t i = 0; i < piece.count(); ++i) {
      const float* x = piece.features.data + i * piece.features.stride;
      const double weight = piece.weight(i);
      for (std::size_t j = 0; j < columns; ++j) {
        const double centered = static_cast<double>(x[j]) - means[j + 1];
        sums[j] += weight * (centered * centered);
      }
    }
  });
}

void Gram::sum(const Rows& rows, std::span<const double> means, const ThreadTeam& team,
               std::span<double> values) const {
  std::fill(values.begin(), values.end(), 0.0);
  // Blocks of rows are small enough to stay in the cache; within a block, each thread owns columns of the result.
  const std::int64_t each = std::clamp((std::int64_t{8} << 20) / (panels_ * 64), std::int64_t{256}, std::int64_t{8192});
  AlignedVector<double> packed(static_cast<std::size_t>((std::min)(each, rows.count()) * panels_ * 8));
  for (std::int64_t first = 0; first < rows.count(); first += each) {
    const Rows block = rows.slice(first, (std::min)(each, rows.count() - first));
    team.for_pieces(panels_, 1, [&](std::int64_t panel, std::int64_t) { center(block, means, panel, packed.data()); });
    team.for_pieces(panels_, 1, [&](std::int64_t panel, std::int64_t) {
      kernels().gram(packed.data(), panels_, block.count(), panel, values.data() + start(panel));
    });
  }
}

void Gram::pack(std::span<const double> square, std::span<double> values) const {
  std::fill(values.begin(), values.end(), 0.0);
  for (std::int64_t j = 0; j < size_; ++j)
    for (std::int64_t i = j; i < size_; ++i) values[at(i, j)] = square[static_cast<std::size_t>(i * size_ + j)];
}

}  // namespace scalar::inline v0::backend::native
