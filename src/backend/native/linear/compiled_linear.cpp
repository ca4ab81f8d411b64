// Prediction with linear models.
#include <memory>
#include <utility>

#include "backend/native/kernels/kernels.hpp"
#include "backend/native/links.hpp"
#include "core/fail.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/parallel.hpp"
#include "spec/checks.hpp"

namespace scalar::inline v0::backend {
namespace {

class CompiledLinear final : public CompiledModel::Interface {
 public:
  CompiledLinear(LinearParameters parameters, const Runtime& runtime)
      : parameters_(std::move(parameters)), runtime_(runtime) {}

  std::int64_t features() const noexcept override { return parameters_.features; }
  std::int64_t margins() const noexcept override { return parameters_.outputs; }
  std::int64_t outputs() const noexcept override { return native::outputs_of(parameters_.link, parameters_.outputs); }

  void margins(FloatMatrix features, BatchOut out) const override {
    in_pieces(features, out, [&](FloatMatrix rows, BatchOut to) { sums(rows, to); });
  }
  void predict(FloatMatrix features, BatchOut out) const override {
    in_pieces(features, out, [&](FloatMatrix rows, BatchOut to) {
      sums(rows, to);
      native::apply(parameters_.link, to);
    });
  }

 private:
  template <class Body>
  void in_pieces(FloatMatrix features, BatchOut out, Body body) const {
    constexpr std::int64_t serial = 64;
    if (features.rows <= serial) return body(features, out);
    parallel_for(runtime_, features.rows, 1024, [&](std::int64_t begin, std::int64_t end) {
      body(features.slice(begin, end - begin), out.slice(begin, end - begin));
    });
  }

  void sums(FloatMatrix features, BatchOut out) const {
    constexpr std::int64_t together = 64;
    double column[together];
    for (std::int64_t first = 0; first < features.rows; first += together) {
      const std::int64_t count = features.rows - first < together ? features.rows - first : together;
      for (std::int64_t k = 0; k < parameters_.outputs; ++k) {
        native::kernels().margins(features.data + first * features.stride, count, parameters_.features, features.stride,
                                  parameters_.weights().data() + k * parameters_.features,
                                  parameters_.intercepts()[static_cast<std::size_t>(k)], column);
        for (std::int64_t i = 0; i < count; ++i) out(first + i, k) = column[i];
      }
    }
  }

  LinearParameters parameters_;
  Runtime runtime_;
};

}  // namespace

CompiledModel compile(const LinearParameters& parameters, const Runtime& runtime) {
  const auto values = static_cast<std::int64_t>(parameters.values.size());
  if (parameters.outputs < 1 || parameters.features < 0 || values != parameters.outputs * (parameters.features + 1))
    fail(Errc::invalid_argument, "linear parameters", "{} values do not make {} outputs of {} features", values,
         parameters.outputs, parameters.features);
  detail::check_link(parameters.link, parameters.outputs);
  return CompiledModel(std::make_shared<CompiledLinear>(parameters, runtime));
}

}  // namespace scalar::inline v0::backend
