// Logistic and softmax regression by L-BFGS.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "backend/native/linear/lbfgs.hpp"
#include "backend/native/linear/logistic_objective.hpp"
#include "backend/native/linear/moments.hpp"
#include "backend/native/peers.hpp"
#include "backend/native/rows.hpp"
#include "core/fail.hpp"
#include "scalar/backend/native/native.hpp"

namespace scalar::inline v0::backend {
namespace native {
namespace {

/// Rounds of sums: the means, then the squares, then one evaluation of the objective per round.
///
/// The search runs in variables u with `b_kj = s_j u_kj` and `b0_k = s_0 u_k0 - sum_j b_kj mean_j`, in which the
/// Hessian at zero has a unit diagonal. Objective and minimum are the same, but raw columns of any scale converge.
class LogisticLearner {
 public:
  using Number = double;
  static constexpr std::string_view round = "iteration";

  /// `start`: the weights and intercepts to begin with; empty: zeros.
  LogisticLearner(const LogisticRegression& spec, Share share, std::int64_t outputs, std::span<const double> start,
                  const ThreadTeam& team, const FitOptions& options)
      : spec_(spec),
        share_(std::move(share)),
        outputs_(outputs),
        columns_(static_cast<std::size_t>(share_.rows.columns())),
        team_(team),
        options_(options),
        start_(start),
        search_(static_cast<std::size_t>(outputs) * (columns_ + 1)) {}

  bool work() {
    check_stop(LogisticRegression::name, options_);
    if (done_) return false;
    sums_ = round_ == 0   ? sums_of(share_, team_)
            : round_ == 1 ? squares_of(share_, means_, team_)
                          : logistic_sums(share_, outputs_, raw(search_.point()), team_);
    return true;
  }
  std::size_t size() const { return sums_.size(); }
  void leaf(int shard, std::span<double> sums) const { sums_.leaf(shard, sums); }
  void absorb(std::span<double> totals) {
    if (round_ < 2) check_sums(LogisticRegression::name, totals);
    if (round_ == 0) {
      weight_ = totals[0];
      means_ = means_of(totals);
    } else if (round_ == 1) {
      set_scales(totals);
      if (!start_.empty()) search_.start_at(scaled(start_));
    } else {
      advance(totals);
    }
    ++round_;
  }

  std::optional<FitProgress> ended_round() { return std::exchange(ended_, std::nullopt); }
  LinearParameters parameters() const {
    return {.features = share_.rows.columns(),
            .outputs = outputs_,
            .link = outputs_ == 1 ? Link::logistic : Link::softmax,
            .values = raw(search_.best())};
  }

  void write(std::vector<std::byte>& out) const {
    write_state(out, done_, round_, weight_, intercept_scale_, means_, scales_);
    search_.write(out);
  }
  void read(std::span<const std::byte> in) {
    read_state(in, done_, round_, weight_, intercept_scale_, means_, scales_);
    search_.read(in);
  }

 private:
  std::size_t outputs() const { return static_cast<std::size_t>(outputs_); }
  std::size_t intercept(std::size_t k) const { return outputs() * columns_ + k; }

  void set_scales(std::span<const double> squares) {
    const double classes = outputs_ == 1 ? 2 : static_cast<double>(outputs_), curvature = (1 - 1 / classes) / classes;
    intercept_scale_ = 1 / std::sqrt(curvature * weight_);
    scales_.resize(columns_);
    for (std::size_t j = 0; j < columns_; ++j) {
      const double diagonal = curvature * squares[j] + spec_.l2;
      scales_[j] = diagonal > 0 ? 1 / std::sqrt(diagonal) : 0;  // 0: the data say nothing about a constant column
    }
  }

  /// From the variables of the search to weights and intercepts.
  std::vector<double> raw(std::span<const double> u) const {
    std::vector<double> values(u.size());
    for (std::size_t k = 0; k < outputs(); ++k) {
      double constant = intercept_scale_ * u[intercept(k)];
      for (std::size_t j = 0; j < columns_; ++j) {
        const double b = scales_[j] * u[k * columns_ + j];
        values[k * columns_ + j] = b;
        constant -= b * means_[j + 1];
      }
      values[intercept(k)] = constant;
    }
    return values;
  }

  /// The inverse of `raw`. The weight of a constant column moves into the intercept.
  std::vector<double> scaled(std::span<const double> values) const {
    std::vector<double> u(values.size());
    for (std::size_t k = 0; k < outputs(); ++k) {
      double constant = values[intercept(k)];
      for (std::size_t j = 0; j < columns_; ++j) {
        const double b = values[k * columns_ + j];
        if (scales_[j] > 0) u[k * columns_ + j] = b / scales_[j];
        constant += b * means_[j + 1];
      }
      u[intercept(k)] = constant / intercept_scale_;
    }
    return u;
  }

  /// Completes the objective and its gradient, and passes them to the search in the search's variables.
  void advance(std::span<double> sums) {
    const std::vector<double> b = raw(search_.point());
    double value = sums[0];
    const std::span<double> gradient = sums.subspan(1);
    for (std::size_t i = 0; i < outputs() * columns_; ++i) {
      value += 0.5 * spec_.l2 * (b[i] * b[i]);
      gradient[i] += spec_.l2 * b[i];
    }
    double largest = 0;
    for (const double g : gradient) largest = (std::max)(largest, std::abs(g));
    for (std::size_t k = 0; k < outputs(); ++k) {
      for (std::size_t j = 0; j < columns_; ++j)
        gradient[k * columns_ + j] = scales_[j] * (gradient[k * columns_ + j] - means_[j + 1] * gradient[intercept(k)]);
      gradient[intercept(k)] *= intercept_scale_;
    }
    const Lbfgs::State state = search_.advance(value, gradient);
    if (state == Lbfgs::State::trying) return;
    // The tolerance is per row; the number of rows is the sum of their weights, which all peers know.
    done_ = state == Lbfgs::State::stuck || largest <= spec_.tolerance * weight_ ||
            search_.iterations() >= spec_.max_iterations;
    if (search_.iterations() > 0)
      ended_ = {.what = round,
                .done = search_.iterations(),
                .total = done_ ? search_.iterations() : spec_.max_iterations,
                .objective = search_.value()};
  }

  const LogisticRegression& spec_;
  Share share_;
  std::int64_t outputs_;
  std::size_t columns_;
  ThreadTeam team_;
  const FitOptions& options_;
  std::span<const double> start_;
  bool done_ = false;
  int round_ = 0;
  std::optional<FitProgress> ended_{};
  double weight_ = 0, intercept_scale_ = 1;
  ShardSums sums_{};
  std::vector<double> means_{}, scales_{};
  Lbfgs search_;
};

/// The weights in the options to go on from; none if there are none.
/// Errors: `Errc::invalid_argument` for those of another shape or link.
std::vector<double> initial_weights(const FitOptions& options, std::int64_t features, std::int64_t outputs) {
  if (options.initial.empty()) return {};
  LinearParameters initial;
  from_bytes(options.initial, initial);
  const Link link = outputs == 1 ? Link::logistic : Link::softmax;
  if (initial.link != link || initial.features != features || initial.outputs != outputs)
    fail(Errc::invalid_argument, LogisticRegression::name,
         "the model to go on from has {} features and {} margins{}, here are {} and {}", initial.features,
         initial.outputs, initial.link == link ? "" : " with another link", features, outputs);
  return std::move(initial.values);
}

}  // namespace
}  // namespace native

Support Native::supports(const LogisticRegression&, int) const { return {}; }

LinearParameters Native::fit(const LogisticRegression& spec, const Dataset& data, const FitOptions& options,
                             const Runtime& runtime) const {
  using namespace native;
  const bool has_one_margin = data.classes().size() <= 2;
  const FitAbilities able{
      .validation = true, .rounds = true, .initial = true, .offsets = has_one_margin, .checkpoint = true};
  return fit_with(spec, data, options, runtime, usual_shards, able, [&](const Dataset& contiguous, int shards) {
    const std::int64_t classes = checked_classes(LogisticRegression::name, contiguous);
    const std::int64_t outputs = has_one_margin ? 1 : classes;
    const auto make = [&, shards, outputs, rows = rows_of(contiguous),
                       start = initial_weights(options, contiguous.columns(), outputs)](bool, bsp::ShardRange mine,
                                                                                        const ThreadTeam& team) {
      return LogisticLearner(spec, share_of(rows, mine, shards), outputs, start, team, options);
    };
    const Loss loss = has_one_margin ? Loss::logistic : Loss::softmax;
    return Prepared{Validation(LogisticRegression::name, loss, outputs, data, options.validation), make};
  });
}

}  // namespace scalar::inline v0::backend
