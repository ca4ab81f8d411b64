// Any bytes are a model file of another tool, or an Error. What is imported must then predict without a fault. The
// first byte chooses the file's name.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "scalar/data/store.hpp"
#include "scalar/model.hpp"

using namespace scalar;

namespace {

const Runtime& runtime() {
  static const Runtime one(RuntimeOptions{.threads = 1});
  return one;
}

void predict_row(const AnyModel& model) {
  if (model.is_foreign() || model.encoder().inputs().size() > 64 || model.compiled().outputs() > 4096) return;
  const double number = 1.5;
  const std::string_view word = "a";
  std::vector<BatchColumn> columns;
  for (const InputColumn& input : model.encoder().inputs())
    columns.push_back(input.is_text ? BatchColumn{.texts = {&word, 1}} : BatchColumn{.numbers = {&number, 1}});
  if (columns.empty()) return;
  std::vector<double> out(static_cast<std::size_t>(model.compiled().outputs()));
  model.predict(BatchView(columns, 1), BatchOut(out.data(), 1, model.compiled().outputs()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  constexpr const char* names[] = {"m.onnx", "m.ubj", "m.json", "m.txt"};
  const data::Uri uri = data::Uri("mem:fuzz") / names[bytes[0] % 4];
  data::write_bytes(uri, {reinterpret_cast<const char*>(bytes + 1), size - 1}, runtime());
  try {
    predict_row(AnyModel::load(uri, runtime()));
  } catch (const Error& error) {
    if (error.code() == Errc::internal) __builtin_trap();
  }
  data::remove(uri, runtime());
  return 0;
}
