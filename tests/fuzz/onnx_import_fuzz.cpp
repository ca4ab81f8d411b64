// ONNX files: what is read must predict a row of any numbers and texts without a fault.
#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

#include "scalar/backend/native/native.hpp"
#include "scalar/interchange/read_onnx.hpp"

using namespace scalar;

namespace {

const Runtime& runtime() {
  static const Runtime one(RuntimeOptions{.threads = 1});
  return one;
}

void predict(const interchange::ImportedModel& imported) {
  const Encoder& encoder = imported.encoder;
  const CompiledModel model =
      std::visit([](const auto& parameters) { return backend::compile(parameters, runtime()); }, imported.parameters);
  if (model.features() != encoder.feature_count()) __builtin_trap();
  if (!encoder.classes().empty() && model.outputs() != static_cast<std::int64_t>(encoder.classes().size()))
    __builtin_trap();
  if (encoder.inputs().size() > 4096 || model.features() > 4096 || model.outputs() > 4096) return;
  const double number = 1.5;
  const std::string_view word = "private";
  std::vector<BatchColumn> columns;
  for (const InputColumn& input : encoder.inputs())
    columns.push_back(input.is_text ? BatchColumn{.texts = {&word, 1}} : BatchColumn{.numbers = {&number, 1}});
  std::vector<float> features(static_cast<std::size_t>(encoder.feature_count()));
  const MatrixView<float> row(features.data(), 1, encoder.feature_count());
  encoder.encode(BatchView(columns, 1), row);
  std::vector<double> out(static_cast<std::size_t>(model.outputs()));
  model.predict(row, BatchOut(out.data(), 1, model.outputs()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    predict(interchange::read_onnx(std::as_bytes(std::span(data, size))));
  } catch (const Error&) {  // the answer to bad bytes
  } catch (const std::bad_alloc&) {
  }
  return 0;
}
