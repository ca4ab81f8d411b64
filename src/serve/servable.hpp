#pragma once
/// What the protocols see of a model.
#include <cstdint>
#include <string>
#include <vector>

#include "scalar/predictor.hpp"

namespace scalar::inline v0::serve {

/// The inputs and outputs of a model over the wire.
struct Signature {
  std::vector<Input> inputs{};         ///< the raw columns
  bool is_numeric = false;             ///< so that one dense FP32 `input` is taken as well
  bool prefers_dense = false;          ///< and advertised
  std::vector<std::string> classes{};  ///< empty: a regression
  std::int64_t outputs = 1;            ///< predictions a row
  std::string platform{};
};

/// Anything that answers like a predictor. Thread safety: const members may be called from any thread.
class Servable {
 public:
  virtual ~Servable() = default;
  virtual const Signature& signature() const noexcept = 0;
  virtual CacheUse predict(const BatchView& batch, BatchOut out, const PredictCall& call) const = 0;
  virtual cache::CacheStats cache_stats() const noexcept { return {}; }
};

std::shared_ptr<const Servable> make_servable(Predictor predictor);

}  // namespace scalar::inline v0::serve
