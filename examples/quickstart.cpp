// The main job, end to end: a flow reads a table and images, trains four models on two backends and on one and two BSP
// peers, checks that saved models answer the same, and writes requests to ask the server with.
//   quickstart <output> <penguins.csv> <fashion-mnist>   trains
//   quickstart <output> --serve                          serves what was trained, prints its address, until SIGTERM
//   quickstart <output> --report                         draws results and timings as quickstart.svg
#include <scalar/report/figure.hpp>
#include <scalar/scalar.hpp>
#include <scalar/serve.hpp>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>

using namespace scalar;

namespace {

std::string output;  // the directory everything is written to

struct Result {
  std::string model{}, backend{};
  int peers = 1;
  double seconds = 0, train = 0, test = 0, reload_difference = 0;
};

using Results = std::vector<Result>;
struct Quickstart {
  data::Uri table_file{}, image_directory{};
  Table train{}, test{};
  Dataset train_images{}, test_images{};
  Model<LogisticRegression> logistic{};
  Model<GradientBoostedTrees> native_trees{}, xgboost_trees{};
  Model<MultilayerPerceptron> one_peer{}, two_peers{};
  Results results{};
};

Table::Parts read_table(const data::Uri& file) {
  return data::read_csv(file, {.label = "species"}).split({.test = 0.25, .seed = 7});
}

Dataset::Parts read_images(const data::Uri& directory) {
  const auto read = [&](const std::string& set) {
    return data::read_idx_dataset(directory / (set + "-images-idx3-ubyte.gz"),
                                  directory / (set + "-labels-idx1-ubyte.gz"), {.scale = 1.0f / 255});
  };
  return {read("train"), read("t10k")};
}

/// Trains, measures, saves, loads again and compares.
template <class S, class Data>
Model<S> learn(Results& results, const std::string& name, const S& spec, const char* backend, int peers,
               const Data& train, const Data& test) {
  const FitOptions options{
      .peers = peers, .progress = [&name, shown = Runtime().clock().now()](auto& at) mutable {
        if (const TimePoint now = Runtime().clock().now(); now - shown > std::chrono::milliseconds(500)) {
          std::fprintf(stderr, "\r  %s: %s %ld of %ld ", name.c_str(), at.what.data(), long(at.done), long(at.total));
          shown = now;
        }
      }};
  auto model = Trainer{spec, backend}.fit(train, options);
  const std::string path = output + "/" + name;
  model.with_metric("test_accuracy", metrics::accuracy(model, test)).save(path);
  const Prediction before = model.predict(test), after = Model<S>::load(path).predict(test);
  const double difference = std::transform_reduce(
      before.values.begin(), before.values.end(), after.values.begin(), 0.0,
      [](double a, double b) { return std::max(a, b); }, [](double a, double b) { return std::abs(a - b); });
  if (difference != 0) throw Error(Errc::failed, "the loaded model answers otherwise", name);
  results.push_back({name, backend, peers, model.info().fit_seconds, metrics::accuracy(model, train),
                     metrics::accuracy(model, test), difference});
  return model;
}

const GradientBoostedTrees trees{.trees = 50, .depth = 4, .loss = Loss::softmax};
const MultilayerPerceptron network{.hidden = {256}, .epochs = 5};

auto logistic(Results& results, const Table& train, const Table& test) {
  return learn(results, "penguins-logistic", LogisticRegression{}, "native", 1, train, test);
}
auto native_trees(Results& results, const Table& train, const Table& test) {
  return learn(results, "penguins-trees", trees, "native", 1, train, test);
}
auto xgboost_trees(Results& results, const Table& train, const Table& test) {
  return learn(results, "penguins-trees-xgboost", trees, "xgboost", 1, train, test);
}
auto one_peer(Results& results, const Dataset& train, const Dataset& test) {
  return learn(results, "fashion-mlp", network, "native", 1, train, test);
}
auto two_peers(Results& results, const Dataset& train, const Dataset& test) {
  return learn(results, "fashion-mlp-2-peers", network, "native", 2, train, test);
}

void train_all(const std::string& table, const std::string& images) {
  // Every fit updates `results`, so fits run one after the other and their times can be compared; reading overlaps.
  using Q = Quickstart;
  // clang-format off
  const Flow<Q> flow("quickstart",
      given<&Q::table_file, &Q::image_directory, &Q::results>(),
      step<read_table>().from<&Q::table_file>().into<&Q::train, &Q::test>(),
      step<read_images>().from<&Q::image_directory>().into<&Q::train_images, &Q::test_images>(),
      step<logistic>().update<&Q::results>().from<&Q::train, &Q::test>().into<&Q::logistic>(),
      step<native_trees>().update<&Q::results>().from<&Q::train, &Q::test>().into<&Q::native_trees>(),
      step<xgboost_trees>().update<&Q::results>().from<&Q::train, &Q::test>().into<&Q::xgboost_trees>(),
      step<one_peer>().update<&Q::results>().from<&Q::train_images, &Q::test_images>().into<&Q::one_peer>(),
      step<two_peers>().update<&Q::results>().from<&Q::train_images, &Q::test_images>().into<&Q::two_peers>());
  // clang-format on

  const Quickstart done =
      flow.run({.table_file = table, .image_directory = images}, {.progress = [](const StepProgress& at) {
                 if (at.event == StepEvent::finished)
                   std::fprintf(stderr, "\r  %-18s %6.2f s%20s\n", std::string(at.step).c_str(), at.seconds, "");
               }});

  std::printf("\n%-24s %-8s %5s %9s %9s %9s %12s\n", "model", "backend", "peers", "fit s", "train", "test",
              "reload diff");
  std::ofstream file(output + "/results.tsv");
  for (const Result& r : done.results) {
    std::printf("%-24s %-8s %5d %9.3f %9.4f %9.4f %12g\n", r.model.c_str(), r.backend.c_str(), r.peers, r.seconds,
                r.train, r.test, r.reload_difference);
    file << r.model << '\t' << r.backend << '\t' << r.peers << '\t' << r.seconds << '\t' << r.test << '\n';
  }

  // Requests for the server: rows of the table as JSON, 256 images at a time as a binary tensor.
  const Encoder& encoder = done.native_trees.encoder();
  for (int request = 0; request < 20; ++request) {
    json::Array inputs;
    for (const Input& input : encoder.inputs()) {
      const Column& column = done.test.column(input.name);
      const std::int64_t row = done.test.stored_row(request);
      json::Value value = input.is_text ? json::Value(column.text(row)) : json::Value(column.number(row));
      if (column.is_missing(row)) value = nullptr;
      inputs.push_back(json::Object{{"name", input.name},
                                    {"shape", json::Array{1, 1}},
                                    {"datatype", input.is_text ? "BYTES" : "FP64"},
                                    {"data", json::Array{value}}});
    }
    const std::string name = output + "/requests/" + std::to_string(request);
    std::ofstream(name + ".json") << json::Value(json::Object{{"inputs", inputs}}).dump();
    const FloatMatrix images_256 = done.test_images.slice(request * 256, 256).features();
    std::ofstream(name + ".bin", std::ios::binary)
        << R"({"inputs":[{"name":"input","shape":[256,784],"datatype":"FP32","parameters":{"binary_data_size":802816}}]})"
        << std::string_view(reinterpret_cast<const char*>(images_256.data), 802816);
  }
}

void serve_all() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before the server starts its threads
  serve::Server server{{.port = 0}};
  for (const auto& entry : std::filesystem::directory_iterator(output))
    if (std::filesystem::exists(entry.path() / "manifest.json"))
      server.add(entry.path().filename().string(), Predictor{AnyModel::load(entry.path()), {.cache_bytes = 64 << 20}});
  server.start();
  std::puts(server.url().c_str()), std::fflush(stdout);
  sigwaitinfo(&signals, nullptr);
  server.stop();
}

void draw_report() {
  report::BarChart accuracy{.title = "Test accuracy", .unit = "", .digits = 4, .bars = {}};
  report::BarChart seconds{.title = "Time to fit", .unit = "s", .digits = 3, .bars = {}};
  std::ifstream results(output + "/results.tsv");
  for (std::string model, backend, peers, fit, test; results >> model >> backend >> peers >> fit >> test;) {
    accuracy.bars.push_back({model, std::stod(test), backend});
    seconds.bars.push_back({model, std::stod(fit), backend});
  }
  report::StripPlot latency{.title = "Latency over HTTP, prediction cache", .unit = "s", .strips = {}};
  std::ifstream timings(output + "/timings.tsv");
  for (std::string what, cache, value; timings >> what >> cache >> value;) {
    what += ", " + cache;
    if (latency.strips.empty() || latency.strips.back().label != what) latency.strips.push_back({what, {}, cache});
    latency.strips.back().values.push_back(std::stod(value));
  }
  std::ofstream(output + "/quickstart.svg")
      << report::svg({.title = "Scalar quick start",
                      .subtitle = "Palmer penguins and Fashion-MNIST, trained, saved and served on this machine",
                      .panels = {accuracy, seconds, latency}});
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) throw Error(Errc::invalid_argument, "usage: quickstart OUTPUT (TABLE IMAGES | --serve | --report)");
  output = argv[1];
  std::filesystem::create_directories(output + "/requests");
  if (std::strcmp(argv[2], "--serve") == 0)
    serve_all();
  else if (std::strcmp(argv[2], "--report") == 0)
    draw_report();
  else
    train_all(argv[2], argc > 3 ? argv[3] : "/usr/share/datasets/fashion-mnist");
} catch (const std::exception& error) {
  std::fprintf(stderr, "\nquickstart: %s\n", error.what());
  return 1;
}
