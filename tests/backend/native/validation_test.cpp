#include "scalar/backend/validation.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "scalar/backend/check_fit_options.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace scalar;
using backend::Validation;
using test::message_of;

namespace {

Dataset rows(std::vector<double> targets, std::vector<std::string> classes, std::vector<double> weights = {},
             std::vector<double> offsets = {}) {
  DatasetParts parts{.columns = 1, .classes = std::move(classes), .offsets = std::move(offsets)};
  parts.features.assign(targets.size(), 1.0f);
  parts.targets = std::move(targets);
  parts.weights = std::move(weights);
  return Dataset(std::move(parts));
}

double value(Loss loss, const Dataset& data, ValidationMetric metric, const std::vector<double>& margins) {
  const auto outputs = static_cast<std::int64_t>(margins.size()) / data.rows();
  return Validation("spec", loss, outputs, data, {.data = data, .metric = metric})
      .value({margins.data(), data.rows(), outputs});
}

}  // namespace

TEST_CASE("metrics of two classes are those of their definitions") {
  const Dataset data = rows({0, 1, 1}, {"no", "yes"}, {1, 2, 1});
  const std::vector<double> margins{-1, 0.5, -2};
  const auto loss = [](double z) { return std::log1p(std::exp(-z)); };
  CHECK(value(Loss::logistic, data, ValidationMetric::loss, margins) ==
        Approx((loss(1) + 2 * loss(0.5) + loss(-2)) / 4).epsilon(1e-14));
  CHECK(value(Loss::logistic, data, ValidationMetric::error, margins) == Approx(0.25));
  CHECK(value(Loss::logistic, data, ValidationMetric::roc_auc, margins) == Approx(2.0 / 3));
  // Softmax of (0, z) is the logistic function of z.
  CHECK(value(Loss::softmax, data, ValidationMetric::loss, {0, -1, 0, 0.5, 0, -2}) ==
        Approx((loss(1) + 2 * loss(0.5) + loss(-2)) / 4).epsilon(1e-14));
}

TEST_CASE("metrics of numbers are those of their definitions") {
  const Dataset data = rows({1, 2}, {}, {3, 1});
  CHECK(value(Loss::squared, data, ValidationMetric::loss, {2, 4}) == Approx((3 * 1 + 4) / 8.0));
  CHECK(value(Loss::squared, data, ValidationMetric::rmse, {2, 4}) == Approx(std::sqrt(7.0 / 4)));
  CHECK(value(Loss::squared, data, ValidationMetric::mean_absolute_error, {2, 4}) == Approx(5.0 / 4));
}

TEST_CASE("offsets are part of the margin") {
  const Dataset with = rows({0, 1}, {"no", "yes"}, {}, {0.5, -1});
  const Dataset without = rows({0, 1}, {"no", "yes"});
  CHECK(value(Loss::logistic, with, ValidationMetric::loss, {1, 3}) ==
        value(Loss::logistic, without, ValidationMetric::loss, {1.5, 2}));
  CHECK(value(Loss::squared, rows({5, 7}, {}, {}, {1e12, 0}), ValidationMetric::rmse, {5 - 1e12, 7}) == 0);
}

TEST_CASE("a margin that is not finite has no metric") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(std::isnan(value(Loss::squared, rows({1, 2}, {}), ValidationMetric::loss, {1, infinity})));
  CHECK(std::isnan(value(Loss::logistic, rows({0, 1}, {"a", "b"}), ValidationMetric::error, {1, std::nan("")})));
}

TEST_CASE("validation rows that do not fit the training rows are refused") {
  const Dataset training = rows({0, 1}, {"no", "yes"});
  const auto said = [&](const Dataset& data, ValidationMetric metric = ValidationMetric::loss) {
    return message_of(Errc::invalid_argument,
                      [&] { Validation("spec", Loss::logistic, 1, training, {.data = data, .metric = metric}); });
  };
  CHECK(said(Dataset({.features = {1}, .columns = 1, .classes = {"no", "yes"}})) ==
        "spec: the validation rows have no targets");
  CHECK(said(Dataset({.features = {1, 2}, .columns = 2, .targets = {0}, .classes = {"no", "yes"}})) ==
        "spec: the validation rows have 2 features, the training rows 1");
  CHECK(said(Dataset(
            {.features = {1}, .columns = 1, .targets = {0}, .feature_names = {"x"}, .classes = {"no", "yes"}})) ==
        "spec: feature 0 of the validation rows is \"x\", that of the training rows \"f0\"");
  CHECK(said(rows({0}, {"no", "maybe"})) ==
        "spec: the validation rows have other classes than the training rows (2 and 2)");
  CHECK(said(rows({0}, {"no", "yes"}, {}, {1})) ==
        "spec: the validation rows have offsets, but the training rows have none");
  CHECK(said(training, ValidationMetric::rmse) ==
        "spec: the validation metric is of a regression, but the targets are classes");
  CHECK_THAT(said(rows({0, 0}, {"no", "yes"}), ValidationMetric::roc_auc),
             Catch::StartsWith("spec: the validation metric cannot be computed: "));
  CHECK_THAT(said(rows({0, 1}, {"no", "yes"}, {0, 0})), Catch::StartsWith("spec: the validation metric cannot be"));
  CHECK(message_of(Errc::invalid_argument, [] {
          const Dataset numbers = rows({0, 1}, {});
          Validation("spec", Loss::squared, 1, numbers, {.data = numbers, .metric = ValidationMetric::error});
        }) == "spec: the validation metric is of classes, but the targets are numbers");
  CHECK_FALSE(Validation("spec", Loss::logistic, 1, training, {}));
}

TEST_CASE("options that a backend cannot honor are refused by name") {
  const Dataset data = rows({0, 1}, {"no", "yes"});
  const auto said = [&](Errc code, const FitOptions& options, const Dataset& given) {
    return message_of(code, [&] { backend::check_fit_options("some", "spec", given, options, {}); });
  };
  CHECK(said(Errc::unsupported, {.device = {DeviceType::cuda, 1}}, data) ==
        "some: device cuda:1 cannot be used here, expected cpu");
  CHECK(said(Errc::unsupported, {.validation = {.data = data}}, data) ==
        "some: cannot fit this spec with validation rows (validation)");
  CHECK(said(Errc::unsupported, {.initial = {std::byte{1}}}, data) ==
        "some: cannot fit this spec from another model (initial)");
  CHECK(said(Errc::unsupported, {.checkpoint = {.directory = "d"}}, data) ==
        "some: cannot fit this spec with checkpoints (checkpoint)");
  CHECK(said(Errc::unsupported, {}, rows({0, 1}, {"no", "yes"}, {}, {1, 1})) ==
        "some: cannot fit this spec with offsets, which are for models with one margin per row");
  CHECK(said(Errc::invalid_argument, {.validation = {.patience = 3}}, data) ==
        "FitOptions: validation.patience is 3, but there are no validation rows");
  CHECK(said(Errc::out_of_range, {.validation = {.patience = -1}}, data) ==
        "FitOptions: validation.patience is -1, expected 0 or more");
  CHECK(said(Errc::out_of_range, {.validation = {.least_gain = std::nan("")}}, data) ==
        "FitOptions: validation.least_gain is nan, expected a finite number not below 0");
  CHECK(said(Errc::out_of_range, {.checkpoint = {.rounds = 0}}, data) ==
        "FitOptions: checkpoint.rounds is 0, expected 1 or more");
  CHECK_THAT(said(Errc::invalid_argument, {.validation = {.fraction = 0.5}}, data),
             Catch::Contains("a backend takes validation rows as validation.data"));
  CHECK_NOTHROW(backend::check_fit_options("some", "spec", data, {}, {}));
}
