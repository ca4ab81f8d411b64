#include "scalar/model.hpp"

#include <sys/stat.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <new>
#include <sstream>

#include "scalar/core/random.hpp"
#include "scalar/data.hpp"
#include "scalar/spec/parameters.hpp"
#include "scalar/trainer.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using Catch::Matchers::Contains;
using test::TemporaryDirectory;

namespace {

Dataset numbers(std::int64_t rows, std::vector<std::string> classes) {
  Philox random(3);
  DatasetParts parts{.columns = 3, .classes = std::move(classes)};
  for (std::int64_t i = 0; i < rows; ++i) {
    for (int j = 0; j < 3; ++j) parts.features.push_back(static_cast<float>(random.uniform()));
    const float* x = parts.features.data() + 3 * i;
    const double score = x[0] + 2 * x[1] - x[2];
    parts.targets.push_back(parts.classes.empty() ? static_cast<float>(score)
                                                  : static_cast<float>(score < 0.5   ? 0
                                                                       : score < 1.2 ? 1
                                                                                     : parts.classes.size() - 1));
  }
  return Dataset(parts);
}

/// One trained model of each spec.
std::vector<AnyModel> one_of_each() {
  const Dataset classes = numbers(200, {"a", "b", "c"}), values = numbers(200, {});
  return {Trainer{LinearRegression{}}.fit(values), Trainer{LogisticRegression{}}.fit(classes),
          Trainer{MultilayerPerceptron{.hidden = {8}, .epochs = 2}}.fit(classes),
          Trainer{GradientBoostedTrees{.trees = 3, .depth = 3, .loss = Loss::softmax}}.fit(classes)};
}

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}
void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

Errc code_of_loading(const std::string& path) {
  try {
    AnyModel::load(path);
    return Errc::ok;
  } catch (const Error& error) {
    CHECK(error.context().substr(0, path.size()) == path);
    return error.code();
  }
}

}  // namespace

TEST_CASE("an empty model says so", "[model]") {
  const Model<LinearRegression> model;
  CHECK(!model);
  CHECK_THROWS_WITH(model.parameters(), "Model of linear_regression: nothing was fitted or loaded into this model");
  CHECK_THROWS_AS(AnyModel().predict(Table()), Error);
}

TEST_CASE("a saved model answers the same bits when it is loaded", "[model]") {
  const TemporaryDirectory directory;
  for (const AnyModel& model : one_of_each()) {
    const std::string path = directory / std::string(model.spec_name());
    model.save(path);
    const AnyModel loaded = AnyModel::load(path);
    CHECK(loaded.spec_name() == model.spec_name());
    CHECK(loaded.spec_json() == model.spec_json());
    CHECK(loaded.info() == model.info());
    CHECK(loaded.encoder().classes() == model.encoder().classes());
    const Dataset fresh = numbers(500, {});
    const Prediction before = model.predict(fresh), after = loaded.predict(fresh);
    REQUIRE(before.values.size() == after.values.size());
    CHECK(std::memcmp(before.values.data(), after.values.data(), before.values.size() * sizeof(double)) == 0);
    // Saving what was loaded writes the same bytes, also over a directory that is there.
    const std::string manifest = read(path + "/manifest.json"), parameters = read(path + "/parameters.bin");
    loaded.save(path);
    CHECK(read(path + "/manifest.json") == manifest);
    CHECK(read(path + "/parameters.bin") == parameters);
  }
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 4);  // nothing left aside
}

TEST_CASE("a flipped byte anywhere is noticed", "[model]") {
  const TemporaryDirectory directory;
  const std::string path = directory / "m";
  one_of_each()[0].save(path);
  for (const char* name : {"/manifest.json", "/parameters.bin"}) {
    const std::string whole = read(path + name);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
      write(path + name, changed);
      const Errc code = code_of_loading(path);
      if (code != Errc::corrupt && code != Errc::unsupported)
        FAIL(name << " byte " << at << " gave " << scalar::name(code));
    }
    write(path + name, whole);
  }
  CHECK(code_of_loading(path) == Errc::ok);
}

TEST_CASE("a file cut anywhere, or too long, is noticed", "[model]") {
  const TemporaryDirectory directory;
  const std::string path = directory / "m";
  one_of_each()[3].save(path);
  for (const char* name : {"/manifest.json", "/parameters.bin"}) {
    const std::string whole = read(path + name);
    for (std::size_t length = 0; length < whole.size(); length += 1 + whole.size() / 300) {
      write(path + name, whole.substr(0, length));
      CHECK(code_of_loading(path) == Errc::corrupt);
    }
    write(path + name, whole + "x");
    CHECK(code_of_loading(path) == Errc::corrupt);
    write(path + name, whole);
  }
}

TEST_CASE("lengths of 2^63 in the parameters are refused before memory is taken", "[model]") {
  TensorWriter writer;
  writer.add<double>("weights", {1, 1}, std::vector<double>{1});
  writer.add<double>("intercepts", {1}, std::vector<double>{0});
  writer.add<std::uint8_t>("link", {1}, std::vector<std::uint8_t>{0});
  const std::vector<std::byte> good = writer.finish();
  LinearParameters parameters;
  CHECK_NOTHROW(from_bytes(good, parameters));

  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string text(reinterpret_cast<const char*>(good.data()), good.size());
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    const std::uint64_t grown = to.size() - from.size();
    std::uint64_t length;
    std::memcpy(&length, text.data() + 8, 8);
    length += grown;
    std::memcpy(text.data() + 8, &length, 8);
    const auto bytes = std::as_bytes(std::span(text));
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  const auto code = [&](const std::vector<std::byte>& bytes) {
    try {
      LinearParameters target;
      from_bytes(bytes, target);
      return Errc::ok;
    } catch (const Error& error) {
      return error.code();
    }
  };
  CHECK(code(replaced("\"shape\":[1,1]", "\"shape\":[9223372036854775807,1]")) == Errc::corrupt);
  CHECK(code(replaced("\"shape\":[1,1]", "\"shape\":[4294967296,4294967296]")) == Errc::corrupt);
  CHECK(code(replaced("\"shape\":[1,1]", "\"shape\":[-1,1]")) == Errc::corrupt);
  CHECK(code(replaced("\"bytes\":8", "\"bytes\":9223372036854775808")) == Errc::corrupt);
  CHECK(code(replaced("\"offset\":0", "\"offset\":18446744073709551552")) == Errc::corrupt);
  std::vector<std::byte> length = good;
  std::memset(length.data() + 8, 0x7f, 8);
  CHECK(code(length) == Errc::corrupt);
}

TEST_CASE("what is no model, or of another spec, is named", "[model]") {
  const TemporaryDirectory directory;
  CHECK(code_of_loading(directory / "none") == Errc::not_found);
  CHECK(code_of_loading(directory.path()) == Errc::not_found);
  const std::string path = directory / "m";
  one_of_each()[0].save(path);
  CHECK_THROWS_WITH(Model<GradientBoostedTrees>::load(path),
                    "this is a model of linear_regression, not of gradient_boosted_trees");
  CHECK_THROWS_WITH(one_of_each()[0].save(directory / "no/such/place"), Contains("cannot make a directory"));
  write(directory / "file", "");
  CHECK_THROWS_AS(one_of_each()[0].save(directory / "file"), Error);
}

TEST_CASE("parts that do not belong together do not become a model", "[model]") {
  LinearParameters two{.features = 2, .outputs = 1, .values = {1, 2, 3}};
  CHECK_THROWS_WITH(Model(LinearRegression{}, two, Encoder::identity({"only"}, {})),
                    Contains("take 2 features, the encoder gives 1"));
  LinearParameters binary{.features = 1, .outputs = 1, .link = Link::logistic, .values = {1, 2}};
  CHECK_THROWS_WITH(Model(LogisticRegression{}, binary, Encoder::identity({"x"}, {"a", "b", "c"})),
                    Contains("2 classes apart, the encoder knows 3"));
}

TEST_CASE("predictions say the class, and shapes are checked", "[model]") {
  LinearParameters binary{.features = 1, .outputs = 1, .link = Link::logistic, .values = {1, 0}};
  const Model model(LogisticRegression{}, binary, Encoder::identity({"x"}, {"no", "yes"}));
  const Prediction prediction = model.predict(Dataset({.features = {-2, 2}, .columns = 1}));
  CHECK(prediction.label(0) == "no");
  CHECK(prediction.label(1) == "yes");
  CHECK(prediction.row(1)[1] == Approx(1 / (1 + std::exp(-2.0))));
  std::vector<float> x(4);
  std::vector<double> y(4);
  CHECK_THROWS_WITH(model.predict(BatchView(FloatMatrix(x.data(), 2, 2)), BatchOut(y.data(), 2, 2)),
                    Contains("the batch is [2, 2], expected [2, 1]"));
  CHECK_THROWS_WITH(model.predict(BatchView(FloatMatrix(x.data(), 2, 1)), BatchOut(y.data(), 2, 1)),
                    Contains("the output is [2, 1], expected [2, 2]"));
}

TEST_CASE("an infinity, or a missing value that a model cannot do without, is no confident answer", "[model]") {
  const float inf = std::numeric_limits<float>::infinity(), missing = std::numeric_limits<float>::quiet_NaN();
  for (const AnyModel& model : one_of_each()) {
    for (const float value : {inf, -inf})
      CHECK_THROWS_WITH(model.predict(Dataset({.features = {0, 0, 0, 0, value, 0}, .columns = 3})),
                        Contains("row 1, \"f1\": an infinity"));
    const Dataset unknown({.features = {0, 0, 0, 0, missing, 0}, .columns = 3});
    if (model.spec_name() == GradientBoostedTrees::name)
      CHECK(std::isfinite(model.predict(unknown).values.back()));
    else
      CHECK_THROWS_WITH(model.predict(unknown), Contains("row 1 has no finite prediction"));
  }
}

TEST_CASE("a batch whose columns differ in length is refused, however many rows it has", "[model]") {
  const Table table = data::parse_csv("a,t,y\n1,x,1\n2,z,2\n3,x,4\n", {.label = "y"});
  const auto model = Trainer{LinearRegression{}}.fit(table);
  const std::vector<double> few(10, 1.0);
  for (const std::size_t rows : {50, 100, 5000}) {
    const std::vector<std::string_view> texts(rows, "x");
    const std::vector<BatchColumn> columns{{.numbers = few}, {.texts = texts}};
    std::vector<double> out(rows);
    const auto count = static_cast<std::int64_t>(rows);
    CHECK_THROWS_WITH(model.predict(BatchView(columns, count), BatchOut(out.data(), count, 1)),
                      Contains("an input column has 10 values, the batch " + std::to_string(rows) + " rows"));
  }
}

TEST_CASE("an error in a large table says which rows", "[model]") {
  const Table table = data::parse_csv("t,y\nx,1\nz,2\nx,4\n", {.label = "y"});
  const auto model = Trainer{LinearRegression{}}.with_encoding({.unknown = Unknown::error}).fit(table);
  TextValues texts{.dictionary = {"x", "new"}, .codes = std::vector<std::uint32_t>(6000, 0)};
  texts.codes[5000] = 1;
  CHECK_THROWS_WITH(model.predict(Table({{.name = "t", .values = texts}})),
                    Contains("counted from row 4096") && Contains("row 904"));
}

TEST_CASE("saving replaces models only", "[model]") {
  const TemporaryDirectory directory;
  std::filesystem::create_directories(directory / "home");
  write(directory / "home/thesis.txt", "years of work");
  CHECK_THROWS_WITH(one_of_each()[0].save(directory / "home"), Contains("holds \"thesis.txt\", so it is no model"));
  CHECK(read(directory / "home/thesis.txt") == "years of work");
  std::filesystem::create_directories(directory / "empty");
  CHECK_NOTHROW(one_of_each()[0].save(directory / "empty"));
}

TEST_CASE("a large batch is the same as its rows one by one", "[model]") {
  const Dataset fresh = numbers(3000, {});
  for (const AnyModel& model : one_of_each()) {
    const Prediction all = model.predict(fresh);
    for (const std::int64_t row : {0, 63, 64, 1023, 1024, 2999}) {
      const Prediction one = model.predict(fresh.slice(row, 1));
      for (std::int64_t k = 0; k < all.outputs; ++k)
        CHECK(one.values[static_cast<std::size_t>(k)] ==
              Approx(all.row(row)[static_cast<std::size_t>(k)]).epsilon(1e-5).margin(1e-6));
    }
  }
}

TEST_CASE("files keep notes, shifts of features and offsets of targets", "[model]") {
  const TemporaryDirectory directory;
  std::vector<std::int64_t> days;
  std::vector<double> prices;
  for (int i = 0; i < 60; ++i) days.push_back(20240100 + i), prices.push_back(1.7e9 + 0.25 * (i % 7));
  const Table table({Column{"day", days, {}}, Column{"price", prices, {}}}, "price");
  const MultilayerPerceptron spec{.hidden = {4}, .loss = Loss::squared, .epochs = 20};
  const auto fitted = Trainer{spec}.with_encoding({.impute = Impute::keep, .scale = Scale::none}).fit(table);
  ModelInfo info = fitted.info();
  info.notes = {"one \"odd\" thing", "another"};
  const Model<MultilayerPerceptron> model(spec, fitted.parameters(), fitted.encoder(), info);
  model.save(directory / "m");
  const auto loaded = Model<MultilayerPerceptron>::load(directory / "m");
  CHECK(loaded.info().notes == info.notes);
  CHECK(loaded.parameters() == model.parameters());
  CHECK(loaded.parameters().target_offset == Approx(1.7e9).epsilon(1e-9));
  CHECK(loaded.predict(table).values == model.predict(table).values);
  for (const double price : loaded.predict(table).values) CHECK(std::abs(price - 1.7e9) < 5);

  MlpParameters wrong = model.parameters();
  for (const double scale : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    wrong.target_scale = scale;
    MlpParameters read;
    CHECK_THROWS_WITH(from_bytes(to_bytes(wrong), read), Contains("the scale of the targets"));
  }
}
