// Prediction with networks.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend/native/links.hpp"
#include "backend/native/mlp/layout.hpp"
#include "core/fail.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/parallel.hpp"
#include "spec/checks.hpp"

namespace scalar::inline v0::backend {
namespace {

using native::Layer;

class CompiledMlp final : public CompiledModel::Interface {
 public:
  CompiledMlp(const MlpParameters& parameters, const Runtime& runtime)
      : layout_(parameters.sizes),
        packed_(native::packed(parameters, layout_)),
        activation_(parameters.activation),
        link_(parameters.link),
        offset_(parameters.target_offset),
        scale_(parameters.target_scale),
        runtime_(runtime) {}

  std::int64_t features() const noexcept override { return layout_.layers.front().inputs; }
  std::int64_t margins() const noexcept override { return layout_.layers.back().outputs; }
  std::int64_t outputs() const noexcept override { return native::outputs_of(link_, margins()); }

  void margins(FloatMatrix features, BatchOut out) const override {
    in_pieces(features, out, [&](FloatMatrix rows, BatchOut to) { sums(rows, to); });
  }
  void predict(FloatMatrix features, BatchOut out) const override {
    in_pieces(features, out, [&](FloatMatrix rows, BatchOut to) {
      sums(rows, to);
      native::apply(link_, to);
    });
  }

 private:
  static constexpr std::int64_t together = 64;  // rows whose values between layers stay in the cache

  template <class Body>
  void in_pieces(FloatMatrix features, BatchOut out, Body body) const {
    if (features.rows <= together) return body(features, out);
    parallel_for(runtime_, features.rows, together, [&](std::int64_t begin, std::int64_t end) {
      body(features.slice(begin, end - begin), out.slice(begin, end - begin));
    });
  }

  /// Raw sums of at most `together` rows.
  void sums(FloatMatrix features, BatchOut out) const {
    // One buffer per thread, for all models: it grows to the widest layer once, then nothing is allocated.
    thread_local native::AlignedVector<float> buffer;
    const auto half = static_cast<std::size_t>(features.rows * layout_.widest);
    if (buffer.size() < 2 * half) buffer.resize(2 * half);
    float* to = buffer.data();
    float* other = to + half;
    const float* from = features.data;
    std::int64_t stride = features.stride;
    for (const Layer& layer : layout_.layers) {
      native::affine(layer, packed_.data(), from, stride, features.rows, to);
      if (&layer != &layout_.layers.back()) native::activate(activation_, to, features.rows * layer.width());
      from = to;
      stride = layer.width();
      std::swap(to, other);
    }
    for (std::int64_t i = 0; i < features.rows; ++i)
      for (std::int64_t k = 0; k < margins(); ++k)
        out(i, k) = offset_ + scale_ * static_cast<double>(from[i * stride + k]);
  }

  native::Layout layout_;
  native::AlignedVector<float> packed_;
  Activation activation_;
  Link link_;
  double offset_, scale_;
  Runtime runtime_;
};

void check(const MlpParameters& parameters) {
  constexpr std::string_view place = "network parameters";
  if (parameters.layers() == 0) fail(Errc::invalid_argument, place, "there are no layers");
  for (const std::int64_t units : parameters.sizes)
    if (units < 1) fail(Errc::invalid_argument, place, "a layer has {} units", units);
  const std::size_t expected = parameters.offset(parameters.layers());
  if (parameters.values.size() != expected)
    fail(Errc::invalid_argument, place, "there are {} values, expected {}", parameters.values.size(), expected);
  if ((parameters.target_offset != 0 || parameters.target_scale != 1) && parameters.link != Link::identity)
    fail(Errc::invalid_argument, place, "targets of classes have no offset or scale");
}

}  // namespace

CompiledModel compile(const MlpParameters& parameters, const Runtime& runtime) {
  check(parameters);
  detail::check_link(parameters.link, parameters.sizes.back());
  return CompiledModel(std::make_shared<CompiledMlp>(parameters, runtime));
}

}  // namespace scalar::inline v0::backend
