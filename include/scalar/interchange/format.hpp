#pragma once
/// Which tool wrote a model file.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace scalar::inline v0::interchange {

/// The formats of model files that are known by their content.
enum class ModelFormat : std::uint8_t {
  xgboost_json = 0,
  xgboost_ubj = 1,
  lightgbm = 2,  ///< LightGBM's text form
  catboost_json = 3,
  onnx = 4,
  torchscript = 5,
  saved_model = 6,  ///< `saved_model.pb` of a TensorFlow SavedModel folder
};
/// The name of a format, such as "onnx": that of backend::ForeignFiles where a framework runs the format.
std::string_view name(ModelFormat format) noexcept;

struct RecognizedFormat {
  ModelFormat format = ModelFormat::onnx;
  std::string tool{};  ///< who wrote the file, "xgboost", or as an ONNX file says, "skl2onnx"; empty: it does not say
};

/// The format of a model file, by its content; where the content leaves it open, as when a file is cut short, by the
/// ending of `file_name`. Reads no more than the structure; whether the model makes sense is for the format's reader.
/// Errors: `Errc::unsupported` for anything else, with what it seems to be, and the formats that are known.
/// Complexity: linear in the size of the content at most.
RecognizedFormat recognize(std::span<const std::byte> content, std::string_view file_name = {});

}  // namespace scalar::inline v0::interchange
