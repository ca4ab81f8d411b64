#pragma once
/// CompiledModel: parameters prepared for prediction.
#include <cstdint>
#include <memory>
#include <utility>

#include "scalar/core/tensor.hpp"
#include "scalar/data/batch.hpp"

namespace scalar::inline v0 {

/// A function from features to predictions. Copies share the prepared parameters.
///
/// Thread safety: all members may be called from any thread. Batches of up to 64 rows allocate nothing once the calling
/// thread is warm; larger batches are split over the Runtime's threads.
class CompiledModel {
 public:
  class Interface {
   public:
    virtual ~Interface() = default;
    virtual std::int64_t features() const noexcept = 0;
    virtual std::int64_t margins() const noexcept = 0;
    virtual std::int64_t outputs() const noexcept = 0;
    virtual void margins(FloatMatrix features, BatchOut out) const = 0;
    virtual void predict(FloatMatrix features, BatchOut out) const = 0;
  };

  CompiledModel() = default;
  explicit CompiledModel(std::shared_ptr<const Interface> implementation)
      : implementation_(std::move(implementation)) {}

  explicit operator bool() const noexcept { return implementation_ != nullptr; }
  std::int64_t features() const noexcept { return implementation_->features(); }
  /// Raw sums per row.
  std::int64_t margins() const noexcept { return implementation_->margins(); }
  /// Predictions per row: 1 for a regression, else the number of classes.
  std::int64_t outputs() const noexcept { return implementation_->outputs(); }

  /// Raw sums, `[rows, margins()]`, before the link. Requires matching shapes.
  void margins(FloatMatrix features, BatchOut out) const { implementation_->margins(features, out); }
  /// Values or class probabilities, `[rows, outputs()]`. Requires matching shapes.
  void predict(FloatMatrix features, BatchOut out) const { implementation_->predict(features, out); }

 private:
  std::shared_ptr<const Interface> implementation_;
};

}  // namespace scalar::inline v0
