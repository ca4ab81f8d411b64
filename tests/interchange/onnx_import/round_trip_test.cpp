// What write_onnx writes, read_onnx reads.
#include "interchange/onnx_import/converted.hpp"
#include "scalar/core/random.hpp"
#include "scalar/interchange/onnx.hpp"

using namespace scalar;
using converted::largest_difference;
using converted::predict;

namespace {

const double missing = std::numeric_limits<double>::quiet_NaN();

/// Numbers, scaled or not, and texts, one of them with a text in place of missing ones: 7 features.
Encoder mixed(std::vector<std::string> classes) {
  EncoderParts parts;
  parts.columns.push_back({.name = "age", .fill = 40, .is_scaled = true, .mean = 38.5, .deviation = 12.25});
  parts.columns.push_back(
      {.name = "job", .is_text = true, .categories = {"cook", "clerk"}, .is_one_hot = true, .fill_text = "clerk"});
  parts.columns.push_back({.name = "hours", .fill = 0});
  parts.columns.push_back({.name = "city", .is_text = true, .categories = {"b", "a", "c"}, .is_one_hot = true});
  parts.classes = std::move(classes);
  return Encoder::from_parts(std::move(parts));
}

std::vector<std::vector<json::Value>> rows() {
  const json::Value none;
  return {{20.5, "cook", 3.0, "a"}, {none, "clerk", -1.0, "b"}, {61.0, "", none, ""}, {33.0, "smith", 7.5, "c"}};
}

template <class P>
interchange::ImportedModel again(const Encoder& encoder, const P& parameters) {
  return converted::read(interchange::write_onnx(encoder, parameters));
}

template <class P>
double difference(const Encoder& encoder, const P& parameters) {
  const interchange::ImportedModel original{parameters, encoder, {}};
  const interchange::ImportedModel other = again(encoder, parameters);
  CHECK(other.parameters.index() == original.parameters.index());
  CHECK(other.encoder.classes() == encoder.classes());
  return largest_difference(predict(other, rows()), predict(original, rows()));
}

}  // namespace

TEST_CASE("linear models come back from ONNX") {
  Philox random(1);
  for (const Link link : {Link::identity, Link::logistic, Link::softmax}) {
    INFO(static_cast<int>(link));
    LinearParameters linear{.features = 7, .outputs = link == Link::softmax ? 3 : 1, .link = link};
    linear.values.resize(static_cast<std::size_t>(linear.outputs * 8));
    for (double& value : linear.values) value = random.uniform() - 0.5;
    const std::vector<std::string> classes{"x", "y", "z"};
    const auto count = link == Link::identity ? 0 : link == Link::logistic ? 2 : 3;
    CHECK(difference(mixed({classes.begin(), classes.begin() + count}), linear) <= 1e-6);
  }
}

TEST_CASE("networks come back from ONNX") {
  Philox random(2);
  for (const Activation activation : {Activation::relu, Activation::tanh, Activation::logistic}) {
    MlpParameters network{.sizes = {7, 5, 4, 3}, .activation = activation, .link = Link::softmax};
    network.values.resize(network.offset(3));
    for (float& value : network.values) value = static_cast<float>(random.uniform()) - 0.5f;
    CHECK(difference(mixed({"x", "y", "z"}), network) <= 1e-6);
  }
  MlpParameters prices{.sizes = {7, 3, 1}, .target_offset = 1e6, .target_scale = 2e5};
  prices.values.resize(prices.offset(2));
  for (float& value : prices.values) value = static_cast<float>(random.uniform()) - 0.5f;
  CHECK(difference(mixed({}), prices) <= 1e-6);
}

TEST_CASE("forests come back from ONNX") {
  Forest forest{.features = 7, .outputs = 1, .link = Link::logistic};
  forest.base = {0.25};
  forest.start = {0};
  forest.tree_begin = {0, 5, 8};
  forest.tree_output = {0, 0};
  forest.feature = {0, 2, -1, -1, -1, 4, -1, -1};
  forest.value = {0.5, 0.5, -1, 1.5, 0.75, 0.5, -0.5, 0.5};
  forest.left = {1, 2, 0, 0, 0, 1, 0, 0};
  forest.right = {4, 3, 0, 0, 0, 2, 0, 0};
  forest.missing.assign(8, static_cast<std::uint8_t>(Missing::nan_left));
  check(forest);
  CHECK(difference(mixed({"x", "y"}), forest) <= 1e-6);
}
