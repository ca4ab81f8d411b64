#include <array>
#include <vector>

#include "backend/onnxruntime/models.hpp"
#include "scalar/predictor.hpp"
#include "support/catch.hpp"
#include "support/paths.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;

namespace {

/// The inputs of two_inputs.onnx, which tests/backend/onnxruntime/make_models.py wrote: y = relu(a W + b) + 2 c, and
/// the sum of y.
struct Call {
  std::vector<float> a, c;

  CacheUse run(const Predictor& predictor, std::vector<Tensor>& outputs) const {
    const auto rows = static_cast<std::int64_t>(c.size() / 2);
    const std::array<std::int64_t, 2> a_shape{rows, 3}, c_shape{rows, 2};
    const std::array<TensorView, 2> inputs{
        TensorView{.type = DataType::float32, .shape = a_shape, .data = std::as_bytes(std::span(a))},
        TensorView{.type = DataType::float32, .shape = c_shape, .data = std::as_bytes(std::span(c))}};
    return predictor.run(inputs, outputs);
  }
};

}  // namespace

TEST_CASE("an ONNX file is loaded, saved, and answered from the cache", "[predictor]") {
  if (!models::onnxruntime()) return;
  const test::TemporaryDirectory directory;
  AnyModel::load(models::path("two_inputs")).save(directory / "saved");
  const AnyModel model = AnyModel::load(directory / "saved");
  CHECK(model.is_foreign());
  CHECK(model.foreign().files().format == "onnx");
  CHECK(model.foreign().files().files.begin()->first == "two_inputs.onnx");
  CHECK(model.signature().is_batched());

  const Predictor predictor(model, {.cache_bytes = 1 << 20});
  std::vector<Tensor> outputs;
  // W = [[1, -1], [2, 0], [0, 3]], b = [.5, -.5]
  CHECK(Call{{1, 1, 1}, {0, 0.5}}.run(predictor, outputs) == CacheUse::miss);
  const auto values = [](const Tensor& tensor) {
    const std::span<const float> numbers = tensor.as<float>();
    return std::vector<float>(numbers.begin(), numbers.end());
  };
  CHECK(values(outputs[0]) == std::vector<float>{3.5, 2.5});
  CHECK(values(outputs[1]) == std::vector<float>{6});
  CHECK(Call{{0, 0, 0, 1, 1, 1}, {1, 1, 0, 0.5}}.run(predictor, outputs) == CacheUse::partial);
  CHECK(values(outputs[0]) == std::vector<float>{2.5, 2, 3.5, 2.5});
  CHECK(values(outputs[1]) == std::vector<float>{4.5, 6});
  CHECK(Call{{1, 1, 1, 0, 0, 0}, {0, 0.5, 1, 1}}.run(predictor, outputs) == CacheUse::hit);
  CHECK(values(outputs[1]) == std::vector<float>{6, 4.5});
}

TEST_CASE("an ONNX model of fixed shapes is cached by its whole request", "[predictor]") {
  if (!models::onnxruntime()) return;
  const Predictor predictor(AnyModel::load(models::path("fixed")), {.cache_bytes = 1 << 20});
  CHECK(!predictor.signature().is_batched());
  const std::array<double, 4> x{1, 2, 3, 4};
  const std::array<std::int64_t, 2> shape{2, 2};
  const TensorView input{.type = DataType::float64, .shape = shape, .data = std::as_bytes(std::span(x))};
  std::vector<Tensor> outputs;
  for (const CacheUse expected : {CacheUse::miss, CacheUse::hit}) {
    CHECK(predictor.run({&input, 1}, outputs) == expected);
    CHECK(outputs[0].as<double>()[3] == 16);
  }
}
