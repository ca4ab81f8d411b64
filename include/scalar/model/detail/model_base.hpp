#pragma once
/// What every model holds, whatever its spec.
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/backend/compiled_model.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/data/encoder.hpp"
#include "scalar/model/prediction.hpp"

namespace scalar::inline v0 {

/// Where a model comes from and how good it was found to be.
struct ModelInfo {
  std::string backend{};                    ///< who learned it
  std::int64_t rows = 0;                    ///< training rows
  double fit_seconds = 0;                   ///< wall time of the fit
  std::string version{};                    ///< of Scalar, when it was made
  std::map<std::string, double> metrics{};  ///< what was measured, by name
  std::vector<std::string> notes{};         ///< what seemed odd in training, one sentence each; logged as warnings then

  friend bool operator==(const ModelInfo&, const ModelInfo&) = default;
};

namespace model {

/// The part of a model that does not depend on its spec. Immutable; shared by copies and by AnyModel.
struct Base {
  std::string_view spec_name;
  std::string spec_json;
  Encoder encoder;
  ModelInfo info;
  CompiledModel compiled;
  Runtime runtime;

  virtual ~Base() = default;
  virtual std::vector<std::byte> parameter_bytes() const = 0;

  /// `[rows, outputs]` predictions of raw rows; see Model::predict.
  void predict(const BatchView& batch, BatchOut out) const;
  Prediction predict(const Table& table) const;
  Prediction predict(const Dataset& data) const;
  void save(const std::string& directory) const;

 protected:
  Base(std::string_view name, std::string json, Encoder fitted, ModelInfo provenance, Runtime resources)
      : spec_name(name),
        spec_json(std::move(json)),
        encoder(std::move(fitted)),
        info(std::move(provenance)),
        runtime(std::move(resources)) {}

  /// Takes the compiled parameters. Errors: `Errc::corrupt` when encoder and parameters do not belong together.
  void set_compiled(CompiledModel ready);
};

/// Throws `Error{Errc::empty}`: a model of that name was used before anything was put into it.
[[noreturn]] void throw_empty(std::string_view spec_name);
[[noreturn]] void throw_other_spec(std::string_view seen, std::string_view expected);

}  // namespace model

}  // namespace scalar::inline v0
