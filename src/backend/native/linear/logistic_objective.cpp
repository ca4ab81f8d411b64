#include "backend/native/linear/logistic_objective.hpp"

#include <algorithm>

#include "backend/native/kernels/aligned_vector.hpp"
#include "backend/native/kernels/kernels.hpp"

namespace scalar::inline v0::backend::native {
namespace {

/// Rows per block: few enough that what was read for the margins is still in the cache for the gradient.
std::int64_t block_rows(std::int64_t columns) {
  return std::clamp((std::int64_t{1} << 16) / columns, std::int64_t{8}, std::int64_t{64});
}

ShardSums two_classes(const Share& share, std::span<const double> parameters, const ThreadTeam& team) {
  const std::int64_t columns = share.rows.columns(), each = block_rows(columns);
  const auto size = static_cast<std::size_t>(columns) + 2;
  return ShardSums(team, share, size, [&](const Rows& piece, double* sums) {
    std::vector<double> z(static_cast<std::size_t>(each));
    for (std::int64_t at = 0; at < piece.count(); at += each) {
      const Rows block = piece.slice(at, (std::min)(each, piece.count() - at));
      const FloatMatrix x = block.features;
      kernels().margins(x.data, x.rows, columns, x.stride, parameters.data(), parameters.back(), z.data());
      for (std::int64_t i = 0; !block.offsets.empty() && i < x.rows; ++i)
        z[static_cast<std::size_t>(i)] += block.offset(i);
      sums[0] += kernels().logistic(z.data(), block.targets.data(), block.weights_or_null(), x.rows);
      kernels().add_rows(x.data, x.rows, columns, x.stride, z.data(), sums + 1);
      for (std::int64_t i = 0; i < x.rows; ++i) sums[columns + 1] += z[static_cast<std::size_t>(i)];
    }
  });
}

/// Softmax by matrix products over panels of 8 classes.
class SoftmaxSums {
 public:
  SoftmaxSums(std::int64_t columns, std::int64_t classes, std::span<const double> parameters)
      : columns_(columns), classes_(classes), panels_((classes + 7) / 8) {
    // The padding past the last class has margins so low that its probability is zero.
    weights_.resize(static_cast<std::size_t>(panels_ * columns * 8));
    intercepts_.assign(static_cast<std::size_t>(panels_ * 8), -1e30);
    for (std::int64_t k = 0; k < classes; ++k) {
      intercepts_[static_cast<std::size_t>(k)] = parameters[static_cast<std::size_t>(classes * columns + k)];
      for (std::int64_t j = 0; j < columns; ++j)
        weights_[panel_index(k, j)] = parameters[static_cast<std::size_t>(k * columns + j)];
    }
  }

  void add(const Rows& rows, double* sums) const {
    const std::int64_t each = block_rows(columns_);
    AlignedVector<double> x(static_cast<std::size_t>(each * columns_)), z(static_cast<std::size_t>(panels_ * each * 8));
    AlignedVector<double> gradient(weights_.size()), intercepts(intercepts_.size());
    for (std::int64_t first = 0; first < rows.count(); first += each) {
      const Rows block = rows.slice(first, (std::min)(each, rows.count() - first));
      const std::int64_t count = block.count();
      for (std::int64_t i = 0; i < count; ++i)
        std::copy_n(block.features.data + i * block.features.stride, columns_, x.data() + i * columns_);
      kernels().multiply_double({.rows = count,
                                 .panels = panels_,
                                 .depth = columns_,
                                 .a = x.data(),
                                 .a_row = columns_,
                                 .a_depth = 1,
                                 .b = weights_.data(),
                                 .b_panel = columns_ * 8,
                                 .c = z.data(),
                                 .c_row = 8,
                                 .c_panel = count * 8,
                                 .start = intercepts_.data()});
      sums[0] += kernels().softmax(z.data(), panels_, count, count * 8, block.targets.data(), block.weights_or_null());
      kernels().multiply_double({.rows = columns_,
                                 .panels = panels_,
                                 .depth = count,
                                 .a = x.data(),
                                 .a_row = 1,
                                 .a_depth = columns_,
                                 .b = z.data(),
                                 .b_panel = count * 8,
                                 .c = gradient.data(),
                                 .c_row = 8,
                                 .c_panel = columns_ * 8,
                                 .add = true});
      for (std::int64_t p = 0; p < panels_; ++p)
        for (std::int64_t i = 0; i < count; ++i)
          for (std::int64_t k = 0; k < 8; ++k)
            intercepts[static_cast<std::size_t>(p * 8 + k)] += z[static_cast<std::size_t>((p * count + i) * 8 + k)];
    }
    for (std::int64_t k = 0; k < classes_; ++k) {
      for (std::int64_t j = 0; j < columns_; ++j) sums[1 + k * columns_ + j] += gradient[panel_index(k, j)];
      sums[1 + classes_ * columns_ + k] += intercepts[static_cast<std::size_t>(k)];
    }
  }

 private:
  std::size_t panel_index(std::int64_t k, std::int64_t j) const {
    return static_cast<std::size_t>((k / 8 * columns_ + j) * 8 + k % 8);
  }
  std::int64_t columns_, classes_, panels_;
  AlignedVector<double> weights_{}, intercepts_{};
};

}  // namespace

ShardSums logistic_sums(const Share& share, std::int64_t outputs, std::span<const double> parameters,
                        const ThreadTeam& team) {
  if (outputs == 1) return two_classes(share, parameters, team);
  const SoftmaxSums softmax(share.rows.columns(), outputs, parameters);
  return ShardSums(team, share, parameters.size() + 1,
                   [&](const Rows& piece, double* sums) { softmax.add(piece, sums); });
}

}  // namespace scalar::inline v0::backend::native
