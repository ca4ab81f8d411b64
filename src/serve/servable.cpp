#include "scalar/serve/servable.hpp"

#include <algorithm>
#include <utility>

#include "core/fail.hpp"
#include "serve/row_batch.hpp"

namespace scalar::inline v0::serve {
namespace {

/// Gives `tensor` a type and a shape `[rows, columns]`.
void shape(Tensor& tensor, DataType type, std::int64_t rows, std::int64_t columns) {
  const auto count = static_cast<std::size_t>(rows * columns);
  tensor.type = type;
  tensor.shape.assign({rows, columns});
  tensor.data.resize(count * size_bytes(type));
  tensor.texts.resize(type == DataType::bytes ? count : 0);
}

/// The outputs of a model of rows, and the predictions that they are made from.
class RowOutputs {
 public:
  RowOutputs(const RowSignature& signature, std::int64_t rows, std::vector<Tensor>& outputs)
      : signature_(signature), rows_(rows), outputs_(outputs) {
    outputs_.resize(signature.classes.empty() ? 1 : 2);
    if (!signature.classes.empty())
      probabilities_.resize(static_cast<std::size_t>(rows * signature.outputs));
    else
      shape(outputs_[0], DataType::float64, rows, signature.outputs);
  }
  /// Where the model writes its predictions.
  BatchOut out() {
    double* const first =
        signature_.classes.empty() ? reinterpret_cast<double*>(outputs_[0].data.data()) : probabilities_.data();
    return {first, rows_, signature_.outputs};
  }
  /// Makes the outputs from the predictions.
  void finish() {
    if (signature_.classes.empty()) return;
    Tensor &narrow = outputs_[0], &labels = outputs_[1];
    shape(narrow, DataType::float32, rows_, signature_.outputs);
    std::transform(probabilities_.begin(), probabilities_.end(), reinterpret_cast<float*>(narrow.data.data()),
                   [](double probability) { return static_cast<float>(probability); });
    shape(labels, DataType::bytes, rows_, 1);
    for (std::int64_t row = 0; row < rows_; ++row) {
      const std::span<const double> values = out().row(row);
      const auto best = static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
      labels.texts[static_cast<std::size_t>(row)] = signature_.classes[best];
    }
  }

 private:
  const RowSignature& signature_;
  std::int64_t rows_;
  std::vector<Tensor>& outputs_;
  std::vector<double> probabilities_{};
};

class ServedPredictor final : public RowServable {
 public:
  explicit ServedPredictor(Predictor predictor) : RowServable(rows_of(predictor)), predictor_(std::move(predictor)) {}

  CacheUse predict(const BatchView& batch, BatchOut out, const PredictOptions& call) const override {
    return predictor_.predict(batch, out, call);
  }
  bool find_predictions(const BatchView& batch, BatchOut out) const override { return predictor_.find(batch, out); }
  cache::CacheStats cache_stats() const noexcept override { return predictor_.cache_stats(); }

 private:
  static RowSignature rows_of(const Predictor& predictor) {
    const Encoder& encoder = predictor.encoder();
    return {.inputs = encoder.inputs(),
            .is_numeric = encoder.is_numeric(),
            .prefers_dense = encoder.is_identity(),
            .classes = encoder.classes(),
            .outputs = predictor.outputs(),
            .platform = "scalar_" + std::string(predictor.model().spec_name())};
  }

  Predictor predictor_;
};

class ServedPredictFunction final : public RowServable {
 public:
  ServedPredictFunction(RowSignature signature, PredictFunction function)
      : RowServable(std::move(signature)), function_(std::move(function)) {}

  CacheUse predict(const BatchView& batch, BatchOut out, const PredictOptions&) const override {
    function_(batch, out);
    return CacheUse::bypass;
  }

 private:
  PredictFunction function_;
};

class ServedTensorFunction final : public Servable {
 public:
  ServedTensorFunction(Signature signature, TensorFunction function, std::string platform)
      : signature_(std::move(signature)), function_(std::move(function)), platform_(std::move(platform)) {}

  const Signature& signature() const noexcept override { return signature_; }
  std::string_view platform() const noexcept override { return platform_; }
  CacheUse run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs, const PredictOptions&) const override {
    for (Tensor& output : outputs) {  // an output that the function forgets must not be that of another client
      output.shape.clear();
      output.data.clear();
      output.texts.clear();
    }
    function_(inputs, outputs);
    return CacheUse::bypass;
  }

 private:
  Signature signature_;
  TensorFunction function_;
  std::string platform_;
};

}  // namespace

RowServable::RowServable(RowSignature signature) : rows_(std::move(signature)), tensors_(listed_tensors(rows_)) {}

CacheUse RowServable::run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs,
                          const PredictOptions& call) const {
  const RowBatch batch(inputs);
  RowOutputs out(rows_, batch.view().rows(), outputs);
  const CacheUse use = predict(batch.view(), out.out(), call);
  out.finish();
  return use;
}

bool RowServable::find(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const {
  const RowBatch batch(inputs);
  RowOutputs out(rows_, batch.view().rows(), outputs);
  if (!find_predictions(batch.view(), out.out())) return false;
  out.finish();
  return true;
}

std::shared_ptr<const Servable> make_servable(Predictor predictor) {
  return std::make_shared<ServedPredictor>(std::move(predictor));
}

std::shared_ptr<const Servable> make_servable(RowSignature signature, PredictFunction function) {
  if (function == nullptr) fail(Errc::invalid_argument, "make_servable", "the function is empty");
  return std::make_shared<ServedPredictFunction>(std::move(signature), std::move(function));
}

std::shared_ptr<const Servable> make_servable(Signature signature, TensorFunction function, std::string platform) {
  if (function == nullptr) fail(Errc::invalid_argument, "make_servable", "the function is empty");
  return std::make_shared<ServedTensorFunction>(std::move(signature), std::move(function), std::move(platform));
}

}  // namespace scalar::inline v0::serve
