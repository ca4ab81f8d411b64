#include "scalar/model.hpp"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/core/described.hpp"
#include "scalar/core/hash.hpp"
#include "scalar/core/json.hpp"
#include "scalar/data.hpp"
#include "scalar/spec/specs.hpp"
#include "support/errors.hpp"
#include "support/golden.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using Catch::Matchers::Contains;

namespace {

const float nan_float = std::numeric_limits<float>::quiet_NaN();

std::string golden(std::string_view name) { return test::source_file("tests/model/golden/" + std::string(name)); }

ModelInfo info() {
  return {.backend = "by hand",
          .rows = 3,
          .fit_time = std::chrono::duration<double>(0.1),
          .version = "0.1.0",
          .metrics = {{"rmse", 1.0 / 3}, {"unknown", std::numeric_limits<double>::quiet_NaN()}},
          .notes = {"a note with \"quotes\" and \xc3\xbc"}};
}

/// A number that is missing once, a text that is missing once, and a label. Mean 3, deviation 2.
Table table() {
  return Table({Column::from("size", std::vector<std::optional<double>>{1, std::nullopt, 5}),
                Column::from("city", std::vector<std::optional<std::string>>{"Zug", "Bern", std::nullopt}),
                Column::from("price", std::vector<double>{1, 2, 4})},
               "price");
}

// The models, put together by hand: their numbers are these and no others.

Model<LinearRegression> linear() {
  const LinearRegression spec{.l2 = 0.5};
  return {spec,
          {.features = 3, .outputs = 1, .link = Link::identity, .values = {0.1, -0.0, 5e-324, 1.0 / 3}},
          Encoder::fit(table(), spec.default_encoding(), TargetKind::regression),
          info()};
}
Model<LogisticRegression> logistic() {
  return {
      LogisticRegression{.l2 = 0.25, .max_iterations = 7},
      {.features = 2, .outputs = 3, .link = Link::softmax, .values = {1, -2, 0.1, 1e300, -1e-300, 3, 0.5, 0.25, -1}},
      Encoder::identity({"a", "b"}, {"red", "green", "blue"}),
      info()};
}
Model<MultilayerPerceptron> perceptron() {
  const MultilayerPerceptron spec{.hidden = {2}, .activation = Activation::tanh, .loss = Loss::squared, .seed = 9};
  return {spec,
          {.sizes = {3, 2, 1},
           .activation = Activation::tanh,
           .link = Link::identity,
           .values = {0.1f, -0.2f, 0.3f, 1e-45f, 3e38f, -0.0f, 1, 2, 0.5f, -0.5f, 0.25f},
           .target_offset = 1e9 + 0.1,
           .target_scale = 2.0 / 3},
          Encoder::fit(table(), spec.default_encoding(), TargetKind::regression),
          info()};
}
Model<GradientBoostedTrees> trees() {
  const GradientBoostedTrees spec{.trees = 2, .depth = 1};
  return {spec,
          {.features = 2,
           .outputs = 1,
           .link = Link::identity,
           .width = DataType::float32,
           .base = {0.1},
           .start = {0.5},
           .tree_begin = {0, 3, 4},
           .tree_output = {0, 0},
           .feature = {1, -1, -1, -1},
           .value = {0.25, -1.5, 2.5, 0.125},
           .left = {1, 0, 0, 0},
           .right = {2, 0, 0, 0},
           .missing = {1, 0, 0, 0}},
          Encoder::fit(table(), spec.default_encoding(), TargetKind::regression),
          info()};
}

/// Calls `use(name of its directory, model)` for a model of each spec.
template <class Use>
void for_each_model(const Use& use) {
  use("linear_regression", linear());
  use("logistic_regression", logistic());
  use("multilayer_perceptron", perceptron());
  use("gradient_boosted_trees", trees());
}

template <class A, class B>
bool same_bits(const A& a, const B& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(*a.data())) == 0;
}

/// Features of the table above, by the encoder of a golden model.
std::vector<float> features_of(const Encoder& encoder) {
  const Dataset encoded = encoder.encode(table());
  std::vector<float> all;
  for (std::int64_t i = 0; i < encoded.rows(); ++i) all.insert(all.end(), encoded.row(i).begin(), encoded.row(i).end());
  return all;
}

/// A copy of a golden model, of which a test changes something; the checksums are made right again.
struct Copy {
  test::TemporaryDirectory directory{};
  json::Object content;
  std::string parameters;

  explicit Copy(std::string_view name)
      : content(json::parse(test::read_file(golden(name) + "/manifest.json")).at("content").as_object()),
        parameters(test::read_file(golden(name) + "/parameters.bin")) {}

  static std::string hash(const std::string& text) { return sha256_hex(std::as_bytes(std::span(text))); }
  /// The message that loading it throws, which names the folder.
  std::string refusal(Errc code) {
    content["files"] = json::Object{
        {"parameters.bin", json::Object{{"bytes", std::uint64_t{parameters.size()}}, {"sha256", hash(parameters)}}}};
    const json::Value all(content);
    test::write_file(directory / "model/parameters.bin", parameters);
    test::write_file(directory / "model/manifest.json",
                     json::Value(json::Object{{"content", all}, {"sha256", hash(all.dump())}}).dump());
    return test::message_of(code, [&] { AnyModel::load(directory / "model"); });
  }
  /// Where the data of a tensor begins.
  std::size_t offset(std::string_view tensor) const {
    std::uint64_t length = 0;
    std::memcpy(&length, parameters.data() + 8, sizeof length);
    const json::Value header = json::parse(std::string_view(parameters).substr(16, length));
    return (16 + length + 63) / 64 * 64 + header.at(tensor).at("offset").as_uint();
  }
};

}  // namespace

TEST_CASE("writes the golden models", "[.write]") {
  for_each_model([](const char* name, const auto& model) {
    std::filesystem::remove_all(golden(name));
    model.save(golden(name));
  });
}

TEST_CASE("golden models are read to the bit, and written alike today") {
  const test::TemporaryDirectory directory;
  for_each_model([&]<class S>(const char* name, const Model<S>& expected) {
    INFO(name);
    const auto model = Model<S>::load(golden(name));
    CHECK(to_json(model.spec()) == to_json(expected.spec()));
    CHECK(to_bytes(model.parameters()) == to_bytes(expected.parameters()));
    CHECK(model.encoder().to_json().dump() == expected.encoder().to_json().dump());
    CHECK(model.encoder().classes() == expected.encoder().classes());

    ModelInfo seen = model.info(), told = info();
    CHECK(std::isnan(seen.metrics.at("unknown")));
    seen.metrics.erase("unknown"), told.metrics.erase("unknown");
    CHECK(seen == told);

    CHECK(AnyModel::load(golden(name)).spec_name() == S::name);
    expected.save(directory / name);
    test::check_same_files(directory / name, golden(name));
  });
}

TEST_CASE("the numbers in golden models are those that were written") {
  const auto values = Model<LinearRegression>::load(golden("linear_regression")).parameters().values;
  CHECK(same_bits(values, std::vector<double>{0.1, -0.0, 5e-324, 1.0 / 3}));
  const auto network = Model<MultilayerPerceptron>::load(golden("multilayer_perceptron")).parameters();
  CHECK(same_bits(network.values, perceptron().parameters().values));
  CHECK(network.target_offset == 1e9 + 0.1);
  CHECK(Model<GradientBoostedTrees>::load(golden("gradient_boosted_trees")).parameters() == trees().parameters());

  const std::vector<float> scaled{-1, 0, 1, 0, 1, 0, 1, 0, 0};  // size, city=Bern, city=Zug
  CHECK(same_bits(features_of(AnyModel::load(golden("linear_regression")).encoder()), scaled));
  const std::vector<float> plain = features_of(AnyModel::load(golden("gradient_boosted_trees")).encoder());
  const std::vector<float> expected{1, 1, nan_float, 0, 5, nan_float};  // size, the number of the city
  REQUIRE(plain.size() == expected.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    INFO(i);
    CHECK((plain[i] == expected[i] || (std::isnan(plain[i]) && std::isnan(expected[i]))));
  }
}

TEST_CASE("a model of another version is refused, with both versions") {
  Copy copy("linear_regression");
  for (const std::int64_t version : {1, 93}) {
    copy.content["version"] = version;
    const std::string message = copy.refusal(Errc::unsupported);
    CHECK_THAT(message,
               Contains("manifest.json") && Contains("version is " + std::to_string(version)) && Contains("version 2"));
  }
}

TEST_CASE("an encoder of another version is refused, with both versions") {
  Copy copy("linear_regression");
  json::Object encoder = copy.content.at("encoder").as_object();
  encoder["schema"] = std::int64_t{93};
  copy.content["encoder"] = encoder;
  CHECK_THAT(copy.refusal(Errc::unsupported), Contains("manifest.json") && Contains("schema is 93, expected 3"));
}

TEST_CASE("parameters of another version are refused, with both versions") {
  Copy copy("linear_regression");
  REQUIRE(copy.parameters.substr(0, 8) == "scltnsr1");
  copy.parameters[7] = '2';
  CHECK_THAT(copy.refusal(Errc::unsupported),
             Contains("parameters.bin") && Contains("version of the tensors is \"2\"") && Contains("version \"1\""));
  copy.parameters[0] = 'S';
  CHECK_THAT(copy.refusal(Errc::corrupt), Contains("parameters.bin") && Contains("scltnsr1"));
}

TEST_CASE("a forest of another version is refused, with both versions") {
  Copy copy("gradient_boosted_trees");
  char& version = copy.parameters[copy.offset("version")];
  REQUIRE(version == 3);
  version = 93;
  CHECK_THAT(copy.refusal(Errc::unsupported),
             Contains("parameters.bin") && Contains("version 93") && Contains("expected 3"));
}
