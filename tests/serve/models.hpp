#pragma once
/// Models whose answers a test can foretell.
#include <atomic>
#include <cmath>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "scalar/predictor.hpp"
#include "scalar/serve/servable.hpp"

namespace serve_test {

/// Answers with a function of each row: the sum of its numbers, with 1000 for each missing one and the length of texts.
class Sum final : public scalar::serve::RowServable {
 public:
  explicit Sum(scalar::serve::RowSignature signature, double offset = 0, std::function<void()> before = {})
      : RowServable(std::move(signature)), offset_(offset), before_(std::move(before)) {}

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
  double offset_;
  std::function<void()> before_;
};

/// `features` numbers, as one dense input.
inline scalar::serve::RowSignature dense(int features) {
  scalar::serve::RowSignature signature{.is_numeric = true, .prefers_dense = true, .platform = "test"};
  for (int i = 0; i < features; ++i) signature.inputs.push_back({"f" + std::to_string(i), false});
  return signature;
}
/// A number called age and a text called job, two classes.
inline scalar::serve::RowSignature mixed() {
  return {
      .inputs = {{"age", false}, {"job", true}}, .classes = {"no", "yes \"sure\""}, .outputs = 2, .platform = "test"};
}
inline std::shared_ptr<const Sum> sum_of(int features, double offset = 0, std::function<void()> before = {}) {
  return std::make_shared<const Sum>(dense(features), offset, std::move(before));
}
inline std::shared_ptr<const Sum> mixed_sum() { return std::make_shared<const Sum>(mixed()); }

/// One input and one output for each type of the protocol, such as `in_FP32` and `out_FP32`: `[-1, 2]`, or `[2, -1]` in
/// a model that is not batched.
inline scalar::Signature every_type(bool batched = true) {
  scalar::Signature signature;
  const std::vector<std::int64_t> shape = batched ? std::vector<std::int64_t>{-1, 2} : std::vector<std::int64_t>{2, -1};
  for (std::uint8_t number = 0; number <= static_cast<std::uint8_t>(scalar::DataType::bfloat16); ++number) {
    const auto type = static_cast<scalar::DataType>(number);
    const std::string name(scalar::name(type));
    signature.inputs.push_back({"in_" + name, type, shape, batched});
    signature.outputs.push_back({"out_" + name, type, shape, batched});
  }
  return signature;
}
/// Gives the inputs back as the outputs.
inline void echo(std::span<const scalar::TensorView> inputs, std::vector<scalar::Tensor>& outputs) {
  outputs.resize(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    outputs[i].type = inputs[i].type;
    outputs[i].shape.assign(inputs[i].shape.begin(), inputs[i].shape.end());
    outputs[i].data.assign(inputs[i].data.begin(), inputs[i].data.end());
    outputs[i].texts.assign(inputs[i].texts.begin(), inputs[i].texts.end());
  }
}
/// A model with `type` as its only input `x` and output `y`, of the same shape, which gives its input back.
inline std::shared_ptr<const scalar::serve::Servable> echo_of(scalar::DataType type, std::vector<std::int64_t> shape,
                                                              bool batched = true) {
  return scalar::serve::make_servable(
      scalar::Signature{.inputs = {{"x", type, shape, batched}}, .outputs = {{"y", type, shape, batched}}}, echo);
}

/// A real model: `x0 + 10 x1 + intercept`.
inline scalar::Model<scalar::LinearRegression> linear(double intercept) {
  return {{},
          scalar::LinearParameters{
              .features = 2, .outputs = 1, .link = scalar::Link::identity, .values = {1, 10, intercept}},
          scalar::Encoder::identity({"x0", "x1"}, {})};
}

}  // namespace serve_test
