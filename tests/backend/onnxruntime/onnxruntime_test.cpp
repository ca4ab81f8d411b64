#include "scalar/backend/onnxruntime/onnxruntime.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "backend/onnxruntime/models.hpp"
#include "support/errors.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using Catch::Contains;
using models::Given;
using Shape = std::vector<std::int64_t>;

TEST_CASE("linking the component enters the backend and the runner of ONNX models") {
  const std::vector<std::string> names = backend::available();
  CHECK(std::find(names.begin(), names.end(), "onnxruntime") != names.end());
  if (!models::onnxruntime()) return;
  CHECK(backend::named("onnxruntime").name() == "onnxruntime");
  const Executable model = backend::open_foreign(models::files("fixed"));
  CHECK(model.signature().inputs.at(0).name == "x");
}

TEST_CASE("a library that is not there, or is not ONNX Runtime, is unavailable") {
  const auto open = [](const char* path) { return [path] { (void)backend::OnnxRuntime({.library = path}); }; };
  CHECK_THAT(test::message_of(Errc::unavailable, open("/nowhere/libonnxruntime.so")),
             Contains("/nowhere/libonnxruntime.so") && Contains("fetch-frameworks.sh"));
  CHECK_THAT(test::message_of(Errc::unavailable, open("libm.so.6")),
             Contains("no function OrtGetApiBase") && Contains("1.16 or newer"));
  // A program of another architecture: the header of an ELF file for a 64-bit ARM.
  const test::TemporaryDirectory folder;
  const std::string path = folder / "libonnxruntime.so";
  std::string arm(64, '\0');
  arm.replace(0, 8,
              std::string("\x7f"
                          "ELF\2\1\1\0",
                          8))
      .replace(16, 4, std::string("\3\0\xb7\0", 4));
  test::write_file(path, arm);
  CHECK_THAT(test::message_of(Errc::unavailable, open(path.c_str())), Contains(path));
}

TEST_CASE("a version that would report to its makers is refused unless it is told not to") {
  const auto runtime = models::onnxruntime();
  if (!runtime || std::stoi(runtime->version().substr(2)) < 29) return;
  REQUIRE(unsetenv("ORT_DISABLE_TELEMETRY") == 0);
  const std::string message = test::message_of(Errc::unavailable, [] { (void)backend::OnnxRuntime(); });
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);
  CHECK_THAT(message, Contains("prepare_process()") && Contains("ORT_DISABLE_TELEMETRY"));
  CHECK_NOTHROW(backend::OnnxRuntime());
}

TEST_CASE("every element type goes through unchanged") {
  const auto runtime = models::onnxruntime();
  if (!runtime) return;
  const Executable model = runtime->open(models::files("types"));
  const Signature& signature = model.signature();
  REQUIRE(signature.inputs.size() == 14);
  CHECK(signature.is_batched());
  std::vector<Given> given;
  for (const TensorInfo& input : signature.inputs) {
    CHECK(name(input.type) == input.name);
    CHECK(input.shape == Shape{-1, 3});
    Given& one = given.emplace_back(Given{input.type, {2, 3}});
    if (input.type == DataType::bytes) {
      one.texts = {"", "a", "Łódź", "\n\t", "longer than a short string can be", "0"};
      continue;
    }
    for (std::size_t i = 0; i < 6 * size_bytes(input.type); ++i)  // a BOOL is 0 or 1
      one.data.push_back(static_cast<std::byte>(input.type == DataType::boolean ? i % 2 : 37 * i + 1));
  }
  const std::vector<Tensor> outputs = models::run(model, given);
  REQUIRE(outputs.size() == given.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    INFO(signature.inputs[i].name);
    CHECK(signature.outputs[i].type == given[i].type);
    CHECK(outputs[i].type == given[i].type);
    CHECK(outputs[i].shape == given[i].shape);
    CHECK((outputs[i].data == given[i].data));
    CHECK(std::equal(outputs[i].texts.begin(), outputs[i].texts.end(), given[i].texts.begin(), given[i].texts.end()));
  }
}

TEST_CASE("a model has several inputs and outputs, and any number of rows") {
  const auto runtime = models::onnxruntime();
  if (!runtime) return;
  const Executable model = runtime->open(models::files("two_inputs"));
  CHECK(model.signature() ==
        Signature{.inputs = {{"a", DataType::float32, {-1, 3}, true}, {"c", DataType::float32, {-1, 2}, true}},
                  .outputs = {{"y", DataType::float32, {-1, 2}, true}, {"sum", DataType::float32, {-1}, true}}});
  std::vector<Tensor> outputs =
      models::run(model, {Given::floats({2, 3}, {1, 2, 3, -4, 0, 1}), Given::floats({2, 2}, {10, 20, 0, 0.25f})});
  CHECK(outputs[0].shape == Shape{2, 2});
  CHECK(models::numbers<float>(outputs[0]) == std::vector<float>{25.5f, 47.5f, 0, 7});
  CHECK(outputs[1].shape == Shape{2});
  CHECK(models::numbers<float>(outputs[1]) == std::vector<float>{73, 7});
  outputs = models::run(model, {Given::floats({0, 3}, {}), Given::floats({0, 2}, {})});
  CHECK(outputs[0].shape == Shape{0, 2});
  CHECK(outputs[0].data.empty());
  CHECK(outputs[1].shape == Shape{0});
}

TEST_CASE("outputs keep their memory from call to call") {
  const auto runtime = models::onnxruntime();
  if (!runtime) return;
  const Executable model = runtime->open(models::files("fixed"));
  const Given given = Given::numbers<double>(DataType::float64, {2, 2}, {1, -2, 3, 0.5});
  const TensorView view = given.view();
  std::vector<Tensor> outputs;
  model.run({&view, 1}, outputs);
  const std::byte* const before = outputs.at(0).data.data();
  model.run({&view, 1}, outputs);
  CHECK(outputs[0].data.data() == before);
  CHECK(models::numbers<double>(outputs[0]) == std::vector<double>{1, 4, 9, 0.25});
}

TEST_CASE("models that mix their rows are not batched") {
  const auto runtime = models::onnxruntime();
  if (!runtime) return;
  CHECK_FALSE(runtime->open(models::files("fixed")).signature().is_batched());
  CHECK_FALSE(runtime->open(models::files("steps")).signature().is_batched());
  const Executable scalar = runtime->open(models::files("scalar"));
  CHECK_FALSE(scalar.signature().is_batched());
  const std::vector<Tensor> outputs = models::run(scalar, {Given::numbers<std::int64_t>(DataType::int64, {}, {21})});
  CHECK(outputs[0].shape.empty());
  CHECK(models::numbers<std::int64_t>(outputs[0]) == std::vector<std::int64_t>{42});
}

TEST_CASE("the maps that converters of classifiers write become a tensor") {
  const auto runtime = models::onnxruntime();
  if (!runtime) return;
  const Executable model = runtime->open(models::files("zipmap"));
  CHECK(model.signature().outputs.at(0) == TensorInfo{"probabilities", DataType::float32, {-1, -1}, true});
  const std::vector<Tensor> outputs = models::run(model, {Given::floats({2, 3}, {0, 0, 0, 0, 1, std::log(2.0f)})});
  CHECK(outputs[0].shape == Shape{2, 3});
  // The maps are sorted by class: maybe, no, yes.
  const float e = std::exp(1.0f);
  const std::vector<float> expected{1 / 3.0f, 1 / 3.0f, 1 / 3.0f, e / (3 + e), 1 / (3 + e), 2 / (3 + e)};
  for (std::size_t i = 0; i < 6; ++i) CHECK(outputs[0].as<float>()[i] == Approx(expected[i]));
  CHECK_THAT(test::message_of(Errc::unsupported, [&] { (void)runtime->open(models::files("list")); }),
             Contains("list.onnx") && Contains("output \"xs\"") && Contains("tensors only"));
}

TEST_CASE("text comes in and goes out") {
  const auto runtime = models::onnxruntime();
  if (!runtime) return;
  const Executable model = runtime->open(models::files("text"));
  Given cities{DataType::bytes, {3, 1}, {}, {"Paris", "Łódź", ""}};
  const std::vector<Tensor> outputs = models::run(model, {cities});
  CHECK(models::numbers<std::int64_t>(outputs[0]) == std::vector<std::int64_t>{2, 1, -1});
  CHECK(outputs[1].texts == std::vector<std::string>{"France", "Polska", "?"});
  cities.texts[1] = std::string_view("a\0b", 3);
  CHECK_THAT(test::message_of(Errc::invalid_argument, [&] { (void)models::run(model, {cities}); }),
             Contains("city") && Contains("element 1"));
}

TEST_CASE("inputs that do not fit are refused by name") {
  const auto runtime = models::onnxruntime();
  if (!runtime) return;
  const Executable model = runtime->open(models::files("two_inputs"));
  const Given a = Given::floats({1, 3}, {1, 2, 3}), c = Given::floats({1, 2}, {1, 2});
  const auto message = [&](Errc code, std::vector<Given> given) {
    return test::message_of(code, [&] { (void)models::run(model, given); });
  };
  CHECK_THAT(message(Errc::shape_mismatch, {a}), Contains("1 inputs, expected 2"));
  CHECK_THAT(message(Errc::type_mismatch, {a, Given::numbers<double>(DataType::float64, {1, 2}, {1, 2})}),
             Contains("input \"c\"") && Contains("FP64") && Contains("FP32"));
  CHECK_THAT(message(Errc::shape_mismatch, {a, Given::floats({1, 3}, {1, 2, 3})}),
             Contains("input \"c\"") && Contains("[1, 3]") && Contains("[-1, 2]"));
  CHECK_THAT(message(Errc::shape_mismatch, {a, Given::floats({2}, {1, 2})}), Contains("input \"c\""));
  CHECK_THAT(message(Errc::shape_mismatch, {a, Given::floats({1, 2}, {1})}), Contains("4 bytes, expected 8"));
  CHECK_THAT(message(Errc::shape_mismatch, {a, Given::floats({-1, 2}, {})}), Contains("input \"c\""));
  CHECK_THAT(message(Errc::shape_mismatch, {Given::floats({std::int64_t{1} << 62, 3}, {1, 2, 3}), c}),
             Contains("input \"a\""));
  // Sizes that only the graph refuses: one row and two.
  CHECK_THAT(message(Errc::failed, {Given::floats({3, 3}, std::vector<float>(9)), Given::floats({2, 2}, {1, 2, 3, 4})}),
             Contains("two_inputs.onnx"));
  CHECK(models::numbers<float>(models::run(model, {a, c})[0]) == std::vector<float>{7.5f, 11.5f});
}

TEST_CASE("files that are no model are refused with what ONNX Runtime says") {
  const auto runtime = models::onnxruntime();
  if (!runtime) return;
  const auto message = [&](Errc code, std::vector<std::byte> bytes) {
    const backend::ForeignFiles model{.format = "onnx", .files = {{"bad.onnx", std::move(bytes)}}};
    return test::message_of(code, [&] { (void)runtime->open(model); });
  };
  CHECK_THAT(message(Errc::corrupt, models::bytes_of("this is no protobuf")), Contains("bad.onnx"));
  CHECK_THAT(message(Errc::corrupt, {}), Contains("bad.onnx"));
  std::vector<std::byte> half = models::read("types");
  half.resize(half.size() / 2);
  CHECK_THAT(message(Errc::corrupt, half), Contains("bad.onnx"));
  CHECK_THAT(message(Errc::corrupt, models::read("unknown_operator")), Contains("Guess"));
  CHECK_THAT(message(Errc::corrupt, models::read("unknown_opset")), Contains("9999"));
  CHECK_THAT(test::message_of(Errc::invalid_argument,
                              [&] {
                                (void)runtime->open(
                                    {.format = "onnx",
                                     .files = {{"a.onnx", models::read("fixed")}, {"b.onnx", models::read("fixed")}}});
                              }),
             Contains("a.onnx") && Contains("b.onnx"));
}

TEST_CASE("tensors in other files come from the model's files only") {
  const auto runtime = models::onnxruntime();
  if (!runtime) return;
  const float weights[] = {10, 20};
  const auto bytes = std::as_bytes(std::span(weights));
  backend::ForeignFiles model = models::files("external");
  model.files["weights.bin"] = {bytes.begin(), bytes.end()};
  const std::vector<Tensor> outputs = models::run(runtime->open(model), {Given::floats({1, 2}, {1, 2})});
  CHECK(models::numbers<float>(outputs[0]) == std::vector<float>{11, 22});
  model.files["weights.bin"].pop_back();
  CHECK_THAT(test::message_of(Errc::corrupt, [&] { (void)runtime->open(model); }),
             Contains("tensor \"w\" has 8 bytes") && Contains("which has 7"));

  // The file is there, in the working directory, but the model does not have it.
  const test::TemporaryDirectory folder;
  const std::filesystem::path before = std::filesystem::current_path();
  test::write_file(folder / "weights.bin", std::string(8, '\0'));
  std::filesystem::current_path(folder.path());
  const std::string missing =
      test::message_of(Errc::not_found, [&] { (void)runtime->open(models::files("external")); });
  std::filesystem::current_path(before);
  CHECK_THAT(missing, Contains("external.onnx") && Contains("tensor \"w\"") && Contains("\"weights.bin\""));
  backend::ForeignFiles escaping = models::files("escaping");
  escaping.files["../weights.bin"] = {bytes.begin(), bytes.end()};
  CHECK_THAT(test::message_of(Errc::corrupt, [&] { (void)runtime->open(escaping); }), Contains("weights.bin"));
}

TEST_CASE("another device than the processor is refused by name") {
  const auto runtime = models::onnxruntime();
  if (!runtime) return;
  CHECK_THAT(test::message_of(Errc::unsupported,
                              [&] {
                                (void)runtime->open(models::files("fixed"), {DeviceType::cuda, 1});
                              }),
             Contains("cuda:1"));
}

TEST_CASE("a model is used by many threads at once") {
  const auto runtime = models::onnxruntime();
  if (!runtime) return;
  const Executable model = runtime->open(models::files("two_inputs"), {}, Runtime(RuntimeOptions{.threads = 2}));
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const auto x = static_cast<float>(i + t);
        const std::vector<Tensor> outputs =
            models::run(model, {Given::floats({1, 3}, {x, 0, 0}), Given::floats({1, 2}, {0, x})});
        if (models::numbers<float>(outputs[0]) != std::vector<float>{x + 0.5f, 2 * x}) ++wrong;
      }
    });
  threads.clear();
  CHECK(wrong == 0);
}

TEST_CASE("what ONNX Runtime says about a model goes to the log of its Runtime") {
  const auto runtime = models::onnxruntime();
  if (!runtime) return;
  std::mutex mutex;
  std::string first, second;
  const auto into = [&](std::string& text) {
    return Runtime(RuntimeOptions{.threads = 1, .log = [&](LogLevel, std::string_view room, std::string_view message) {
                                    const std::lock_guard lock(mutex);
                                    text += std::string(room) + ": " + std::string(message) + "\n";
                                  }});
  };
  const Executable quiet = runtime->open(models::files("fixed"), {}, into(first));
  const Executable model = runtime->open(models::files("two_inputs"), {}, into(second));
  test::code_of([&] {
    (void)models::run(model, {Given::floats({3, 3}, std::vector<float>(9)), Given::floats({2, 2}, {1, 2, 3, 4})});
  });
  CHECK_THAT(second, Contains("onnxruntime: "));
  CHECK(second.find("Add") != std::string::npos);
  CHECK(first.find("Add") == std::string::npos);
}
