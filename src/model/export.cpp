#include "scalar/model/export.hpp"

#include <fmt/format.h>

#include <array>

#include "core/fail.hpp"
#include "scalar/data/store.hpp"
#include "scalar/interchange/onnx.hpp"
#include "scalar/interchange/xgboost.hpp"

namespace scalar::inline v0 {
namespace {

/// Calls `visit` with the model as one of `Specs`. Errors: `Errc::unsupported` naming `caller` and the model's spec.
template <class... Specs, class Visit>
void visit_spec(std::string_view caller, const AnyModel& model, const Visit& visit) {
  const bool is_known = ((model.spec_name() == Specs::name && (visit(model.as<Specs>()), true)) || ...);
  if (!is_known)
    fail(Errc::unsupported, caller, "cannot write a model of {}; expected one of {}", model.spec_name(),
         fmt::join(std::array{Specs::name...}, ", "));
}

}  // namespace

void save_onnx(const AnyModel& model, const data::Uri& uri, const Runtime& runtime) {
  visit_spec<GradientBoostedTrees, LinearRegression, LogisticRegression, MultilayerPerceptron>(
      "save_onnx", model, [&](const auto& typed) {
        data::write_bytes(uri, interchange::write_onnx(typed.encoder(), typed.parameters()), runtime);
      });
}

void save_xgboost(const AnyModel& model, const data::Uri& uri, const Runtime& runtime) {
  visit_spec<GradientBoostedTrees>("save_xgboost", model, [&](const auto& typed) {
    data::write_bytes(uri, interchange::write_xgboost(typed.parameters(), typed.encoder().feature_names()), runtime);
  });
}

}  // namespace scalar::inline v0
