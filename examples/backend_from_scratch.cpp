// A backend of your own: gradient descent for one of Scalar's specs, chosen by name like any other backend.
#include <cmath>
#include <cstdio>
#include <scalar/backend/check_fit_options.hpp>
#include <scalar/backend/erase.hpp>
#include <scalar/backend/rounds.hpp>
#include <scalar/scalar.hpp>

namespace mine {

/// Learns ridge regression by gradient descent. The encoder has scaled the columns, so one step length suits all.
class GradientDescent {
 public:
  std::string_view name() const { return "gradient_descent"; }

  /// Every reason why this backend cannot learn the spec, or none.
  scalar::Support supports(const scalar::LinearRegression&, int peers = 1) const {
    if (peers > 1) return {{"gradient_descent learns with one peer, asked for " + std::to_string(peers)}};
    return {};
  }

  /// Returns the canonical parameters of the spec, with the meaning that the spec's header defines.
  scalar::LinearParameters fit(const scalar::LinearRegression& spec, const scalar::Dataset& data,
                               const scalar::FitOptions& options = {}, const scalar::Runtime& = {}) const {
    scalar::validate(spec);
    // No validation rows, no model to go on from, no offsets, no checkpoints: who asks for them is told.
    scalar::backend::check_fit_options(name(), scalar::LinearRegression::name, data, options, {});
    if (options.transport != nullptr)
      throw scalar::Error(scalar::Errc::unsupported, "learns in one process", std::string(name()));
    scalar::LinearParameters result{.features = data.columns(), .outputs = 1};
    result.values.resize(std::size_t(data.columns()) + 1);  // weights, then the intercept
    std::vector<double> gradient(result.values.size());
    scalar::backend::Rounds rounds(options);
    double total = 0;
    for (std::int64_t i = 0; i < data.rows(); ++i) total += data.weight(i);
    for (int step = 0; step < steps; ++step) {
      if (options.stop.stop_requested())
        throw scalar::Error(scalar::Errc::canceled, "stopped before step " + std::to_string(step), std::string(name()));
      const double squares = add_gradient(spec, data, result, gradient);
      for (std::size_t j = 0; j < gradient.size(); ++j)
        result.values[j] -= 0.5 * gradient[j] / (total * double(data.columns()));
      if (!std::isfinite(squares)) throw scalar::Error(scalar::Errc::failed, "diverged", std::string(name()));
      rounds.report({.what = "step", .done = step + 1, .total = steps, .objective = squares});
    }
    return result;
  }

 private:
  static constexpr int steps = 300;

  /// The gradient of the spec's objective at `at`, halved. Returns the sum of squares.
  static double add_gradient(const scalar::LinearRegression& spec, const scalar::Dataset& data,
                             const scalar::LinearParameters& at, std::vector<double>& gradient) {
    const std::span<const double> weights = at.weights();
    for (std::size_t j = 0; j < weights.size(); ++j) gradient[j] = spec.l2 * weights[j];
    gradient.back() = 0;
    double squares = 0;
    for (std::int64_t i = 0; i < data.rows(); ++i) {
      const std::span<const float> row = data.row(i);
      double error = at.intercepts()[0] - data.target(i);
      for (std::size_t j = 0; j < row.size(); ++j) error += weights[j] * row[j];
      for (std::size_t j = 0; j < row.size(); ++j) gradient[j] += data.weight(i) * error * row[j];
      gradient.back() += data.weight(i) * error;
      squares += data.weight(i) * error * error;
    }
    return squares;
  }
};

/// Registers the backend under its name, before main. In a separate library this needs the linker flag of
/// docs/backends.md.
scalar::backend::Adapter adapter{"gradient_descent", [](const scalar::backend::BackendOptions&) {
                                   return scalar::backend::erase(GradientDescent{});
                                 }};
const bool entered = scalar::backend::enter(adapter);

}  // namespace mine

int main(int argc, char** argv) {
  using namespace scalar;
  const Table table = data::read_csv(argc > 1 ? argv[1] : "examples/data/randhie.csv", {.label = "mdvis"});
  const auto [train, test] = table.split({.seed = 7});
  double rmse[2];
  for (int i = 0; i < 2; ++i) {
    const Trainer trainer{LinearRegression{}, i == 0 ? "native" : "gradient_descent"};
    rmse[i] = metrics::rmse(trainer.fit(train), test);
  }
  std::printf("gradient_descent learns what native learns: %s\n", std::abs(rmse[0] - rmse[1]) < 1e-3 ? "yes" : "no");
  try {
    Trainer{LinearRegression{}, "gradient_descent"}.fit(train, {.peers = 2});
  } catch (const Error& error) {
    std::printf("%s\n", std::string(error.message()).c_str());
  }
  Trainer{LinearRegression{}, mine::GradientDescent{}}.fit(train);  // or as a type, checked by the compiler
}
