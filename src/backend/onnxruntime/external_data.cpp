#include "backend/onnxruntime/external_data.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "interchange/onnx/model.hpp"

namespace scalar::inline v0::backend::onnxruntime {
namespace {

namespace onnx = interchange::onnx;

std::string_view text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The graph, if it may have tensors in other files. Each of these has a field that is called "location", which most
/// models need not be read for.
std::optional<onnx::Model> parsed(std::string_view file) {
  constexpr std::string_view key = "location";
  if (std::search(file.begin(), file.end(), std::boyer_moore_horspool_searcher(key.begin(), key.end())) == file.end())
    return std::nullopt;
  try {
    return onnx::parse(file);
  } catch (const Error& error) {
    if (error.code() != Errc::unsupported) throw;
    return std::nullopt;  // ONNX Runtime knows more types than Scalar; it finds no files where OrtSession lets it look
  }
}

void load(const ForeignFiles& model, const std::string& place, onnx::NamedTensor& tensor) {
  const onnx::ExternalData& external = *tensor.external;
  const auto found = model.files.find(external.location);
  if (found == model.files.end())
    fail(Errc::not_found, place, "tensor {} lies in {}, which is not among the model's files", quoted(tensor.name),
         quoted(external.location));
  const std::vector<std::byte>& file = found->second;
  const auto bytes = static_cast<std::size_t>(tensor.tensor.elements()) * size_bytes(tensor.tensor.type);
  const auto offset = static_cast<std::size_t>(external.offset);
  if (offset > file.size() || bytes > file.size() - offset)
    fail(Errc::corrupt, place, "tensor {} has {} bytes at offset {} of {}, which has {}", quoted(tensor.name), bytes,
         offset, quoted(external.location), file.size());
  const auto first = file.begin() + static_cast<std::ptrdiff_t>(offset);
  tensor.tensor.data.assign(first, first + static_cast<std::ptrdiff_t>(bytes));
  tensor.external.reset();
}

}  // namespace

std::optional<std::string> with_external_data(const ForeignFiles& model, const std::string& name) {
  std::optional<onnx::Model> graph = parsed(text_of(model.files.at(name)));
  if (!graph) return std::nullopt;
  std::vector<onnx::NamedTensor>& tensors = graph->graph.initializers;
  if (std::none_of(tensors.begin(), tensors.end(), [](const auto& tensor) { return tensor.external.has_value(); }))
    return std::nullopt;
  if (graph->has_functions)
    fail(Errc::unsupported, name, "the model has tensors in other files and operators of its own; save it as one file");
  for (onnx::NamedTensor& tensor : tensors)
    if (tensor.external) load(model, name, tensor);
  return onnx::serialize(*graph);
}

}  // namespace scalar::inline v0::backend::onnxruntime
