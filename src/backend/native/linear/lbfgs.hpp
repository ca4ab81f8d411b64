#pragma once
/// Lbfgs: minimizes a smooth function whose values are computed elsewhere.
#include <cstddef>
#include <deque>
#include <span>
#include <vector>

namespace scalar::inline v0::backend::native {

/// L-BFGS (Nocedal, Wright, "Numerical Optimization", 2nd ed., algorithm 7.5) that asks for values instead of computing
/// them: evaluate the function and its gradient at `point()`, pass them to `advance`, and repeat.
///
/// Steps satisfy the Wolfe or the approximate Wolfe conditions of Hager and Zhang ("A new conjugate gradient method
/// with guaranteed descent and an efficient line search", 2005, T1 and T2), which still decide by slopes where values
/// no longer differ in double; the bracket follows their rules U0 to U3, with bisection where a secant step shrinks it
/// too little.
class Lbfgs {
 public:
  enum class State {
    trying,    ///< within a line search
    accepted,  ///< `best()` and `gradient()` are a new iterate
    stuck,     ///< no step makes progress in double
  };

  explicit Lbfgs(std::size_t size, std::size_t memory = 10);

  /// Begins at `point` instead of zero; to be called before the first `advance`.
  void start_at(std::span<const double> point) { trial_.assign(point.begin(), point.end()); }

  std::span<const double> point() const { return trial_; }
  State advance(double value, std::span<const double> gradient);

  /// The iterate with the smallest gradient so far.
  std::span<const double> best() const { return best_; }
  double value() const { return value_; }
  int iterations() const { return iterations_; }

  /// All of its state, for going on elsewhere.
  void write(std::vector<std::byte>& out) const;
  void read(std::span<const std::byte>& in);

 private:
  struct Pair {
    std::vector<double> step{}, change{};
    double curvature = 0;
  };
  struct End {
    double at = 0, value = 0, slope = 0;
  };

  bool is_acceptable(const End& end) const;
  bool narrow(const End& end);
  State accept(std::span<const double> gradient, double value);
  State search();
  void remember(std::span<const double> gradient);
  void choose_direction();
  void try_at(double step);

  std::size_t memory_;
  std::vector<double> here_, trial_, gradient_, direction_, best_;
  std::deque<Pair> pairs_{};
  double value_ = 0, slope_ = 0;
  double least_gradient_ = 0, least_value_ = 0;
  int iterations_ = -1, idle_ = 0;

  // The line search: a bracket [low, high] along the direction, and the step being tried.
  End low_{}, high_{};
  bool has_high_ = false, high_is_steep_ = false;
  double step_ = 0, width_ = 0;
  int trials_ = 0;
};

}  // namespace scalar::inline v0::backend::native
