// What an Executable costs beside ONNX Runtime's C API called directly: a network 784-128-10 with softmax on 1, 8 and
// 256 rows, and a model that only adds, where nothing but the calls is left. Then the network in Scalar's own
// predictor.
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "backend/onnxruntime/session.hpp"
#include "bench.hpp"
#include "interchange/onnx/graph_builder.hpp"
#include "scalar/backend/onnxruntime/onnxruntime.hpp"
#include "scalar/backend/prepare_process.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/random.hpp"
#include "scalar/interchange/read_onnx.hpp"
#include "scalar/predictor.hpp"

namespace {

using namespace scalar;
using namespace scalar::backend::onnxruntime;
namespace onnx = scalar::interchange::onnx;

std::vector<float> uniform(std::size_t count, std::uint64_t seed) {
  Philox random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.uniform()) - 0.5f;
  return values;
}

std::vector<std::byte> file_of(onnx::GraphBuilder&& graph) {
  const std::string file = onnx::serialize({.opsets = {{"", 13}}, .graph = graph.release()});
  const auto* first = reinterpret_cast<const std::byte*>(file.data());
  return {first, first + file.size()};
}

std::vector<std::byte> network() {
  onnx::GraphBuilder graph("network");
  const onnx::Dimension rows{.symbol = "rows"};
  std::string value = graph.input("x", DataType::float32, {rows, {.size = 784}});
  const std::int64_t sizes[] = {784, 128, 10};
  for (std::size_t l = 0; l < 2; ++l) {
    const std::int64_t in = sizes[l], out = sizes[l + 1];
    const std::string weights = graph.initializer(
        "weights", onnx::tensor_of({out, in}, std::span<const float>(uniform(static_cast<std::size_t>(in * out), l))));
    const std::string biases = graph.vector("biases", uniform(static_cast<std::size_t>(out), 7 + l));
    value = graph.add("Gemm", {value, weights, biases}, {{.name = "transB", .value = std::int64_t{1}}});
    if (l == 0) value = graph.add("Relu", {value});
  }
  value = graph.add("Softmax", {value}, {{.name = "axis", .value = std::int64_t{1}}});
  graph.output("y", value, DataType::float32, {rows, {.size = 10}});
  return file_of(std::move(graph));
}

std::vector<std::byte> adding() {
  onnx::GraphBuilder graph("adding");
  const onnx::Dimension rows{.symbol = "rows"};
  const std::string x = graph.input("x", DataType::float32, {rows, {.size = 4}});
  graph.output("y", graph.add("Add", {x, x}), DataType::float32, {rows, {.size = 4}});
  return file_of(std::move(graph));
}

/// An ONNX file as an Executable, through a Predictor without a cache, by the calls that a user of the C API writes,
/// and, if it can be imported, in Scalar's own predictor.
class Comparison {
 public:
  Comparison(const std::string& name, const std::vector<std::byte>& model, std::int64_t columns, std::int64_t outputs,
             int threads)
      : name_(name + (threads > 1 ? ", " + std::to_string(threads) + " threads" : "")),
        runtime_(RuntimeOptions{.threads = threads}),
        executable_(backend::OnnxRuntime().open({.format = "onnx", .files = {{"model.onnx", model}}}, {}, runtime_)),
        foreign_(AnyModel(
            ForeignModel(backend::ForeignFiles{.format = "onnx", .files = {{"model.onnx", model}}}, {}, {}, runtime_))),
        library_(std::make_shared<const Library>("")),
        theirs_(library_, model, threads, "model.onnx", runtime_),
        columns_(columns),
        outputs_(outputs) {}

  /// Rows against the C API: what an Executable and what a Predictor adds to it.
  void compare_calls(std::int64_t rows, int repeats, std::vector<bench::Row>& table) {
    const std::vector<float> x = uniform(static_cast<std::size_t>(rows * columns_), 3);
    std::vector<float> y(static_cast<std::size_t>(rows * outputs_));
    const std::int64_t shape[] = {rows, columns_};
    const TensorView view{DataType::float32, shape, std::as_bytes(std::span(x))};
    std::vector<Tensor> out;
    const auto run_executable = [&] { executable_.run({&view, 1}, out); };
    const auto run_predictor = [&] { foreign_.run({&view, 1}, out); };
    const auto run_directly = [&] { call(x, shape, y); };
    const auto figures = bench::interleave({{"executable", microseconds(repeats, run_executable)},
                                            {"predictor", microseconds(repeats, run_predictor)},
                                            {"C API", microseconds(repeats, run_directly)}},
                                           15);
    const double theirs = bench::median(figures[2]), goal = theirs / (theirs + 1);  // a microsecond more
    const std::string what = name_ + ", " + std::to_string(rows) + (rows == 1 ? " row" : " rows");
    table.push_back({what + ", Executable", "C API", "us", figures[0], figures[2], goal});
    table.push_back({what + ", Predictor", "C API", "us", figures[1], figures[2], goal});
  }

  /// The network `imported` behind a Predictor against the C API.
  void compare_import(const Predictor& imported, std::int64_t rows, int repeats, double goal,
                      std::vector<bench::Row>& table) {
    const std::vector<float> x = uniform(static_cast<std::size_t>(rows * columns_), 3);
    std::vector<float> theirs(static_cast<std::size_t>(rows * outputs_));
    std::vector<double> ours(theirs.size());
    const std::int64_t shape[] = {rows, columns_};
    const auto run_imported = [&] {
      imported.predict(FloatMatrix(x.data(), rows, columns_), {ours.data(), rows, outputs_});
    };
    const auto run_directly = [&] { call(x, shape, theirs); };
    const auto figures = bench::interleave(
        {{"imported", microseconds(repeats, run_imported)}, {"C API", microseconds(repeats, run_directly)}}, 15);
    for (std::size_t i = 0; i < ours.size(); ++i)
      if (std::abs(ours[i] - static_cast<double>(theirs[i])) > 1e-5)
        throw Error(Errc::failed, "the predictions differ", name_);
    table.push_back({name_ + ", " + std::to_string(rows) + (rows == 1 ? " row" : " rows") + ", imported", "C API", "us",
                     figures[0], figures[1], goal});
  }

 private:
  template <class Call>
  static std::function<double()> microseconds(int repeats, const Call& call) {
    return [repeats, &call] {
      return 1e6 / repeats * bench::seconds([&] {
               for (int i = 0; i < repeats; ++i) call();
             });
    };
  }

  /// Outputs into memory of the caller's.
  void call(const std::vector<float>& x, const std::int64_t* shape, std::vector<float>& y) {
    const Api& api = library_->api();
    const std::int64_t y_shape[] = {shape[0], outputs_};
    Value *input = nullptr, *output = nullptr;
    constexpr int float32 = 1;
    library_->check(
        api.wrap_tensor(library_->memory(), const_cast<float*>(x.data()), 4 * x.size(), shape, 2, float32, &input),
        "x");
    library_->check(api.wrap_tensor(library_->memory(), y.data(), 4 * y.size(), y_shape, 2, float32, &output), "y");
    const Value* const inputs[] = {input};
    theirs_.run(inputs, {&output, 1});
    api.release_value(input);
    api.release_value(output);
  }

  std::string name_;
  Runtime runtime_;
  Executable executable_;
  Predictor foreign_;
  std::shared_ptr<const Library> library_;
  OrtSession theirs_;
  std::int64_t columns_, outputs_;
};

}  // namespace

int main(int argc, char** argv) try {
  backend::prepare_process();
  const std::vector<std::byte> file = network();
  std::vector<bench::Row> rows;
  for (const int threads : {1, 2}) {
    Comparison small("x + x", adding(), 4, 4, threads), digits("network 784-128-10", file, 784, 10, threads);
    small.compare_calls(1, 5000, rows);
    digits.compare_calls(1, 2000, rows);
    digits.compare_calls(8, 1000, rows);
    digits.compare_calls(256, 50, rows);

    interchange::ImportedModel imported = interchange::read_onnx(file);
    const Predictor predictor(Model(MultilayerPerceptron{.hidden = {128}, .loss = Loss::softmax},
                                    std::get<MlpParameters>(imported.parameters), imported.encoder, {},
                                    Runtime(RuntimeOptions{.threads = threads})));
    digits.compare_import(predictor, 1, 2000, 2, rows);
    digits.compare_import(predictor, 8, 1000, 1, rows);
    digits.compare_import(predictor, 256, 50, 1, rows);
  }
  return bench::print(rows, argc, argv);
} catch (const Error& error) {
  std::fprintf(stderr, "not measured: %s\n", error.what());
  return 0;
}
