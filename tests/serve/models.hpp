#pragma once
/// Models whose answers a test can foretell.
#include <atomic>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "scalar/predictor.hpp"
#include "scalar/serve/servable.hpp"

namespace serve_test {

/// Answers with a function of each row: the sum of its numbers, with 1000 for each missing one and the length of texts.
class Sum final : public scalar::serve::Servable {
 public:
  explicit Sum(scalar::serve::Signature signature, double offset = 0, std::function<void()> before = {})
      : signature_(std::move(signature)), offset_(offset), before_(std::move(before)) {}

  const scalar::serve::Signature& signature() const noexcept override { return signature_; }
  scalar::CacheUse predict(const scalar::BatchView& batch, scalar::BatchOut out,
                           const scalar::PredictOptions& call) const override {
    if (before_) before_();
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      double sum = offset_;
      const auto add = [&](double value) { sum += std::isnan(value) ? 1000 : value; };
      if (batch.is_dense())
        for (const float value : batch.dense().row(row)) add(value);
      for (const auto& column : batch.columns()) {
        if (!column.numbers.empty()) add(column.numbers[static_cast<std::size_t>(row)]);
        if (!column.texts.empty()) sum += static_cast<double>(column.texts[static_cast<std::size_t>(row)].size());
      }
      const auto width = static_cast<double>(out.columns);
      for (std::int64_t i = 0; i < out.columns; ++i)
        out(row, i) = out.columns == 1 ? sum : (i == 0 ? sum : (1 - sum) / (width - 1));
    }
    return call.use_cache ? scalar::CacheUse::miss : scalar::CacheUse::bypass;
  }

 private:
  scalar::serve::Signature signature_;
  double offset_;
  std::function<void()> before_;
};

/// `features` numbers, as one dense input.
inline scalar::serve::Signature dense(int features) {
  scalar::serve::Signature signature{.is_numeric = true, .prefers_dense = true, .platform = "test"};
  for (int i = 0; i < features; ++i) signature.inputs.push_back({"f" + std::to_string(i), false});
  return signature;
}
/// A number called age and a text called job, two classes.
inline scalar::serve::Signature mixed() {
  return {
      .inputs = {{"age", false}, {"job", true}}, .classes = {"no", "yes \"sure\""}, .outputs = 2, .platform = "test"};
}
inline std::shared_ptr<const Sum> sum_of(int features, double offset = 0, std::function<void()> before = {}) {
  return std::make_shared<const Sum>(dense(features), offset, std::move(before));
}
inline std::shared_ptr<const Sum> mixed_sum() { return std::make_shared<const Sum>(mixed()); }

/// A real model: `x0 + 10 x1 + intercept`.
inline scalar::Model<scalar::LinearRegression> linear(double intercept) {
  return {{},
          scalar::LinearParameters{
              .features = 2, .outputs = 1, .link = scalar::Link::identity, .values = {1, 10, intercept}},
          scalar::Encoder::identity({"x0", "x1"}, {})};
}

}  // namespace serve_test
