/// Models on disk: a directory of `manifest.json` and `parameters.bin` (docs/model.md, "The file form").
#include <charconv>

#include "model/files.hpp"
#include "model/specs.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/hash.hpp"
#include "scalar/core/json.hpp"
#include "scalar/model.hpp"

namespace scalar::inline v0 {
namespace model::detail {
namespace {

constexpr std::string_view format = "scalar-model";
constexpr std::int64_t format_version = 2;  // 1 had no shifts, offsets and notes
constexpr const char* manifest_name = "manifest.json";
constexpr const char* parameters_name = "parameters.bin";

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

json::Value to_value(const ModelInfo& info) {
  json::Object metrics;
  for (const auto& [name, value] : info.metrics) metrics.emplace(name, value);
  return json::Object{{"backend", info.backend},
                      {"fit_seconds", info.fit_seconds},
                      {"metrics", std::move(metrics)},
                      {"notes", json::Array(info.notes.begin(), info.notes.end())},
                      {"rows", info.rows},
                      {"version", info.version}};
}

ModelInfo info_from(const json::Value& value) {
  ModelInfo info{.backend = value.at("backend").as_string(),
                 .rows = value.at("rows").as_int(),
                 .fit_seconds = value.at("fit_seconds").as_double(),
                 .version = value.at("version").as_string(),
                 .metrics = {},
                 .notes = {}};
  for (const auto& [name, metric] : value.at("metrics").as_object())
    info.metrics[name] = metric.is_null() ? std::numeric_limits<double>::quiet_NaN() : metric.as_double();
  for (const json::Value& note : value.at("notes").as_array()) info.notes.push_back(note.as_string());
  return info;
}

/// The manifest's content, once its checksum holds. A flipped byte must not become another number that parses.
json::Value read_manifest(const File& file) {
  const std::vector<std::byte> bytes = file.read();
  const json::Value manifest = json::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "manifest");
  const json::Value& content = manifest.at("content");
  if (sha256_hex(bytes_of(content.dump())) != manifest.at("sha256").as_string())
    throw Error(Errc::corrupt, "the content does not have the checksum written beside it");
  if (content.at("format").as_string() != format)
    throw Error(Errc::corrupt, "the format is \"" + content.at("format").as_string() + "\", expected \"scalar-model\"");
  if (content.at("version").as_int() != format_version)
    throw Error(Errc::unsupported, "the format's version is " + std::to_string(content.at("version").as_int()) +
                                       ", this Scalar reads version " + std::to_string(format_version));
  return content;
}

std::vector<std::byte> read_parameters(const File& file, const json::Value& expected) {
  std::vector<std::byte> bytes = file.read();
  if (bytes.size() != expected.at("bytes").as_uint())
    throw Error(Errc::corrupt, "has " + std::to_string(bytes.size()) + " bytes, the manifest says " +
                                   std::to_string(expected.at("bytes").as_uint()));
  if (sha256_hex(bytes) != expected.at("sha256").as_string())
    throw Error(Errc::corrupt, "does not have the checksum in the manifest");
  return bytes;
}

}  // namespace

void reading(const std::string& path, FunctionRef<void()> read) {
  try {
    read();
  } catch (const Error& error) {
    const std::string inner(error.context());
    if (error.code() == Errc::io || error.code() == Errc::unsupported) throw inner.empty() ? error.within(path) : error;
    throw Error(Errc::corrupt, (inner.empty() ? "" : inner + ": ") + std::string(error.message()), path);
  }
}

void Base::save(const std::string& directory) const {
  const std::vector<std::byte> parameters = parameter_bytes();
  const json::Value content =
      json::Object{{"encoder", encoder.to_json()},
                   {"files", json::Object{{parameters_name, json::Object{{"bytes", std::uint64_t{parameters.size()}},
                                                                         {"sha256", sha256_hex(parameters)}}}}},
                   {"format", format},
                   {"info", to_value(info)},
                   {"spec", json::Object{{"fields", json::parse(spec_json)}, {"name", spec_name}}},
                   {"version", format_version}};
  const json::Value manifest = json::Object{{"content", content}, {"sha256", sha256_hex(bytes_of(content.dump()))}};
  NewDirectory target(directory);
  target.write(parameters_name, parameters);
  target.write(manifest_name, bytes_of(manifest.dump()));
  target.publish();
}

}  // namespace model::detail

AnyModel AnyModel::load(const std::string& directory, const Runtime& runtime) {
  using namespace model::detail;
  const std::vector<File> files = open_files(directory, {manifest_name, parameters_name});
  const std::string &manifest_path = files[0].path(), &parameters_path = files[1].path();
  json::Value content;
  std::vector<std::byte> parameters;
  reading(manifest_path, [&] { content = read_manifest(files[0]); });
  reading(parameters_path, [&] { parameters = read_parameters(files[1], content.at("files").at(parameters_name)); });
  Assemble assemble = nullptr;
  const json::Value *fields = nullptr, *encoder = nullptr;
  ModelInfo info;
  reading(manifest_path, [&] {
    const json::Value& spec = content.at("spec");
    assemble = find_spec(spec.at("name").as_string());
    if (assemble == nullptr)
      throw Error(Errc::unsupported,
                  "a model of \"" + spec.at("name").as_string() +
                      "\", which this program does not know; a spec from outside Scalar has to be entered with "
                      "scalar::register_spec<...>()",
                  manifest_path);
    fields = &spec.at("fields");
    encoder = &content.at("encoder");
    info = info_from(content.at("info"));
  });
  return assemble({manifest_path, parameters_path, *fields, *encoder, std::move(info), parameters}, runtime);
}

}  // namespace scalar::inline v0
