#pragma once
/// A trained model: spec, canonical parameters, the fitted encoder, and where it comes from.
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "scalar/backend/native/native.hpp"
#include "scalar/core/device.hpp"
#include "scalar/data/uri.hpp"
#include "scalar/model/detail/model_base.hpp"
#include "scalar/model/foreign_model.hpp"
#include "scalar/spec/specs.hpp"

namespace scalar::inline v0 {

class AnyModel;

/// A trained model of spec `S`.
///
/// Immutable and cheap to copy: copies share. A default one is empty, and using it is `Error{Errc::empty}`.
/// Thread safety: all const members may be called from any thread.
template <Spec S>
class Model {
 public:
  Model() = default;

  /// Puts a model together from its parts; `Trainer::fit` does it for you.
  /// Errors: `Errc::corrupt` when the parameters do not have the encoder's features or classes.
  Model(S spec, Parameters<S> parameters, Encoder encoder, ModelInfo info = {}, Runtime runtime = {})
      : data_(std::make_shared<const Data>(std::move(spec), std::move(parameters), std::move(encoder),
                                           std::move(runtime))),
        info_(std::make_shared<const ModelInfo>(std::move(info))) {}

  explicit operator bool() const noexcept { return data_ != nullptr; }
  const S& spec() const { return data().spec; }
  const Parameters<S>& parameters() const { return data().parameters; }
  const Encoder& encoder() const { return data().encoder; }
  const ModelInfo& info() const { return (void)data(), *info_; }
  const CompiledModel& compiled() const { return data().compiled; }
  /// The columns the model reads as texts and as numbers, and its label, which a file need not have: read a file to
  /// predict with `data::read_csv(uri, {.schema = model.schema()})`.
  Schema schema() const { return data().encoder.schema(); }
  /// The inputs and outputs as tensors: those that a server shows, and that AnyModel::run takes.
  const Signature& signature() const { return data().signature; }

  /// Predictions of a table that has the model's input columns; other columns, and the label, are ignored.
  /// Errors: `Errc::not_found` for a missing column, `Errc::type_mismatch`, `Errc::invalid_argument`, as
  /// Encoder::encode.
  Prediction predict(const Table& table) const { return data().predict(table); }
  /// Predictions of dense features, `[rows, features]`. Requires a model whose inputs are all numbers.
  Prediction predict(const Dataset& dataset) const { return data().predict(dataset); }
  /// Predictions into `out`, `[rows, outputs]`. Nothing is allocated for up to 64 rows once the thread is warm.
  /// Errors: those of `predict(table)`; `Errc::shape_mismatch`; `Errc::invalid_argument` for an infinity, and for a row
  /// whose prediction is not finite, as when a value is missing that a linear model or a network cannot do without.
  void predict(const BatchView& batch, BatchOut out) const { data().predict(batch, out); }

  /// This model with one more measured figure in its info; everything else is shared.
  Model with_metric(std::string_view name, double value) const {
    return Model(data_, model::detail::with_metric(info(), name, value));
  }

  /// Writes the model to `uri`, a path or any other place that the stores of the model's Runtime know; a model that is
  /// there is replaced, and readers see the old or the new one whole (docs/model.md, "The file form").
  /// Errors: `Errc::io` naming the file; `Errc::not_found` when the directory above does not exist;
  /// `Errc::already_exists` when `uri` holds something other than a model; `Errc::unsupported` for an unknown scheme.
  void save(const data::Uri& uri) const { data().save(uri, *info_); }
  /// Reads a model written by `save`.
  /// Errors: `Errc::not_found`, `Errc::io`; `Errc::corrupt` naming the file and what is wrong; `Errc::type_mismatch`
  /// for a model of another spec; `Errc::unsupported` for an unknown scheme, form or spec.
  static Model load(const data::Uri& uri, const Runtime& runtime = {});

 private:
  friend class AnyModel;
  struct Data final : model::detail::Base {
    S spec;
    Parameters<S> parameters;

    Data(S values, Parameters<S> learned, Encoder fitted, Runtime resources)
        : Base(S::name, to_json(values), std::move(fitted), std::move(resources)),
          spec(std::move(values)),
          parameters(std::move(learned)) {
      using backend::compile;  // of the library's parameters; those of other specs bring one in their own namespace
      set_compiled(compile(parameters, runtime));
    }
    std::vector<std::byte> parameter_bytes() const override { return to_bytes(parameters); }
  };

  Model(std::shared_ptr<const Data> data, std::shared_ptr<const ModelInfo> info)
      : data_(std::move(data)), info_(std::move(info)) {}
  const Data& data() const {
    if (!data_) model::detail::throw_empty(S::name);
    return *data_;
  }
  std::shared_ptr<const Data> data_;
  std::shared_ptr<const ModelInfo> info_;  // with data_
};

/// A model of any spec, or a foreign one: for repositories, servers and predictors. As Model otherwise.
///
/// Every model is a function from tensors to tensors, `run`. A model with a spec takes rows, and so does a foreign
/// model with one FP32 input `[-1, features]` and one output of numbers `[-1, outputs]`; any other foreign model does
/// not, and the members for rows (`encoder`, `compiled`, `schema`, `predict`) throw `Error{Errc::unsupported}` naming
/// its signature.
class AnyModel {
 public:
  AnyModel() = default;
  template <Spec S>
  AnyModel(Model<S> model)
      : data_(std::move(model.data_)), info_(std::move(model.info_)) {}  // NOLINT: every model is one
  AnyModel(ForeignModel model);                                          // NOLINT

  explicit operator bool() const noexcept { return data_ != nullptr; }
  bool is_foreign() const noexcept { return data_ != nullptr && data_->is_foreign(); }
  /// The name of the spec; "foreign" for a foreign model.
  std::string_view spec_name() const { return data().spec_name; }
  const std::string& spec_json() const { return data().spec_json; }
  const Encoder& encoder() const { return data().with_rows().encoder; }
  const ModelInfo& info() const { return (void)data(), *info_; }
  const CompiledModel& compiled() const { return data().with_rows().compiled; }
  Schema schema() const { return data().with_rows().encoder.schema(); }
  const Signature& signature() const { return data().signature; }

  Prediction predict(const Table& table) const { return data().with_rows().predict(table); }
  Prediction predict(const Dataset& dataset) const { return data().with_rows().predict(dataset); }
  void predict(const BatchView& batch, BatchOut out) const { data().with_rows().predict(batch, out); }

  /// Computes the outputs for `inputs`, both in the order of the signature. `outputs` keeps its memory from call to
  /// call. A model with a spec also takes `[rows]` for `[-1, 1]`, and numbers of other types, which it converts; a
  /// foreign one takes exactly its own types. Errors: `Errc::shape_mismatch`, `Errc::type_mismatch` naming the input;
  /// `Errc::out_of_range` naming a value that the model's type does not hold exactly; those of `predict`, or of
  /// Executable::run.
  void run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const { data().run(inputs, outputs); }

  /// This model on `device`: a foreign model is opened again unless it is there already. Errors: `Errc::unsupported`
  /// for a device that cannot run the model; those of backend::open_foreign.
  AnyModel on(const Device& device) const;
  /// The foreign model that this is. Errors: `Errc::type_mismatch` naming the spec of another model.
  ForeignModel foreign() const;

  AnyModel with_metric(std::string_view name, double value) const {
    AnyModel other = *this;
    other.info_ = model::detail::with_metric(info(), name, value);
    return other;
  }

  void save(const data::Uri& uri) const { data().save(uri, *info_); }
  /// Reads a model written by `save`, or one of another tool: a file of XGBoost, LightGBM, CatBoost, ONNX or
  /// TorchScript, or a SavedModel folder (docs/bring_your_model.md). What Scalar's parameters can express is turned
  /// into them; the rest stays foreign, and `info().notes` says why.
  /// Errors: those of Model::load; `Errc::unsupported` for a file of unknown format, listing those that are known;
  /// `Errc::unavailable` for a foreign model whose runner is not linked, naming the component to link; those of the
  /// format's reader (scalar/interchange/) and of backend::open_foreign. Each names the file.
  static AnyModel load(const data::Uri& uri, const Runtime& runtime = {});

  /// The model as one of spec `S`. Errors: `Errc::type_mismatch` naming both specs.
  template <Spec S>
  Model<S> as() const {
    // By name, not by dynamic_cast: a plugin with hidden symbols has type_info objects of its own.
    if (data().spec_name != S::name) model::detail::throw_other_spec(data().spec_name, S::name);
    return Model<S>(std::static_pointer_cast<const typename Model<S>::Data>(data_), info_);
  }

 private:
  const model::detail::Base& data() const {
    if (!data_) model::detail::throw_empty("any spec");
    return *data_;
  }
  std::shared_ptr<const model::detail::Base> data_;
  std::shared_ptr<const ModelInfo> info_;  // with data_
};

template <Spec S>
Model<S> Model<S>::load(const data::Uri& uri, const Runtime& runtime) {
  return AnyModel::load(uri, runtime).as<S>();
}

}  // namespace scalar::inline v0
