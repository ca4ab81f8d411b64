#pragma once
/// Models in the files of other tools: how they are found, imported into canonical parameters, or kept as they are.
#include <optional>

#include "scalar/backend/runners.hpp"
#include "scalar/interchange/format.hpp"
#include "scalar/model.hpp"

namespace scalar::inline v0::model::detail {

/// A model in the files of another tool.
struct OtherModel {
  interchange::RecognizedFormat recognized;
  backend::ForeignFiles files;
};

/// The model at `uri` when that is a file, or a SavedModel folder; nothing when it is neither, such as a folder that
/// Scalar wrote. Errors: `Errc::unsupported` for a file of unknown format; those of the store.
std::optional<OtherModel> find_other_model(const data::Uri& uri, const Runtime& runtime);

/// Turns a model into canonical parameters where a reader knows its format, and opens it as a foreign one otherwise.
/// Errors: those of the format's reader and of backend::open_foreign.
AnyModel import_or_open(OtherModel model, const Runtime& runtime);

/// Opens a model as a foreign one. Errors: `Errc::unsupported` for a format that nothing runs.
ForeignModel open_other(OtherModel model, const ForeignOptions& options, ModelInfo info, const Runtime& runtime);

/// Runs `work`; errors name `uri`.
template <class Work>
auto naming(const data::Uri& uri, Work&& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.context().starts_with(uri.string())) throw;
    throw error.within(uri.string());
  }
}

}  // namespace scalar::inline v0::model::detail
