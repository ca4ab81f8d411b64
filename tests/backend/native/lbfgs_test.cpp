#include "backend/native/linear/lbfgs.hpp"

#include <cmath>

#include "support/catch.hpp"

using scalar::backend::native::Lbfgs;

namespace {

/// Minimizes until the gradient is below `tolerance` or the search is stuck; returns the number of evaluations.
template <class F>
int minimize(Lbfgs& search, std::size_t size, double tolerance, F f) {
  std::vector<double> gradient(size);
  for (int evaluations = 1; evaluations < 100000; ++evaluations) {
    const double value = f(search.point(), gradient);
    const Lbfgs::State state = search.advance(value, gradient);
    double largest = 0;
    for (const double g : gradient) largest = (std::max)(largest, std::abs(g));
    if (state == Lbfgs::State::stuck || (state == Lbfgs::State::accepted && largest <= tolerance)) return evaluations;
  }
  return 100000;
}

}  // namespace

TEST_CASE("Rosenbrock's valley is left in few evaluations") {
  // Minimum (1, ..., 1); Rosenbrock, "An automatic method for finding the greatest or least value of a function", 1960.
  constexpr std::size_t n = 10;
  Lbfgs search(n);
  const int evaluations = minimize(search, n, 1e-10, [](std::span<const double> x, std::span<double> g) {
    double sum = 0;
    for (double& value : g) value = 0;
    for (std::size_t i = 0; i + 1 < n; ++i) {
      const double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
      sum += 100 * a * a + b * b;
      g[i] += -400 * x[i] * a - 2 * b;
      g[i + 1] += 200 * a;
    }
    return sum;
  });
  CHECK(evaluations < 300);
  for (const double x : search.best()) CHECK(x == Approx(1).epsilon(1e-8));
}

TEST_CASE("an ill-conditioned quadratic whose value hides in rounding is solved, and the search ends by itself") {
  constexpr std::size_t n = 20;
  Lbfgs search(n);
  // The constant swallows the last digits of the value: only slopes can guide the last steps.
  const int evaluations = minimize(search, n, 0, [](std::span<const double> x, std::span<double> g) {
    double sum = 1e6;
    for (std::size_t i = 0; i < n; ++i) {
      const double curvature = std::pow(10.0, static_cast<double>(i % 5)), off = x[i] - static_cast<double>(i);
      sum += 0.5 * curvature * off * off;
      g[i] = curvature * off;
    }
    return sum;
  });
  CHECK(evaluations < 1000);
  for (std::size_t i = 0; i < n; ++i) CHECK(std::abs(search.best()[i] - static_cast<double>(i)) < 1e-8);
}

TEST_CASE("values that are not finite are stepped back from") {
  Lbfgs search(1);
  // -log(3 - x) - log(x + 3) + 2x: infinite from 3 on.
  minimize(search, 1, 1e-12, [](std::span<const double> x, std::span<double> g) {
    g[0] = 1 / (3 - x[0]) - 1 / (x[0] + 3) + 2;
    return -std::log(3 - x[0]) - std::log(x[0] + 3) + 2 * x[0];
  });
  const double x = search.best()[0];
  CHECK(std::abs(1 / (3 - x) - 1 / (x + 3) + 2) < 1e-9);
}
