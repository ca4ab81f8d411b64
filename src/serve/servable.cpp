#include "scalar/serve/servable.hpp"

#include <utility>

#include "core/fail.hpp"
#include "scalar/model/row_tensors.hpp"
#include "serve/row_batch.hpp"

namespace scalar::inline v0::serve {
namespace {

/// Where a model of rows writes its predictions.
class Predictions {
 public:
  Predictions(std::int64_t rows, std::int64_t outputs)
      : values_(static_cast<std::size_t>(rows * outputs)), out_(values_.data(), rows, outputs) {}
  Predictions(const Predictions&) = delete;
  BatchOut out() const noexcept { return out_; }

 private:
  std::vector<double> values_;
  BatchOut out_;
};

/// A predictor of a model with a spec.
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

/// A predictor of a foreign model.
class ServedForeignPredictor final : public Servable {
 public:
  explicit ServedForeignPredictor(Predictor predictor)
      : predictor_(std::move(predictor)), platform_("scalar_" + predictor_.model().foreign().files().format) {}

  const Signature& signature() const noexcept override { return predictor_.signature(); }
  std::string_view platform() const noexcept override { return platform_; }
  CacheUse run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs,
               const PredictOptions& call) const override {
    return predictor_.run(inputs, outputs, call);
  }
  bool find(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const override {
    return predictor_.find(inputs, outputs);
  }
  cache::CacheStats cache_stats() const noexcept override { return predictor_.cache_stats(); }

 private:
  Predictor predictor_;
  std::string platform_;
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
  const Predictions predictions(batch.view().rows(), rows_.outputs);
  const CacheUse use = predict(batch.view(), predictions.out(), call);
  model::set_outputs(predictions.out(), rows_.classes, outputs);
  return use;
}

bool RowServable::find(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const {
  const RowBatch batch(inputs);
  const Predictions predictions(batch.view().rows(), rows_.outputs);
  if (!find_predictions(batch.view(), predictions.out())) return false;
  model::set_outputs(predictions.out(), rows_.classes, outputs);
  return true;
}

std::shared_ptr<const Servable> make_servable(Predictor predictor) {
  if (predictor.model().is_foreign()) return std::make_shared<ServedForeignPredictor>(std::move(predictor));
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
