#pragma once
/// The part of a model that does not depend on its spec.
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/backend/compiled_model.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/data/encoder.hpp"
#include "scalar/data/prediction.hpp"
#include "scalar/data/signature.hpp"
#include "scalar/data/tensor.hpp"
#include "scalar/data/uri.hpp"
#include "scalar/model/model_info.hpp"

namespace scalar::inline v0::model::detail {

/// The part of a model that does not depend on its spec. Immutable; shared by copies and by AnyModel.
struct Base {
  std::string_view spec_name;  ///< "foreign" for a model without a spec
  std::string spec_json;
  Encoder encoder;         ///< empty when the model does not take rows
  CompiledModel compiled;  ///< empty when the model does not take rows
  Signature signature;
  Runtime runtime;

  virtual ~Base() = default;
  virtual bool is_foreign() const noexcept { return false; }
  virtual std::vector<std::byte> parameter_bytes() const = 0;
  /// See AnyModel::run. A model of rows answers by `predict`.
  virtual void run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const;

  /// This model, which takes rows. Errors: `Errc::unsupported` naming the signature for one that does not.
  const Base& with_rows() const {
    if (!compiled) throw_without_rows();
    return *this;
  }
  /// `[rows, outputs]` predictions of raw rows; see Model::predict.
  void predict(const BatchView& batch, BatchOut out) const;
  Prediction predict(const Table& table) const;
  Prediction predict(const Dataset& data) const;
  /// Errors: see Model::save.
  void save(const data::Uri& uri, const ModelInfo& info) const;

 protected:
  Base(std::string_view name, std::string json, Encoder fitted, Runtime resources)
      : spec_name(name), spec_json(std::move(json)), encoder(std::move(fitted)), runtime(std::move(resources)) {}

  /// Takes the compiled parameters. Errors: `Errc::corrupt` when encoder and parameters do not belong together.
  void set_compiled(CompiledModel ready);

 private:
  [[noreturn]] void throw_without_rows() const;
};

/// A copy of `info` with one more metric.
std::shared_ptr<const ModelInfo> with_metric(const ModelInfo& info, std::string name, double value);

/// Throws `Error{Errc::empty}`: a model of that name was used before anything was put into it.
[[noreturn]] void throw_empty(std::string_view spec_name);
[[noreturn]] void throw_other_spec(std::string_view seen, std::string_view expected);

}  // namespace scalar::inline v0::model::detail
