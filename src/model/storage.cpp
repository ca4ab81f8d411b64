/// Models as they are stored: `manifest.json`, and the parameters that it names (docs/model.md, "The file form").
#include <fcntl.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "model/files.hpp"
#include "model/specs.hpp"
#include "scalar/core/hash.hpp"
#include "scalar/core/json.hpp"
#include "scalar/data/store.hpp"
#include "scalar/model.hpp"

namespace scalar::inline v0 {
namespace model::detail {

void reading(const std::string& path, FunctionRef<void()> read) {
  try {
    read();
  } catch (const Error& error) {
    const std::string inner(error.context());
    if (error.code() == Errc::io || error.code() == Errc::unsupported) throw inner.empty() ? error.within(path) : error;
    throw Error(Errc::corrupt, (inner.empty() ? "" : inner + ": ") + std::string(error.message()), path);
  }
}

namespace {

constexpr std::string_view format = "scalar-model";
constexpr std::int64_t format_version = 2;  // 1 had no shifts, offsets and notes
constexpr const char* manifest_name = "manifest.json";
constexpr std::string_view parameters_stem = "parameters";
constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

json::Value to_value(const FitHistory& history) {
  return json::Object{{"best_round", history.best_round},
                      {"objective", json::Array(history.objective.begin(), history.objective.end())},
                      {"round", history.round},
                      {"validation", json::Array(history.validation.begin(), history.validation.end())}};
}

json::Value to_value(const ModelInfo& info) {
  json::Object metrics;
  for (const auto& [name, value] : info.metrics) metrics.emplace(name, value);
  json::Object object{{"backend", info.backend},
                      {"fit_seconds", info.fit_time.count()},
                      {"metrics", std::move(metrics)},
                      {"notes", json::Array(info.notes.begin(), info.notes.end())},
                      {"rows", info.rows},
                      {"version", info.version}};
  if (!info.history.empty()) object.emplace("history", to_value(info.history));
  return object;
}

/// A number that is not finite is written as null.
double number_from(const json::Value& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.as_double();
}

FitHistory history_from(const json::Value& value) {
  FitHistory history{.round = value.at("round").as_string(), .best_round = value.at("best_round").as_int()};
  for (const json::Value& number : value.at("objective").as_array()) history.objective.push_back(number_from(number));
  for (const json::Value& number : value.at("validation").as_array()) history.validation.push_back(number_from(number));
  const std::size_t rounds = (std::max)(history.objective.size(), history.validation.size());
  for (const auto* values : {&history.objective, &history.validation})
    if (!values->empty() && values->size() != rounds)
      fail(Errc::corrupt, "", "the history has {} values of one kind and {} of another", values->size(), rounds);
  return history;
}

ModelInfo info_from(const json::Value& value) {
  ModelInfo info{.backend = value.at("backend").as_string(),
                 .rows = value.at("rows").as_int(),
                 .fit_time = std::chrono::duration<double>(value.at("fit_seconds").as_double()),
                 .version = value.at("version").as_string(),
                 .metrics = {},
                 .notes = {},
                 .history = {}};
  for (const auto& [name, metric] : value.at("metrics").as_object()) info.metrics[name] = number_from(metric);
  for (const json::Value& note : value.at("notes").as_array()) info.notes.push_back(note.as_string());
  if (value.as_object().contains("history")) info.history = history_from(value.at("history"));
  return info;
}

/// What a manifest says, once its checksum holds. A flipped byte must not become another number that parses.
json::Value content_of(std::span<const std::byte> bytes) {
  const json::Value manifest = json::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "manifest");
  const json::Value& content = manifest.at("content");
  if (sha256_hex(bytes_of(content.dump())) != manifest.at("sha256").as_string())
    fail(Errc::corrupt, "", "the content does not have the checksum written beside it");
  if (content.at("format").as_string() != format)
    fail(Errc::corrupt, "", "the format is \"{}\", expected \"{}\"", content.at("format").as_string(), format);
  if (content.at("version").as_int() != format_version)
    fail(Errc::unsupported, "", "the format's version is {}, this Scalar reads version {}",
         content.at("version").as_int(), format_version);
  return content;
}

void check_parameters(std::span<const std::byte> bytes, const json::Value& expected) {
  if (bytes.size() != expected.at("bytes").as_uint())
    fail(Errc::corrupt, "", "has {} bytes, the manifest says {}", bytes.size(), expected.at("bytes").as_uint());
  if (sha256_hex(bytes) != expected.at("sha256").as_string())
    fail(Errc::corrupt, "", "does not have the checksum in the manifest");
}

/// A model's files, as read.
struct Files {
  std::string manifest_path, parameters_path;
  json::Value content;
  std::vector<std::byte> parameters;
};

/// Reads the files at `place` by `read(name)`. Errors: those of `read`; `Errc::corrupt`, `Errc::unsupported`.
Files read_files(const std::string& place, FunctionRef<std::vector<std::byte>(const std::string& name)> read) {
  Files files{.manifest_path = place + "/" + manifest_name, .parameters_path = {}, .content = {}, .parameters = {}};
  const std::vector<std::byte> manifest = read(manifest_name);
  std::string name;
  reading(files.manifest_path, [&] {
    files.content = content_of(manifest);
    const json::Object& named = files.content.at("files").as_object();
    if (named.size() != 1) fail(Errc::corrupt, "", "it names {} files, expected 1", named.size());
    name = named.begin()->first;
    if (name.empty() || name.find('/') != std::string::npos)
      fail(Errc::corrupt, "", "it names a file {}", quoted(name));
  });
  files.parameters_path = place + "/" + name;
  files.parameters = read(name);
  reading(files.parameters_path, [&] { check_parameters(files.parameters, files.content.at("files").at(name)); });
  return files;
}

Files read_from_directory(const std::string& path) {
  Files files;
  read_directory(path, [&](const File& folder) {
    files = read_files(
        path, [&](const std::string& name) { return File(folder.number(), name, O_RDONLY, path + "/" + name).read(); });
  });
  return files;
}

Files read_from_store(const data::Uri& uri, const Runtime& runtime) {
  const auto read = [&](const std::string& name) {
    const std::string bytes = data::read_bytes(uri / name, no_limit, runtime);
    const std::span<const std::byte> view = bytes_of(bytes);
    return std::vector<std::byte>(view.begin(), view.end());
  };
  constexpr int tries = 10;
  std::vector<std::byte> before;
  for (int missing = 1;; ++missing) {
    std::vector<std::byte> manifest;
    try {
      return read_files(uri.string(), [&](const std::string& name) {
        std::vector<std::byte> bytes = read(name);
        if (name == manifest_name) manifest = bytes;
        return bytes;
      });
    } catch (const Error& error) {
      // Parameters are missing when the model was replaced after its manifest was read: then another try finds those of
      // the new one. A manifest that stays the same has lost them.
      if (error.code() != Errc::not_found || manifest.empty()) throw;
      if (manifest != std::exchange(before, manifest)) missing = 1;
      if (missing == tries) throw;
    }
  }
}

/// Each object of a store is replaced for itself. So parameters go to a name of their own, which the manifest then
/// names: whoever reads finds the old pair or the new one. What the old manifest named is removed last.
void write_to_store(const data::Uri& uri, const std::string& parameters_file, std::span<const std::byte> parameters,
                    std::string_view manifest, const Runtime& runtime) {
  std::string before;
  for (const data::ObjectInfo& object : data::list(uri, runtime)) {
    const std::string name = object.uri.path().substr(object.uri.path().rfind('/') + 1);
    if (name == manifest_name)
      before = data::read_bytes(object.uri, no_limit, runtime);
    else if (!name.starts_with(parameters_stem))
      fail(Errc::already_exists, uri.string(), "holds {}, so it is not a model that could be replaced", quoted(name));
  }
  data::write_bytes(uri / parameters_file, {reinterpret_cast<const char*>(parameters.data()), parameters.size()},
                    runtime);
  data::write_bytes(uri / manifest_name, manifest, runtime);
  try {
    const json::Value content = content_of(bytes_of(before));
    for (const auto& [name, file] : content.at("files").as_object())
      if (name != parameters_file) data::remove(uri / name, runtime);
  } catch (const Error&) {
    // There was no model, or another save has removed its parameters: nothing that a reader would miss.
  }
}

}  // namespace

void Base::save(const data::Uri& uri, const ModelInfo& info) const {
  const std::vector<std::byte> parameters = parameter_bytes();
  const std::string hash = sha256_hex(parameters);
  const bool is_file = uri.scheme() == "file";
  const std::string file =
      is_file ? fmt::format("{}.bin", parameters_stem) : fmt::format("{}-{:.16}.bin", parameters_stem, hash);
  const json::Value content = json::Object{
      {"encoder", encoder.to_json()},
      {"files", json::Object{{file, json::Object{{"bytes", std::uint64_t{parameters.size()}}, {"sha256", hash}}}}},
      {"format", format},
      {"info", to_value(info)},
      {"spec", json::Object{{"fields", json::parse(spec_json)}, {"name", spec_name}}},
      {"version", format_version}};
  const std::string manifest =
      json::Value(json::Object{{"content", content}, {"sha256", sha256_hex(bytes_of(content.dump()))}}).dump();
  if (!is_file) return write_to_store(uri, file, parameters, manifest, runtime);
  NewDirectory target(uri.path());
  target.write(file, parameters);
  target.write(manifest_name, bytes_of(manifest));
  target.publish();
}

}  // namespace model::detail

AnyModel AnyModel::load(const data::Uri& uri, const Runtime& runtime) {
  using namespace model::detail;
  const Files files = uri.scheme() == "file" ? read_from_directory(uri.path()) : read_from_store(uri, runtime);
  Assemble assemble = nullptr;
  const json::Value *fields = nullptr, *encoder = nullptr;
  ModelInfo info;
  reading(files.manifest_path, [&] {
    const json::Value& spec = files.content.at("spec");
    assemble = find_spec(spec.at("name").as_string());
    if (assemble == nullptr)
      fail(Errc::unsupported, files.manifest_path,
           "a model of \"{}\", which this program does not know; a spec from outside Scalar has to be entered with "
           "scalar::register_spec<...>()",
           spec.at("name").as_string());
    fields = &spec.at("fields");
    encoder = &files.content.at("encoder");
    info = info_from(files.content.at("info"));
  });
  return assemble({files.manifest_path, files.parameters_path, *fields, *encoder, std::move(info), files.parameters},
                  runtime);
}

}  // namespace scalar::inline v0
