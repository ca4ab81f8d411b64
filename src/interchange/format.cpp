#include "scalar/interchange/format.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "core/fail.hpp"
#include "core/quoted.hpp"

namespace scalar::inline v0::interchange {
namespace {

constexpr std::array<std::string_view, 7> names{"xgboost_json", "xgboost_ubj", "lightgbm",   "catboost_json",
                                                "onnx",         "torchscript", "saved_model"};

constexpr std::string_view known =
    "XGBoost (JSON or UBJSON), LightGBM (text), CatBoost (JSON), ONNX, TorchScript, and folders of TensorFlow's "
    "SavedModel or of Scalar";

/// The first bytes of files that hold models but are not read, and what to do instead.
struct Unread {
  std::string_view start, what;
};
constexpr Unread unread[] = {
    {"CBM1", "a CatBoost model in its binary form; save it with format=\"json\""},
    {"binf", "an XGBoost model in its old binary form; save it as JSON with a version before 3.1"},
    {"\x89HDF", "an HDF5 file, such as Keras writes; export the model as a SavedModel or to ONNX"},
    {"PAR1", "a Parquet file"},
    {"TFL3", "a TensorFlow Lite model"},
    {"\x80\x02", "a Python pickle, which can run any code when it is read; export the model to ONNX"},
    {"\x80\x03", "a Python pickle, which can run any code when it is read; export the model to ONNX"},
    {"\x80\x04", "a Python pickle, which can run any code when it is read; export the model to ONNX"},
    {"\x80\x05", "a Python pickle, which can run any code when it is read; export the model to ONNX"},
};

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// The first key of a JSON object, without its quotes; nothing when the text does not begin with an object and a key.
std::optional<std::string_view> first_key(std::string_view text) {
  const auto skip = [&] {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  };
  skip();
  if (!text.starts_with('{')) return std::nullopt;
  text.remove_prefix(1);
  skip();
  if (!text.starts_with('"')) return std::nullopt;
  text.remove_prefix(1);
  const std::size_t end = text.find('"');
  if (end == text.npos) return std::nullopt;
  return text.substr(0, end);
}

/// XGBoost writes "learner" and "version", in this order or the other; CatBoost several parts, sorted by name.
std::optional<RecognizedFormat> as_json(std::string_view text) {
  const std::optional<std::string_view> key = first_key(text);
  if (!key) return std::nullopt;
  const auto has = [&](std::string_view part) { return text.find(part) != text.npos; };
  if (*key == "learner" || (*key == "version" && has("\"learner\"")))
    return RecognizedFormat{ModelFormat::xgboost_json, "xgboost"};
  if (has("\"features_info\"") && (has("\"oblivious_trees\"") || has("\"trees\"")))
    return RecognizedFormat{ModelFormat::catboost_json, "catboost"};
  return std::nullopt;
}

/// UBJSON (ubjson.org): an object begins with the type of its first key's length, or with the type or the number of its
/// members.
std::optional<RecognizedFormat> as_ubj(std::string_view bytes) {
  constexpr std::string_view markers = "iUIlL$#";
  if (bytes.size() < 2 || bytes[0] != '{' || markers.find(bytes[1]) == markers.npos) return std::nullopt;
  if (bytes.find("learner") == bytes.npos) return std::nullopt;
  return RecognizedFormat{ModelFormat::xgboost_ubj, "xgboost"};
}

std::optional<RecognizedFormat> as_lightgbm(std::string_view text) {
  if (!text.starts_with("tree\nversion=") && !text.starts_with("tree\r\nversion=")) return std::nullopt;
  return RecognizedFormat{ModelFormat::lightgbm, "lightgbm"};
}

/// A TorchScript file is a zip archive with the members `<name>/constants.pkl` and `<name>/code/...`.
std::optional<RecognizedFormat> as_torchscript(std::string_view bytes) {
  if (!bytes.starts_with("PK\x03\x04") || bytes.find("/constants.pkl") == bytes.npos) return std::nullopt;
  return RecognizedFormat{ModelFormat::torchscript, "torch"};
}

/// The fields of a protobuf message (protobuf.dev, "Encoding"), as far as they tell formats apart.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  struct Field {
    std::uint64_t number = 0;
    int wire = 0;
    std::string_view bytes{};  ///< of a field with a length
  };
  /// The next field; nothing at the end, and where the bytes are no field.
  std::optional<Field> next() {
    const std::optional<std::uint64_t> tag = varint();
    if (!tag) return std::nullopt;
    Field field{.number = *tag >> 3, .wire = static_cast<int>(*tag & 7)};
    std::optional<std::uint64_t> size;
    if (field.wire == 0) return varint() ? std::optional(field) : std::nullopt;
    if (field.wire == 1) size = 8;
    if (field.wire == 2) size = varint();
    if (field.wire == 5) size = 4;
    if (!size || *size > rest_.size()) return std::nullopt;
    field.bytes = rest_.substr(0, *size);
    rest_.remove_prefix(*size);
    return field;
  }
  bool is_at_end() const { return rest_.empty(); }

 private:
  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(10, rest_.size()); ++i) {
      const auto byte = static_cast<unsigned char>(rest_[i]);
      value |= std::uint64_t{byte & 0x7fU} << (7 * i);
      if (byte < 0x80) {
        rest_.remove_prefix(i + 1);
        return value;
      }
    }
    return std::nullopt;
  }
  std::string_view rest_;
};

/// ONNX's ModelProto has `ir_version = 1` (a number), `producer_name = 2` and `graph = 7`; TensorFlow's SavedModel has
/// `saved_model_schema_version = 1` (a number) and `meta_graphs = 2`, and nothing else.
std::optional<RecognizedFormat> as_protobuf(std::string_view bytes) {
  constexpr std::uint64_t last_field = 32;  // of those that ONNX has given out, with room for more
  bool has_version = false, has_graph = false, is_only_graphs = true;
  std::string_view second;
  Fields fields(bytes);
  while (const std::optional<Fields::Field> field = fields.next()) {
    if (field->number == 0 || field->number > last_field) return std::nullopt;
    has_version |= field->number == 1 && field->wire == 0;
    has_graph |= field->number == 7 && field->wire == 2;
    is_only_graphs &= field->number <= 2;
    if (field->number == 2 && field->wire == 2) second = field->bytes;
  }
  if (!fields.is_at_end()) return std::nullopt;
  if (has_graph) return RecognizedFormat{ModelFormat::onnx, shown(second)};
  if (has_version && is_only_graphs && !second.empty()) return RecognizedFormat{ModelFormat::saved_model, "tensorflow"};
  return std::nullopt;
}

struct Ending {
  std::string_view ending;
  ModelFormat format;
  std::string_view tool;
};
constexpr Ending endings[] = {{".onnx", ModelFormat::onnx, ""},
                              {".ubj", ModelFormat::xgboost_ubj, "xgboost"},
                              {"saved_model.pb", ModelFormat::saved_model, "tensorflow"}};

[[noreturn]] void refuse(std::string_view bytes) {
  for (const Unread& entry : unread)
    if (bytes.starts_with(entry.start))
      fail(Errc::unsupported, "", "it seems to be {}; known are {}", entry.what, known);
  std::string_view what = "its format is not known";
  if (bytes.empty()) what = "it is empty";
  if (bytes.starts_with("PK\x03\x04"))
    what = "it is a zip archive, but not of TorchScript (torch.jit.save), which has constants.pkl";
  if (first_key(bytes)) what = "it is JSON, but neither of XGBoost nor of CatBoost";
  fail(Errc::unsupported, "", "{}; known are {}", what, known);
}

}  // namespace

std::string_view name(ModelFormat format) noexcept { return names[static_cast<std::size_t>(format)]; }

RecognizedFormat recognize(std::span<const std::byte> content, std::string_view file_name) {
  const std::string_view bytes(reinterpret_cast<const char*>(content.data()), content.size());
  for (const auto read : {as_lightgbm, as_torchscript, as_json, as_ubj, as_protobuf})
    if (std::optional<RecognizedFormat> found = read(bytes)) return *std::move(found);
  for (const Ending& entry : endings)
    if (file_name.ends_with(entry.ending)) return {entry.format, std::string(entry.tool)};
  refuse(bytes);
}

}  // namespace scalar::inline v0::interchange
