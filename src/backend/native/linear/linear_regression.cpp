// Ridge regression from the Gram matrix of the centered data.
#include <Eigen/Cholesky>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "backend/native/linear/moments.hpp"
#include "backend/native/peers.hpp"
#include "backend/native/rows.hpp"
#include "core/fail.hpp"
#include "scalar/backend/native/native.hpp"

namespace scalar::inline v0::backend {
namespace native {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// The solution of least norm of `S G S u = S c, b = S u`, where `G = M M'` has fewer independent columns than columns.
///
/// Cholesky with diagonal pivots gives M (Higham, "Analysis of the Cholesky decomposition of a semi-definite matrix",
/// 1990); with `M = Q R`, `b = Q R'^-1 R^-1 Q' c`.
VectorXd least_norm(MatrixXd scaled, const VectorXd& scale, const VectorXd& right, double tolerance) {
  const Index n = scaled.rows();
  MatrixXd factor = MatrixXd::Zero(n, n);
  VectorXd rest = scaled.diagonal();
  Index rank = 0;
  for (; rank < n; ++rank) {
    Index pivot = 0;
    if (!(rest.maxCoeff(&pivot) > tolerance)) break;
    VectorXd column = scaled.col(pivot);
    column.noalias() -= factor.leftCols(rank) * factor.row(pivot).head(rank).transpose();
    factor.col(rank) = column / std::sqrt(rest[pivot]);
    rest -= factor.col(rank).cwiseAbs2();
    rest[pivot] = 0;
  }
  if (rank == 0) return VectorXd::Zero(n);
  const MatrixXd m = scale.cwiseInverse().asDiagonal() * factor.leftCols(rank);
  const Eigen::HouseholderQR<MatrixXd> qr(m);
  const MatrixXd q = qr.householderQ() * MatrixXd::Identity(n, rank);
  const auto r = qr.matrixQR().topRows(rank).triangularView<Eigen::Upper>();
  return q * r.transpose().solve(r.solve(q.transpose() * right));
}

/// Solves `G b = c` for a symmetric positive semidefinite G given by its lower triangle.
VectorXd solve(MatrixXd gram, const VectorXd& right) {
  const Index n = gram.rows();
  // Columns are scaled to unit length: whether columns depend on each other must not depend on their units.
  VectorXd scale(n);
  for (Index j = 0; j < n; ++j) scale[j] = gram(j, j) > 0 ? 1 / std::sqrt(gram(j, j)) : 1;
  for (Index j = 0; j < n; ++j)
    for (Index i = j; i < n; ++i) gram(j, i) = gram(i, j) *= scale[i] * scale[j];
  const double tolerance = 10 * std::numeric_limits<double>::epsilon() * static_cast<double>((std::max)(n, Index{10}));
  const Eigen::LLT<MatrixXd> cholesky(gram);
  if (cholesky.info() == Eigen::Success && cholesky.matrixLLT().diagonal().cwiseAbs2().minCoeff() > tolerance)
    return scale.cwiseProduct(cholesky.solve(scale.cwiseProduct(right)));
  return least_norm(std::move(gram), scale, right, tolerance);
}

/// Two rounds of sums: the means, then the Gram matrix of the rows less the means.
class LinearLearner {
 public:
  using Number = double;
  static constexpr std::string_view round = "iteration";

  LinearLearner(const LinearRegression& spec, Share share, const ThreadTeam& team, const FitOptions& options,
                bool first)
      : spec_(spec),
        share_(std::move(share)),
        team_(team),
        options_(options),
        first_(first),
        gram_(share_.rows.columns()) {}

  bool work() {
    check_stop(LinearRegression::name, options_);
    if (round_ == 0) sums_ = sums_of(share_, team_);
    return round_ < 2;
  }
  std::size_t size() const { return round_ == 0 ? sums_.size() : gram_.size(); }
  void leaf(int shard, std::span<double> sums) const {
    if (round_ == 0) return sums_.leaf(shard, sums);
    gram_.sum(share_.shard(shard), means_, team_, sums);
  }
  void absorb(std::span<const double> totals) {
    check_sums(LinearRegression::name, totals);
    if (round_++ == 0) {
      means_ = means_of(totals);
      return;
    }
    gram_.set(totals);
    // Solving costs more than the sums if there are many features, so only those do it who need the solution.
    if (first_ || !options_.validation.data.empty()) solve_normal_equations();
  }
  std::optional<FitProgress> ended_round() const {
    if (round_ < 2) return {};
    return FitProgress{.what = round, .done = 1, .total = 1, .objective = objective_};
  }
  LinearParameters parameters() const { return parameters_; }
  void write(std::vector<std::byte>&) const {}
  void read(std::span<const std::byte>) {}

 private:
  void solve_normal_equations() {
    const std::int64_t n = share_.rows.columns(), y = n, one = n + 1;
    // Rounding leaves the sums of the centered columns not quite zero; this corrects for them, as in the corrected
    // two-pass algorithm (Chan, Golub, LeVeque, "Algorithms for computing the sample variance", 1983).
    const double weight = gram_(one, one);
    const auto centered = [&](std::int64_t i, std::int64_t j) {
      return gram_(i, j) - gram_(one, i) * gram_(one, j) / weight;
    };
    MatrixXd gram(n, n);
    VectorXd right(n);
    for (Index j = 0; j < n; ++j) {
      for (Index i = j; i < n; ++i) gram(i, j) = centered(i, j);
      right[j] = centered(y, j);
      gram(j, j) += spec_.l2;
    }
    const VectorXd b = solve(std::move(gram), right);
    parameters_ = {.features = n, .outputs = 1, .link = Link::identity};
    parameters_.values.assign(b.data(), b.data() + n);
    double intercept = means_[0] + gram_(one, y) / weight;
    for (std::int64_t j = 0; j < n; ++j)
      intercept -= b[j] * (means_[static_cast<std::size_t>(j) + 1] + gram_(one, j) / weight);
    parameters_.values.push_back(intercept);
    if (first_ && options_.progress) objective_ = (std::max)(objective(b, centered(y, y)), 0.0);
  }

  double objective(const VectorXd& b, double total) const {
    const std::int64_t n = share_.rows.columns();
    double objective = total + spec_.l2 * b.squaredNorm();
    for (Index j = 0; j < n; ++j) {
      objective -= 2 * b[j] * gram_(n, j);
      for (Index i = 0; i < n; ++i) objective += b[i] * b[j] * gram_((std::max)(i, j), (std::min)(i, j));
    }
    return objective;
  }

  const LinearRegression& spec_;
  Share share_;
  ThreadTeam team_;
  const FitOptions& options_;
  bool first_;
  int round_ = 0;
  ShardSums sums_{};
  std::vector<double> means_{};
  Gram gram_;
  LinearParameters parameters_{};
  double objective_ = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace
}  // namespace native

Support Native::supports(const LinearRegression&, int) const { return {}; }

LinearParameters Native::fit(const LinearRegression& spec, const Dataset& data, const FitOptions& options,
                             const Runtime& runtime) const {
  using namespace native;
  const FitAbilities able{.validation = true, .offsets = true};  // one step that has no beginning and no rounds
  const Dataset learned = learned_rows(data, Loss::squared);
  return fit_with(spec, learned, options, runtime, usual_shards, able, [&](const Dataset& contiguous, int shards) {
    if (!contiguous.classes().empty())
      fail(Errc::invalid_argument, LinearRegression::name, "the target is a class, expected a number");
    const auto make = [&, shards, rows = rows_of(contiguous)](bool first, bsp::ShardRange mine,
                                                              const ThreadTeam& team) {
      return LinearLearner(spec, share_of(rows, mine, shards), team, options, first);
    };
    return Prepared{Validation(LinearRegression::name, Loss::squared, 1, data, options.validation), make};
  });
}

}  // namespace scalar::inline v0::backend
