// A foreign model through a Predictor, against its Executable called directly: an executable that does next to nothing
// shows what the Predictor adds. Without a cache, and for a row that the cache has.
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "bench.hpp"
#include "scalar/backend/runners.hpp"
#include "scalar/predictor.hpp"

namespace {

using namespace scalar;

/// Copies its input: FP32 [-1, 8] -> [-1, 8].
class Copy final : public Executable::Interface {
 public:
  const Signature& signature() const noexcept override { return signature_; }
  void run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const override {
    outputs.resize(1);
    outputs[0].type = DataType::float32;
    outputs[0].shape.assign(inputs[0].shape.begin(), inputs[0].shape.end());
    outputs[0].data.assign(inputs[0].data.begin(), inputs[0].data.end());
  }

 private:
  Signature signature_{.inputs = {{.name = "x", .type = DataType::float32, .shape = {-1, 8}}},
                       .outputs = {{.name = "y", .type = DataType::float32, .shape = {-1, 8}}}};
};

Executable open_copy(const backend::ForeignFiles&, const Device&, const Runtime&) {
  return Executable(std::make_shared<Copy>());
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int repeats = 100'000;
  static backend::Runner runner{.format = "copy", .component = "benchmark", .open = open_copy};
  backend::enter_runner(runner);
  const Executable direct(std::make_shared<Copy>());
  const ForeignModel model("copy", {{"model", {}}});
  const Predictor plain{AnyModel(model)};
  const Predictor cached{AnyModel(model), {.cache_bytes = 1 << 20}};

  std::vector<bench::Row> rows;
  for (const std::int64_t count : {1, 64}) {
    const std::vector<float> values(static_cast<std::size_t>(8 * count), 1.5f);
    const std::array<std::int64_t, 2> shape{count, 8};
    const TensorView input{.type = DataType::float32, .shape = shape, .data = std::as_bytes(std::span(values))};
    std::vector<Tensor> outputs;
    const auto microseconds = [&](auto&& call) {
      return [&, call] {
        return bench::seconds([&] {
                 for (int i = 0; i < repeats; ++i) call();
               }) /
               repeats * 1e6;
      };
    };
    const std::string size = std::to_string(count) + (count == 1 ? " row" : " rows");
    const auto figures = bench::interleave({{"direct", microseconds([&] {
                                               direct.run({&input, 1}, outputs);
                                             })},
                                            {"plain", microseconds([&] {
                                               plain.run({&input, 1}, outputs);
                                             })},
                                            {"cached", microseconds([&] {
                                               cached.run({&input, 1}, outputs);
                                             })}},
                                           9);
    rows.push_back(
        {.what = size + ", no cache", .rival = "executable", .unit = "us", .ours = figures[1], .theirs = figures[0]});
    rows.push_back(
        {.what = size + ", cached", .rival = "executable", .unit = "us", .ours = figures[2], .theirs = figures[0]});
  }
  return bench::print(rows, argc, argv);
}
