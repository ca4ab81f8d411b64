#include "scalar/model.hpp"

#include <sys/stat.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <new>
#include <sstream>
#include <thread>

#include "scalar/backend/erase.hpp"
#include "scalar/core/random.hpp"
#include "scalar/data.hpp"
#include "scalar/model/register_spec.hpp"
#include "scalar/spec/parameters.hpp"
#include "scalar/trainer.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

namespace outside {

/// A spec that is not in the library's list, with parameters that are.
struct Ridge {
  double penalty = 1;
  static constexpr std::string_view name = "outside_ridge";
  static constexpr auto fields() { return std::tuple{scalar::field<&Ridge::penalty>.in(0, 10)}; }
  scalar::TargetKind target() const { return scalar::TargetKind::regression; }
  scalar::Encoding default_encoding() const { return {}; }
};
/// Its name is that of a spec of the library.
struct Taken {
  static constexpr std::string_view name = "linear_regression";
  static constexpr auto fields() { return std::tuple{}; }
  scalar::TargetKind target() const { return scalar::TargetKind::regression; }
  scalar::Encoding default_encoding() const { return {}; }
};

/// Learns it by a spec of the library.
struct ByNative {
  std::string_view name() const { return "by_native"; }
  scalar::Support supports(const Ridge&, int) const { return {}; }
  scalar::LinearParameters fit(const Ridge& spec, const scalar::Dataset& data, const scalar::FitOptions& options,
                               const scalar::Runtime& runtime) const {
    return scalar::backend::Native{}.fit(scalar::LinearRegression{.l2 = spec.penalty}, data, options, runtime);
  }
};

}  // namespace outside
template <>
struct scalar::ParametersOf<outside::Ridge> {
  using type = scalar::LinearParameters;
};

template <>
struct scalar::ParametersOf<outside::Taken> {
  using type = scalar::LinearParameters;
};

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

/// A model that nothing here trained: two leaves, by a set of categories.
Model<TreeEnsemble> imported_trees() {
  Forest forest{.features = 3, .outputs = 1, .link = Link::logistic, .base = {0}, .start = {0.5}};
  forest.tree_begin = {0, 3};
  forest.tree_output = {0};
  forest.feature = {1, -1, -1};
  forest.value = {0, -1, 2};
  forest.left = {1, 0, 0};
  forest.right = {2, 0, 0};
  forest.missing = {2, 0, 0};
  forest.category_set = {0, -1, -1};
  forest.category_begin = {0, 1};
  forest.category_words = {1};
  return {TreeEnsemble{.link = Link::logistic}, std::move(forest),
          Encoder::identity({"f0", "f1", "f2"}, {"no", "yes"})};
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
  std::vector<AnyModel> models = one_of_each();
  models.emplace_back(imported_trees());
  for (const AnyModel& model : models) {
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
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 5);  // nothing left aside
}

TEST_CASE("a file to predict is read with the model's schema", "[model]") {
  const Table train =
      data::parse_csv("code,x,old,y\nA,1,true,u\n7,2.5,false,v\nA,3,true,u\n7,4,false,v\n", {.label = "y"});
  const AnyModel model = Trainer{LogisticRegression{}}.fit(train);
  const Schema schema = model.schema();
  REQUIRE(schema.columns.size() == 4);
  CHECK(schema.label == "y");
  CHECK((schema.columns[0].name == "code" && schema.columns[0].type == ReadAs::text));
  CHECK((schema.columns[1].name == "x" && schema.columns[1].type == ReadAs::number));
  CHECK(schema.columns[2].type == ReadAs::number);
  CHECK((schema.columns[3].type == ReadAs::text && schema.columns[3].optional));
  // By inference this code is a number, which the model cannot read.
  const std::string file = "x,old,code\n4,false,7\n2,1,7\n";
  CHECK_THROWS_WITH(model.predict(data::parse_csv(file)), Contains("expected text, got int64"));
  const Table fresh = data::parse_csv(file, {.schema = schema});
  CHECK(fresh.label().empty());
  CHECK(model.predict(fresh).label(0) == "v");
  CHECK(data::parse_csv("y,code,x,old\nu,7,1,true\n", {.schema = schema}).label() == "y");
  CHECK_THROWS_WITH(data::parse_csv("code,x,old\nA,1,true\nA,2.5O,false\n", {.schema = schema}),
                    "csv:3:3: column \"x\": expected a number, got \"2.5O\"");
  CHECK_THROWS_WITH(data::parse_csv("code,x\nA,1\n", {.schema = schema}),
                    Contains("ReadCsvOptions.schema names \"old\""));
  // Classes that may be numbers are inferred, as they were; a label of a regression is a number.
  const Table digits = data::parse_csv("x,y\n1,0\n2,1\n", {.label = "y"});
  CHECK(Trainer{LogisticRegression{}}.fit(digits).schema().columns[1].type == ReadAs::inferred);
  CHECK(Trainer{LinearRegression{}}.fit(digits).schema().columns[1].type == ReadAs::number);
  const Table codes = data::parse_csv("x,y\n1,00\n2,01\n", {.label = "y"});
  CHECK(Trainer{LogisticRegression{}}.fit(codes).schema().columns[1].type == ReadAs::text);
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
    if (model.spec_name() == GradientBoostedTrees::name || model.spec_name() == TreeEnsemble::name)
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
  CHECK_THROWS_WITH(one_of_each()[0].save(directory / "home"), Contains("holds \"thesis.txt\", so it is not a model"));
  CHECK(read(directory / "home/thesis.txt") == "years of work");
  std::filesystem::create_directories(directory / "empty");
  CHECK_NOTHROW(one_of_each()[0].save(directory / "empty"));
}

TEST_CASE("a spec from outside the library is trained, saved and, once registered, loaded", "[model]") {
  const TemporaryDirectory directory;
  const std::string path = directory / "model";
  const Dataset data = numbers(50, {});
  const AnyBackend by_name(backend::erase<outside::Ridge>(outside::ByNative{}));
  const auto model = Trainer{outside::Ridge{.penalty = 2}, by_name}.fit(data);
  CHECK(model.parameters().values ==
        Trainer{outside::Ridge{.penalty = 2}, outside::ByNative{}}.fit(data).parameters().values);
  model.save(path);
  CHECK_THROWS_WITH(AnyModel::load(path),
                    Contains("manifest.json: a model of \"outside_ridge\"") && Contains("register_spec"));
  CHECK(register_spec<outside::Ridge>());
  CHECK(register_spec<outside::Ridge>());  // once more is harmless
  CHECK(!register_spec<outside::Taken>());
  const auto loaded = AnyModel::load(path);
  CHECK(loaded.predict(data).values == model.predict(data).values);
  CHECK(loaded.as<outside::Ridge>().spec().penalty == 2);
}

TEST_CASE("a model lives in any store that its Runtime knows", "[model]") {
  const Runtime runtime;
  const Dataset data = numbers(50, {});
  const data::Uri uri("mem:models/ridge");
  CHECK_THROWS_WITH(AnyModel::load(uri, runtime), Contains("mem:models/ridge/manifest.json"));
  const auto model = Trainer{LinearRegression{}, backend::Native{}, runtime}.fit(data);
  model.with_metric("rmse", 0.25).save(uri);
  const auto loaded = Model<LinearRegression>::load(uri, runtime);
  CHECK(loaded.predict(data).values == model.predict(data).values);
  CHECK(loaded.info().metrics.at("rmse") == 0.25);
  CHECK(data::list(uri, runtime).size() == 2);

  const auto other = Trainer{LinearRegression{.l2 = 5}, backend::Native{}, runtime}.fit(data);
  other.save(uri);
  CHECK(AnyModel::load(uri, runtime).predict(data).values == other.predict(data).values);
  CHECK(data::list(uri, runtime).size() == 2);  // what the first one had is gone

  data::write_bytes(uri / "thesis.txt", "years of work", runtime);
  CHECK_THROWS_WITH(model.save(uri), Contains("mem:models/ridge") && Contains("holds \"thesis.txt\""));
  data::remove(uri / "thesis.txt", runtime);
  for (const data::ObjectInfo& object : data::list(uri, runtime))
    if (!object.uri.path().ends_with("manifest.json")) data::remove(object.uri, runtime);
  CHECK_THROWS_WITH(AnyModel::load(uri, runtime), Contains("mem:models/ridge/parameters-"));
  CHECK_THROWS_WITH(model.save("nowhere:model"), Contains("nowhere"));
  CHECK_THROWS_WITH(AnyModel::load("nowhere:model", runtime), Contains("nowhere"));
}

TEST_CASE("a model with one more metric shares the rest", "[model]") {
  const AnyModel model = Trainer{LinearRegression{}}.fit(numbers(50, {}));
  const AnyModel other = model.with_metric("rmse", 0.5).with_metric("mae", 0.25);
  CHECK(&other.compiled() == &model.compiled());
  CHECK(model.info().metrics.empty());
  CHECK(other.info().metrics == std::map<std::string, double>{{"mae", 0.25}, {"rmse", 0.5}});
  CHECK(other.as<LinearRegression>().info() == other.info());
  CHECK_THROWS_WITH(AnyModel().with_metric("rmse", 1), Contains("nothing was fitted or loaded"));
}

TEST_CASE("a load beside saves of the same place sees one of the models, whole", "[model]") {
  const TemporaryDirectory directory;
  const Runtime runtime;
  const data::Uri path = GENERATE(true, false) ? data::Uri("mem:model") : data::Uri(directory / "model");
  const AnyModel models[] = {
      Trainer{LinearRegression{}, backend::Native{}, runtime}.fit(numbers(50, {})),
      Trainer{GradientBoostedTrees{.trees = 1, .loss = Loss::squared}, backend::Native{}, runtime}.fit(
          numbers(50, {}))};
  models[0].save(path);
  std::atomic<bool> saved = false;
  std::jthread saving([&] {
    for (int i = 1; i <= 300; ++i) models[i % 2].save(path);
    saved = true;
  });
  int loads = 0;
  do {
    const AnyModel loaded = AnyModel::load(path, runtime);  // throws where it sees parts of two
    const bool first = loaded.spec_name() == models[0].spec_name();
    REQUIRE(loaded.spec_json() == models[first ? 0 : 1].spec_json());
    ++loads;
  } while (!saved);
  CHECK(loads > 0);
}

TEST_CASE("a model that is removed while it is loaded is there whole, or not found", "[model]") {
  const TemporaryDirectory directory;
  const std::string path = directory / "model";
  const AnyModel model = Trainer{LinearRegression{}}.fit(numbers(50, {}));
  std::atomic<bool> removed = false;
  std::jthread removing([&] {
    for (int i = 0; i < 100; ++i) {
      model.save(path);
      std::filesystem::remove_all(path);
    }
    removed = true;
  });
  do {
    try {
      const AnyModel loaded = AnyModel::load(path);
      REQUIRE(loaded.spec_name() == model.spec_name());
    } catch (const Error& error) {
      REQUIRE(error.code() == Errc::not_found);
    }
  } while (!removed);
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
    CHECK_THROWS_WITH(from_bytes(to_bytes(wrong), read), Contains("offset or scale of the targets"));
  }
}
