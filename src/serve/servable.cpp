#include "serve/servable.hpp"

#include <utility>

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
  CacheUse predict(const BatchView& batch, BatchOut out, const PredictCall& call) const override {
    return predictor_.predict(batch, out, call);
  }
  cache::CacheStats cache_stats() const noexcept override { return predictor_.cache_stats(); }

 private:
  Predictor predictor_;
  Signature signature_;
};

}  // namespace

std::shared_ptr<const Servable> make_servable(Predictor predictor) {
  return std::make_shared<ServedPredictor>(std::move(predictor));
}

}  // namespace scalar::inline v0::serve
