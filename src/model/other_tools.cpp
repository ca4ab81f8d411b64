#include "model/other_tools.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/fail.hpp"
#include "interchange/onnx/model.hpp"
#include "scalar/core/version.hpp"
#include "scalar/data/store.hpp"
#include "scalar/interchange/catboost.hpp"
#include "scalar/interchange/lightgbm.hpp"
#include "scalar/interchange/read_onnx.hpp"
#include "scalar/interchange/xgboost.hpp"

namespace scalar::inline v0::model::detail {
namespace {

using interchange::ImportedModel;
using interchange::ModelFormat;

using Bytes = std::span<const std::byte>;

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// The formats that are turned into canonical parameters, and who reads them.
struct Reader {
  ModelFormat format;
  ImportedModel (*read)(Bytes file);
};
constexpr Reader readers[] = {
    {ModelFormat::xgboost_json, [](Bytes file) { return interchange::read_xgboost(text_of(file)); }},
    {ModelFormat::xgboost_ubj, [](Bytes file) { return interchange::read_xgboost(text_of(file)); }},
    {ModelFormat::lightgbm, [](Bytes file) { return interchange::read_lightgbm(text_of(file)); }},
    {ModelFormat::catboost_json, [](Bytes file) { return interchange::read_catboost(text_of(file)); }},
    {ModelFormat::onnx, [](Bytes file) { return interchange::read_onnx(file); }},
};

const Reader* reader_of(ModelFormat format) {
  for (const Reader& reader : readers)
    if (reader.format == format) return &reader;
  return nullptr;
}

/// The formats that some framework runs as they are.
bool is_runnable(ModelFormat format) {
  return format == ModelFormat::onnx || format == ModelFormat::torchscript || format == ModelFormat::saved_model;
}

bool exists(const data::Uri& uri, const Runtime& runtime) {
  try {
    data::stat(uri, runtime);
    return true;
  } catch (const Error& error) {
    // A folder, or a path with a slash at its end, names no object.
    if (error.code() != Errc::not_found && error.code() != Errc::invalid_argument) throw;
    return false;
  }
}

std::vector<std::byte> read_file(const data::Uri& uri, const Runtime& runtime) {
  const std::string text = data::read_bytes(uri, std::numeric_limits<std::uint64_t>::max(), runtime);
  const Bytes bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// True for the files that TensorFlow writes into a SavedModel folder (tensorflow.org, "Using the SavedModel format").
bool is_part_of_saved_model(std::string_view path) {
  for (const std::string_view name : {"saved_model.pb", "fingerprint.pb", "keras_metadata.pb"})
    if (path == name) return true;
  for (const std::string_view folder : {"variables/", "assets/", "assets.extra/"})
    if (path.starts_with(folder)) return true;
  return false;
}

OtherModel read_saved_model(const data::Uri& folder, const Runtime& runtime) {
  OtherModel model{.recognized = {ModelFormat::saved_model, "tensorflow"}, .file_name = "saved_model.pb", .files = {}};
  const std::size_t prefix = (folder / "x").path().size() - 1;
  for (const data::ObjectInfo& object : data::list(folder, runtime)) {
    const std::string path = object.uri.path().substr(std::min(prefix, object.uri.path().size()));
    if (is_part_of_saved_model(path)) model.files.files[path] = read_file(object.uri, runtime);
  }
  return model;
}

/// Reads the files that have the large tensors of an ONNX model, by their paths below its folder; `parse` has checked
/// that they lie there. Errors: `Errc::parse`, `Errc::corrupt` for a damaged model; `Errc::not_found` for a file that
/// is missing.
void add_external_files(OtherModel& model, const data::Uri& uri, const Runtime& runtime) {
  interchange::onnx::Model parsed;
  try {
    parsed = interchange::onnx::parse(text_of(model.file()));
  } catch (const Error& error) {
    if (error.code() != Errc::unsupported) throw;
    return;  // element types of its own: what runs it knows more
  }
  const std::string folder = uri.path().substr(0, uri.path().size() - last_part(uri.path()).size());
  for (const interchange::onnx::NamedTensor& tensor : parsed.graph.initializers)
    if (tensor.external && !model.files.files.contains(tensor.external->location))
      model.files.files[tensor.external->location] =
          read_file(uri.with_path(folder + tensor.external->location), runtime);
}

Loss loss_of(Link link) { return static_cast<Loss>(link); }

AnyModel with_spec(LinearParameters parameters, Encoder encoder, ModelInfo info, const Runtime& runtime) {
  if (parameters.link == Link::identity)
    return Model(LinearRegression{}, std::move(parameters), std::move(encoder), std::move(info), runtime);
  return Model(LogisticRegression{}, std::move(parameters), std::move(encoder), std::move(info), runtime);
}
AnyModel with_spec(MlpParameters parameters, Encoder encoder, ModelInfo info, const Runtime& runtime) {
  MultilayerPerceptron spec{.activation = parameters.activation, .loss = loss_of(parameters.link)};
  spec.hidden.assign(parameters.sizes.begin() + 1, parameters.sizes.end() - 1);
  return Model(std::move(spec), std::move(parameters), std::move(encoder), std::move(info), runtime);
}
AnyModel with_spec(Forest forest, Encoder encoder, ModelInfo info, const Runtime& runtime) {
  const TreeEnsemble spec{.link = forest.link};
  return Model(spec, std::move(forest), std::move(encoder), std::move(info), runtime);
}

constexpr std::string_view imported_note =
    "It was imported: how it was learned is not known, and its spec has default values.";

AnyModel model_of(ImportedModel imported, std::string tool, const Runtime& runtime) {
  ModelInfo info{.backend = std::move(tool), .version = scalar::version, .metrics = {}, .notes = {}};
  info.notes = std::move(imported.notes);
  info.notes.emplace_back(imported_note);
  return std::visit(
      [&](auto& parameters) {
        return with_spec(std::move(parameters), std::move(imported.encoder), std::move(info), runtime);
      },
      imported.parameters);
}

}  // namespace

std::optional<OtherModel> find_other_model(const data::Uri& uri, const Runtime& runtime) {
  if (exists(uri, runtime)) {
    OtherModel model;
    model.file_name = last_part(uri.path());
    model.files.files[model.file_name] = read_file(uri, runtime);
    model.recognized = interchange::recognize(model.file(), model.file_name);
    if (model.recognized.format == ModelFormat::saved_model)
      fail(Errc::unsupported, uri.string(), "a SavedModel is a folder: load the one that has this file");
    if (model.recognized.format == ModelFormat::onnx) add_external_files(model, uri, runtime);
    return model;
  }
  if (exists(uri / "saved_model.pb", runtime) && !exists(uri / "manifest.json", runtime))
    return read_saved_model(uri, runtime);
  return std::nullopt;
}

ForeignModel open_other(OtherModel model, const ForeignOptions& options, ModelInfo info, const Runtime& runtime) {
  const ModelFormat format = model.recognized.format;
  if (!is_runnable(format))
    fail(Errc::unsupported, "", "nothing runs a model of format {} as it is; AnyModel::load imports those it can read",
         interchange::name(format));
  model.files.format = interchange::name(format);
  info.backend = std::move(model.recognized.tool);
  info.version = scalar::version;
  return ForeignModel(std::move(model.files), options, std::move(info), runtime);
}

AnyModel import_or_open(OtherModel model, const Runtime& runtime) {
  const ModelFormat format = model.recognized.format;
  const Reader* const reader = reader_of(format);
  if (reader == nullptr && !is_runnable(format))
    fail(Errc::unsupported, "", "it is a model of format {}, which is not read yet", interchange::name(format));
  ModelInfo info;
  std::string reason;
  if (reader != nullptr) {
    try {
      return model_of(reader->read(model.file()), model.recognized.tool, runtime);
    } catch (const Error& error) {
      if (error.code() != Errc::unsupported || !is_runnable(format)) throw;
      reason = error.what();
      info.notes.push_back("It was not imported into Scalar's parameters: " + reason);
    }
  }
  try {
    return open_other(std::move(model), {}, std::move(info), runtime);
  } catch (const Error& error) {
    if (reason.empty()) throw;
    throw Error(error.code(), std::string(error.message()) + "; it was not imported because " + reason,
                std::string(error.context()));
  }
}

}  // namespace scalar::inline v0::model::detail
