#include "scalar/model/row_tensors.hpp"

#include <array>
#include <cmath>
#include <cstring>

#include "scalar/model.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace scalar;
using Catch::Matchers::Contains;
using test::message_of;

namespace {

/// y = weight * mass + 10 where the island is "Dream".
AnyModel columns_model(std::vector<std::string> classes = {}) {
  EncoderParts parts{
      .columns = {{.name = "island", .is_text = true, .categories = {"Dream"}, .is_one_hot = true}, {.name = "mass"}},
      .classes = classes,
      .label = "y"};
  LinearParameters parameters{.features = 2, .outputs = 1, .values = {10, 2, 0}};
  if (classes.empty()) return Model(LinearRegression{}, parameters, Encoder::from_parts(std::move(parts)));
  parameters.link = Link::logistic;
  return Model(LogisticRegression{}, parameters, Encoder::from_parts(std::move(parts)));
}
AnyModel dense_model() {
  return Model(LinearRegression{}, LinearParameters{.features = 2, .outputs = 1, .values = {1, 2, 0}},
               Encoder::identity({"a", "b"}, {}));
}

struct Owned {
  DataType type;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> data{};
  std::vector<std::string_view> texts{};

  Owned(std::vector<std::int64_t> of, std::vector<std::string_view> values)
      : type(DataType::bytes), shape(std::move(of)), texts(std::move(values)) {}
  template <class T>
  Owned(DataType kind, std::vector<std::int64_t> of, const std::vector<T>& values) : type(kind), shape(std::move(of)) {
    data.resize(values.size() * sizeof(T));
    std::memcpy(data.data(), values.data(), data.size());
  }
  TensorView view() const { return {.type = type, .shape = shape, .data = data, .texts = texts}; }
};

std::vector<Tensor> run(const AnyModel& model, const std::vector<Owned>& inputs) {
  std::vector<TensorView> views;
  for (const Owned& input : inputs) views.push_back(input.view());
  std::vector<Tensor> outputs;
  model.run(views, outputs);
  return outputs;
}
std::vector<double> doubles(const Tensor& tensor) {
  const std::span<const double> values = tensor.as<double>();
  return {values.begin(), values.end()};
}

}  // namespace

TEST_CASE("the signature of a model with a spec", "[model]") {
  const Signature columns = columns_model().signature();
  CHECK(columns.inputs == std::vector<TensorInfo>{{.name = "island", .type = DataType::bytes, .shape = {-1, 1}},
                                                  {.name = "mass", .type = DataType::float64, .shape = {-1, 1}}});
  CHECK(columns.outputs ==
        std::vector<TensorInfo>{{.name = "prediction", .type = DataType::float64, .shape = {-1, 1}}});
  const Signature classes = columns_model({"no", "yes"}).signature();
  CHECK(classes.outputs ==
        std::vector<TensorInfo>{{.name = "probabilities", .type = DataType::float32, .shape = {-1, 2}},
                                {.name = "label", .type = DataType::bytes, .shape = {-1, 1}}});
  CHECK(dense_model().signature().inputs ==
        std::vector<TensorInfo>{{.name = "input", .type = DataType::float32, .shape = {-1, 2}}});
  CHECK(classes.is_batched());
}

TEST_CASE("raw columns are tensors, of any type that is exact", "[model]") {
  const Owned islands({2, 1}, {"Dream", "Biscoe"}), flat({2}, {"Dream", "Biscoe"});
  const std::vector<Owned> masses{{DataType::float64, {2, 1}, std::vector<double>{3, 4}},
                                  {DataType::float64, {2}, std::vector<double>{3, 4}},
                                  {DataType::int64, {2, 1}, std::vector<std::int64_t>{3, 4}},
                                  {DataType::uint8, {2, 1}, std::vector<std::uint8_t>{3, 4}},
                                  {DataType::float32, {2}, std::vector<float>{3, 4}}};
  for (const Owned& mass : masses) {
    const std::vector<Tensor> outputs = run(columns_model(), {islands, mass});
    REQUIRE(outputs.size() == 1);
    CHECK(outputs[0].shape == std::vector<std::int64_t>{2, 1});
    CHECK(doubles(outputs[0]) == std::vector<double>{16, 8});
    CHECK(doubles(run(columns_model(), {flat, mass})[0]) == std::vector<double>{16, 8});
  }
}

TEST_CASE("a classifier answers probabilities and labels", "[model]") {
  const std::vector<Tensor> outputs =
      run(columns_model({"no", "yes"}),
          {{{2, 1}, {"Dream", ""}}, {DataType::float64, {2, 1}, std::vector<double>{-5, -1}}});
  REQUIRE(outputs.size() == 2);
  const std::span<const float> probabilities = outputs[0].as<float>();
  REQUIRE(probabilities.size() == 4);
  CHECK(probabilities[1] == 0.5f);                                         // the margin is 10 - 2 * 5
  CHECK(probabilities[3] == static_cast<float>(1 / (1 + std::exp(2.0))));  // -2
  CHECK(outputs[1].texts == std::vector<std::string>{"no", "no"});
}

TEST_CASE("dense rows are one tensor, wherever it lies in memory", "[model]") {
  CHECK(doubles(run(dense_model(), {{DataType::float32, {2, 2}, std::vector<float>{1, 2, 3, 4}}})[0]) ==
        std::vector<double>{5, 11});
  CHECK(doubles(run(dense_model(), {{DataType::float64, {1, 2}, std::vector<double>{0.5, 2}}})[0]) ==
        std::vector<double>{4.5});
  std::vector<std::byte> bytes(9);
  const std::array<float, 2> values{1, 2};
  std::memcpy(bytes.data() + 1, values.data(), sizeof values);
  const std::array<std::int64_t, 2> shape{1, 2};
  const TensorView odd{.type = DataType::float32, .shape = shape, .data = std::span(bytes).subspan(1)};
  std::vector<Tensor> outputs;
  dense_model().run({&odd, 1}, outputs);
  CHECK(doubles(outputs[0]) == std::vector<double>{5});
  CHECK(run(dense_model(), {{DataType::float32, {0, 2}, std::vector<float>{}}})[0].shape ==
        std::vector<std::int64_t>{0, 1});
}

TEST_CASE("tensors that are not a model's rows are named", "[model]") {
  const Owned islands({1, 1}, {"Dream"});
  const AnyModel model = columns_model();
  CHECK_THAT(message_of(Errc::shape_mismatch, [&] { run(model, {islands}); }), Contains("1 input tensors, expected 2"));
  CHECK_THAT(message_of(Errc::type_mismatch, [&] { run(model, {islands, islands}); }), Contains("input \"mass\""));
  const Owned number(DataType::float64, {1, 1}, std::vector<double>{1});
  CHECK_THAT(message_of(Errc::type_mismatch, [&] { run(model, {number, number}); }), Contains("input \"island\""));
  const Owned two(DataType::float64, {2, 1}, std::vector<double>{1, 2});
  CHECK_THAT(message_of(Errc::shape_mismatch,
                        [&] {
                          run(model, {islands, two});
                        }),
             Contains("has 2 rows, the inputs before it have 1"));
  const Owned wide(DataType::float64, {1, 2}, std::vector<double>{1, 2});
  CHECK_THAT(message_of(Errc::shape_mismatch,
                        [&] {
                          run(model, {islands, wide});
                        }),
             Contains("[1, 2], expected [-1, 1]"));
  const Owned large(DataType::int64, {1, 1}, std::vector<std::int64_t>{(std::int64_t{1} << 53) + 1});
  CHECK_THAT(message_of(Errc::out_of_range,
                        [&] {
                          run(model, {islands, large});
                        }),
             Contains("input \"mass\"") && Contains("9007199254740993"));
  const Owned tenth(DataType::float64, {1, 2}, std::vector<double>{0.1, 0});
  CHECK_THAT(message_of(Errc::out_of_range, [&] { run(dense_model(), {tenth}); }), Contains("0.1"));
  const Owned vector(DataType::float32, {2}, std::vector<float>{1, 2});
  CHECK_THAT(message_of(Errc::shape_mismatch, [&] { run(dense_model(), {vector}); }),
             Contains("[2], expected [-1, 2]"));
}
