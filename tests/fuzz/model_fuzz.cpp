// The model loader past its checksums: parameter blocks of every spec, encoders and specs from JSON. What is accepted
// must then predict without a fault. The first byte chooses.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "scalar/model.hpp"

using namespace scalar;

namespace {

const Runtime& runtime() {
  static const Runtime one(RuntimeOptions{.threads = 1});
  return one;
}

/// Parameters that pass the reader's checks predict a row of any numbers.
template <class P>
void load_parameters(std::span<const std::byte> bytes) {
  P parameters;
  from_bytes(bytes, parameters);
  if (to_bytes(parameters).empty()) __builtin_trap();
  const CompiledModel model = backend::compile(parameters, runtime());
  if (model.features() > 4096 || model.outputs() > 4096) return;
  const std::vector<float> row(static_cast<std::size_t>(model.features()), 1.5f);
  std::vector<double> out(static_cast<std::size_t>(model.outputs()));
  model.predict(FloatMatrix(row.data(), 1, model.features()), BatchOut(out.data(), 1, model.outputs()));
}

void load_encoder(std::string_view text) {
  const Encoder encoder = Encoder::from_json(json::parse(text));
  if (Encoder::from_json(encoder.to_json()).feature_count() != encoder.feature_count()) __builtin_trap();
  if (encoder.inputs().empty() || encoder.inputs().size() > 64 || encoder.feature_count() > 4096) return;
  const double number = 1.5;
  const std::string_view word = "a";
  std::vector<BatchColumn> columns;
  for (const InputColumn& input : encoder.inputs())
    columns.push_back(input.is_text ? BatchColumn{.texts = {&word, 1}} : BatchColumn{.numbers = {&number, 1}});
  std::vector<float> out(static_cast<std::size_t>(encoder.feature_count()));
  encoder.encode(BatchView(columns, 1), MatrixView<float>(out.data(), 1, encoder.feature_count()));
}

void load(std::uint8_t kind, std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  switch (kind % 5) {
    case 0:
      return load_parameters<LinearParameters>(bytes);
    case 1:
      return load_parameters<MlpParameters>(bytes);
    case 2:
      return load_parameters<Forest>(bytes);
    case 3:
      return load_encoder(text);
    default:
      (void)to_json(parse_json<MultilayerPerceptron>(text));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    load(data[0], std::as_bytes(std::span(data + 1, size - 1)));
  } catch (const Error&) {  // the answer to bad bytes
  } catch (const std::bad_alloc&) {
  }
  return 0;
}
