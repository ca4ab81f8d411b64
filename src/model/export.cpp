#include "scalar/model/export.hpp"

#include "core/fail.hpp"
#include "scalar/data/store.hpp"
#include "scalar/interchange/onnx.hpp"

namespace scalar::inline v0 {
namespace {

/// Calls `visit` with the model as one of the specs of the library. Errors: `Errc::unsupported` naming its spec.
template <class... Specs, class Visit>
void visit_spec(const AnyModel& model, const Visit& visit) {
  const bool is_known = ((model.spec_name() == Specs::name && (visit(model.as<Specs>()), true)) || ...);
  if (!is_known)
    fail(Errc::unsupported, "save_onnx", "a model of {} has no canonical parameters that ONNX can be written from",
         model.spec_name());
}

}  // namespace

void save_onnx(const AnyModel& model, const data::Uri& uri, const Runtime& runtime) {
  visit_spec<GradientBoostedTrees, LinearRegression, LogisticRegression, MultilayerPerceptron>(
      model, [&](const auto& typed) {
        data::write_bytes(uri, interchange::write_onnx(typed.encoder(), typed.parameters()), runtime);
      });
}

}  // namespace scalar::inline v0
