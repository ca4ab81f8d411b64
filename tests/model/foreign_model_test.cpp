#include "scalar/model/foreign_model.hpp"

#include <filesystem>
#include <fstream>

#include "scalar/data/store.hpp"
#include "scalar/model.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/executables.hpp"
#include "support/paths.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using Catch::Matchers::Contains;
using test::code_of;
using test::executable_files;
using test::message_of;
using test::TemporaryDirectory;

namespace {

/// A float tensor and its memory.
struct Floats {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
  TensorView view() const {
    return {.type = DataType::float32, .shape = shape, .data = std::as_bytes(std::span(values))};
  }
};

std::vector<float> run(const AnyModel& model, const Floats& input) {
  std::vector<Tensor> outputs;
  const TensorView view = input.view();
  model.run({&view, 1}, outputs);
  const std::span<const float> values = outputs.at(0).as<float>();
  return {values.begin(), values.end()};
}

void write(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

/// The smallest bytes that are recognized as ONNX: a version, a producer, and an empty graph.
const std::string tiny_onnx("\x08\x08\x12\x04mine\x3a\x00", 10);
/// A SavedModel without content: a version and one graph.
const std::string tiny_saved_model("\x08\x01\x12\x02\x0a\x00", 6);

}  // namespace

TEST_CASE("a foreign model answers as its executable does", "[model]") {
  const AnyModel model = ForeignModel(executable_files("affine"));
  CHECK(model.is_foreign());
  CHECK(model.spec_name() == "foreign");
  CHECK(model.signature().inputs[0].name == "x");
  CHECK(model.signature().is_batched());
  CHECK(run(model, {{2, 2}, {1, 1, 0.5, -1}}) == std::vector<float>{6, -1});
  CHECK(model.foreign().files().format == "test_executable");
  CHECK(code_of([&] { (void)model.as<LinearRegression>(); }) == Errc::type_mismatch);
}

TEST_CASE("one FP32 input and one output of numbers are rows as well", "[model]") {
  const AnyModel model = ForeignModel(executable_files("affine"));
  const Prediction prediction = model.predict(Dataset({.features = {1, 1, 0.5, -1}, .columns = 2}));
  CHECK(prediction.values == std::vector<double>{6, -1});
  CHECK(model.compiled().outputs() == 1);
  // Rows that do not lie one after the other.
  const std::vector<float> wide{1, 1, 99, 0.5, -1, 99};
  std::vector<double> out(2);
  model.predict(BatchView(FloatMatrix(wide.data(), 2, 2, 3)), BatchOut(out.data(), 2, 1));
  CHECK(out == std::vector<double>{6, -1});
  CHECK(model.encoder().inputs().size() == 2);

  const AnyModel words = ForeignModel(executable_files("repeat"));
  CHECK(
      message_of(Errc::unsupported, [&] { (void)words.predict(Dataset({.features = {1}, .columns = 1})); }) ==
      "foreign model: it takes tensors, not rows: word BYTES [-1], times UINT8 [-1, 1] -> words BYTES [-1, 1], length "
      "INT64 [-1]; use signature() and run()");
  CHECK(code_of([&] { (void)words.encoder(); }) == Errc::unsupported);
  CHECK(code_of([&] { (void)words.schema(); }) == Errc::unsupported);
}

TEST_CASE("which models are batched is found in their shapes, or said", "[model]") {
  CHECK(AnyModel(ForeignModel(executable_files("repeat"))).signature().is_batched());
  CHECK(!AnyModel(ForeignModel(executable_files("total"))).signature().is_batched());
  CHECK(!AnyModel(ForeignModel(executable_files("affine"), {.batched = false})).signature().is_batched());
  CHECK_THAT(message_of(Errc::invalid_argument, [] { ForeignModel(executable_files("total"), {.batched = true}); }),
             Contains("\"sum\" has the shape []"));
}

TEST_CASE("inputs that do not fit, and answers that do not, are errors", "[model]") {
  const AnyModel model = ForeignModel(executable_files("affine"));
  CHECK_THAT(message_of(Errc::shape_mismatch, [&] { run(model, {{1, 3}, {1, 2, 3}}); }), Contains("input \"x\""));
  CHECK_THAT(message_of(Errc::shape_mismatch, [&] { run(model, {{2, 2}, {1, 2, 3}}); }), Contains("12 bytes"));
  const AnyModel one = ForeignModel(executable_files("one_row"));
  CHECK(run(one, {{1, 2}, {1, 2}}) == std::vector<float>{7});
  CHECK_THAT(message_of(Errc::failed,
                        [&] {
                          run(one, {{2, 2}, {1, 2, 3, 4}});
                        }),
             Contains("2 rows") && Contains("[1, 1], expected [-1, 1]") && Contains(".batched = false"));
  CHECK(run(ForeignModel(executable_files("one_row"), {.batched = false}), {{2, 2}, {1, 2, 3, 4}}).size() == 1);
  const AnyModel broken = ForeignModel(executable_files("broken"));
  CHECK_THAT(message_of(Errc::failed, [&] { run(broken, {{1, 2}, {1, 2}}); }), Contains("gave up"));
}

TEST_CASE("an empty foreign model says so", "[model]") {
  const ForeignModel model;
  CHECK(!model);
  CHECK(code_of([&] { (void)model.signature(); }) == Errc::empty);
  CHECK(code_of([] { (void)AnyModel().foreign(); }) == Errc::empty);
}

TEST_CASE("a foreign model is saved and loaded in any store", "[model]") {
  const TemporaryDirectory directory;
  const Runtime runtime;
  ModelInfo info{.backend = "somebody", .metrics = {{"auc", 0.5}}, .notes = {"a note"}};
  const std::map<std::string, std::vector<std::byte>> files{{"a/empty", {}}, {"model.txt", test::bytes_of("affine")}};
  backend::ForeignFiles one = executable_files("affine");  // also enters the runner
  CHECK(code_of([&] { ForeignModel("test_executable", files, {}, info, runtime); }) ==
        Errc::corrupt);  // reads the first
  one.files["variables/empty"] = {};
  for (const data::Uri& uri : {data::Uri(directory / "model"), data::Uri("mem:models/foreign")}) {
    const AnyModel model = ForeignModel(one, {.batched = false}, info, runtime);
    model.save(uri);
    const AnyModel loaded = AnyModel::load(uri, runtime);
    CHECK(loaded.foreign().files().files == one.files);
    CHECK(loaded.foreign().options().batched == std::optional(false));
    CHECK(loaded.info() == info);
    CHECK(loaded.signature() == model.signature());
    CHECK(run(loaded, {{1, 2}, {1, 1}}) == std::vector<float>{6});
    CHECK(ForeignModel::load(uri, {}, runtime).signature().is_batched());
    // A model of another kind takes its place, and gives it back.
    const Model linear(LinearRegression{}, LinearParameters{.features = 1, .outputs = 1, .values = {1, 2}},
                       Encoder::identity({"x"}, {}), {}, runtime);
    linear.save(uri);
    CHECK(AnyModel::load(uri, runtime).spec_name() == "linear_regression");
    CHECK(code_of([&] { ForeignModel::load(uri, {}, runtime); }) == Errc::type_mismatch);
    model.save(uri);
    CHECK(AnyModel::load(uri, runtime).is_foreign());
  }
}

TEST_CASE("damaged files of a foreign model are noticed", "[model]") {
  const TemporaryDirectory directory;
  const std::string path = directory / "m";
  AnyModel(ForeignModel(executable_files("affine"))).save(path);
  const std::string parameters = path + "/parameters.bin";
  std::ostringstream text;
  text << std::ifstream(parameters, std::ios::binary).rdbuf();
  const std::string good = text.str();
  for (std::size_t at = 0; at < good.size(); at += 7) {
    std::string bad = good;
    bad[at] ^= 1;
    write(parameters, bad);
    CHECK(code_of([&] { AnyModel::load(path); }) == Errc::corrupt);
    write(parameters, good.substr(0, at));
    CHECK(code_of([&] { AnyModel::load(path); }) == Errc::corrupt);
  }
  write(parameters, good);
  CHECK_NOTHROW(AnyModel::load(path));
}

TEST_CASE("a model on another device is refused by name", "[model]") {
  const AnyModel foreign = ForeignModel(executable_files("affine"));
  CHECK(foreign.on({}).is_foreign());
  CHECK_THAT(message_of(Errc::unsupported, [&] { (void)foreign.on({.type = DeviceType::cuda, .index = 1}); }),
             Contains("cuda:1"));
  const AnyModel linear = Model(LinearRegression{}, LinearParameters{.features = 1, .outputs = 1, .values = {1, 2}},
                                Encoder::identity({"x"}, {}));
  CHECK_NOTHROW(linear.on({}));
  CHECK_THAT(message_of(Errc::unsupported, [&] { (void)linear.on({.type = DeviceType::cuda}); }), Contains("cuda:0"));
}

TEST_CASE("a file that a framework runs names the component to link", "[model]") {
  const TemporaryDirectory directory;
  const std::string path = directory / "resnet.onnx";
  write(path, tiny_onnx);
  CHECK_THAT(message_of(Errc::unavailable, [&] { AnyModel::load(path); }),
             Catch::Matchers::StartsWith(path) && Contains("Scalar::onnxruntime"));
  write(directory / "saved/saved_model.pb", tiny_saved_model);
  write(directory / "saved/variables/variables.index", "i");
  CHECK_THAT(message_of(Errc::unavailable, [&] { AnyModel::load(directory / "saved"); }),
             Catch::Matchers::StartsWith(directory / "saved") && Contains("Scalar::tensorflow"));
  CHECK_THAT(message_of(Errc::unsupported, [&] { AnyModel::load(directory / "saved/saved_model.pb"); }),
             Contains("is a folder"));
  write(directory / "net.pt", std::string("PK\x03\x04", 4) + "net/constants.pkl");
  CHECK_THAT(message_of(Errc::unavailable, [&] { AnyModel::load(directory / "net.pt"); }), Contains("Scalar::torch"));
}

TEST_CASE("what is no model file is refused with what is known", "[model]") {
  const TemporaryDirectory directory;
  write(directory / "notes.txt", "a shopping list");
  CHECK_THAT(message_of(Errc::unsupported, [&] { AnyModel::load(directory / "notes.txt"); }),
             Catch::Matchers::StartsWith(directory / "notes.txt") && Contains("XGBoost") && Contains("ONNX"));
  write(directory / "model.json", "{\"learner\": {\"gradient_booster\": 1}}");
  CHECK_THAT(message_of(Errc::corrupt, [&] { AnyModel::load(directory / "model.json"); }),
             Catch::Matchers::StartsWith(directory / "model.json"));
  CHECK(code_of([&] { ForeignModel::load(directory / "model.json"); }) == Errc::unsupported);
}

TEST_CASE("another tool's file is imported into canonical parameters", "[model]") {
  const std::string file = "tests/interchange/models/reg_logistic.json";
  const Runtime runtime;
  const std::string content = data::read_bytes(test::source_file(file));
  data::write_bytes("mem:xgb/model.json", content, runtime);
  const AnyModel model = AnyModel::load("mem:xgb/model.json", runtime);
  CHECK(!model.is_foreign());
  CHECK(model.info().backend == "xgboost");
  CHECK_THAT(model.info().notes.back(), Contains("imported"));
  model.save("mem:xgb/saved");
  CHECK(AnyModel::load("mem:xgb/saved", runtime).spec_name() == model.spec_name());
}

TEST_CASE("the files with an ONNX model's tensors are read beside it", "[model]") {
  const TemporaryDirectory directory;
  const auto copy = [&](const char* name) {
    std::filesystem::copy_file(test::source_file(std::string("tests/backend/onnxruntime/models/") + name + ".onnx"),
                               directory / name + ".onnx");
  };
  copy("external");  // its tensor lies in weights.bin
  copy("escaping");  // and that one's in ../weights.bin
  CHECK_THAT(message_of(Errc::not_found, [&] { AnyModel::load(directory / "external.onnx"); }),
             Contains("weights.bin"));
  CHECK_THAT(message_of(Errc::corrupt, [&] { AnyModel::load(directory / "escaping.onnx"); }),
             Catch::Matchers::StartsWith(directory / "escaping.onnx"));
  write(directory / "weights.bin", std::string(8, '\0'));
  CHECK(code_of([&] { AnyModel::load(directory / "external.onnx"); }) == Errc::unavailable);  // nothing runs it
}
