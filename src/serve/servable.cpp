#include "scalar/serve/servable.hpp"

#include <utility>

#include "core/fail.hpp"

namespace scalar::inline v0::serve {
namespace {

class ServedPredictor final : public Servable {
 public:
  explicit ServedPredictor(Predictor predictor) : predictor_(std::move(predictor)) {
    const AnyModel& model = predictor_.model();
    const Encoder& encoder = model.encoder();
    signature_ = {.inputs = encoder.inputs(),
                  .is_numeric = encoder.is_numeric(),
                  .prefers_dense = encoder.is_identity(),
                  .classes = encoder.classes(),
                  .outputs = predictor_.outputs(),
                  .platform = "scalar_" + std::string(model.spec_name())};
  }

  const Signature& signature() const noexcept override { return signature_; }
  CacheUse predict(const BatchView& batch, BatchOut out, const PredictOptions& call) const override {
    return predictor_.predict(batch, out, call);
  }
  bool find(const BatchView& batch, BatchOut out) const override { return predictor_.find(batch, out); }
  cache::CacheStats cache_stats() const noexcept override { return predictor_.cache_stats(); }

 private:
  Predictor predictor_;
  Signature signature_;
};

class ServedFunction final : public Servable {
 public:
  ServedFunction(Signature signature, PredictFunction function)
      : signature_(std::move(signature)), function_(std::move(function)) {}

  const Signature& signature() const noexcept override { return signature_; }
  CacheUse predict(const BatchView& batch, BatchOut out, const PredictOptions&) const override {
    function_(batch, out);
    return CacheUse::bypass;
  }

 private:
  Signature signature_;
  PredictFunction function_;
};

}  // namespace

std::shared_ptr<const Servable> make_servable(Predictor predictor) {
  return std::make_shared<ServedPredictor>(std::move(predictor));
}

std::shared_ptr<const Servable> make_servable(Signature signature, PredictFunction function) {
  if (function == nullptr) fail(Errc::invalid_argument, "make_servable", "the function is empty");
  return std::make_shared<ServedFunction>(std::move(signature), std::move(function));
}

}  // namespace scalar::inline v0::serve
