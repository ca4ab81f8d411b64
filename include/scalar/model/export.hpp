#pragma once
/// Saves models in the file forms of other tools.
#include "scalar/core/runtime.hpp"
#include "scalar/data/uri.hpp"
#include "scalar/model.hpp"

namespace scalar::inline v0 {

/// Writes a model, its preprocessing included, as an ONNX file to `uri`; the file's inputs and outputs are those of
/// `interchange::write_onnx` (docs/take_your_model_elsewhere.md).
///
/// The model may be of any spec of the library. A model of a spec of your own whose parameters are a Forest,
/// LinearParameters or MlpParameters goes through `interchange::write_onnx` directly.
/// Errors: those of `interchange::write_onnx`; `Errc::empty` for an empty model; `Errc::unsupported` naming the spec
/// for any other model; errors of the store.
void save_onnx(const AnyModel& model, const data::Uri& uri, const Runtime& runtime = {});

/// Writes the trees of a model as a JSON model of XGBoost 1.7 to 3.x to `uri`, so that XGBoost's tools work on them.
///
/// The file takes features, not raw columns: the names of `encoder().feature_names()`, as `encoder().encode_inputs`
/// computes them. Margins are those of `interchange::write_xgboost`.
/// Errors: those of `interchange::write_xgboost`; `Errc::empty` for an empty model; `Errc::unsupported` naming the spec
/// for a model without trees; errors of the store.
void save_xgboost(const AnyModel& model, const data::Uri& uri, const Runtime& runtime = {});

}  // namespace scalar::inline v0
