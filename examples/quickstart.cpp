// The quick start, first part: reads a table and images, compares backends over folds, trains models on them, checks
// that saved models give the same predictions, and writes requests for the server (quickstart_serve.cpp).
//   quickstart <output> <penguins.csv> <fashion-mnist>
// A backend whose framework is not on this machine is left out, and the reason is printed.
#include <scalar/backend/prepare_process.hpp>
#include <scalar/scalar.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>

using namespace scalar;

namespace {

constexpr int requests = 150, images_a_request = 64;  // enough requests of each kind for a 99th percentile
std::string output;                                   // the directory everything is written to

struct Result {
  std::string model{}, backend{};
  int peers = 1;
  double seconds = 0, train = 0, test = 0, reload_difference = 0;
};

struct Folds {
  std::string label{}, backend{};
  std::vector<double> logloss{};  ///< one per fold
};
struct Results {
  std::vector<Result> fits{};
  std::vector<Folds> folds{};
};

struct Quickstart {
  data::Uri table_file{}, image_directory{};
  Table train{}, test{};
  Dataset train_images{}, test_images{};
  Model<LogisticRegression> logistic{};
  Model<GradientBoostedTrees> trees{};
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
Model<S> learn(const StepContext& context, Results& results, const std::string& name, const S& spec,
               const char* backend, int peers, const Data& train, const Data& test) {
  auto model = Trainer{spec, backend, context.runtime()}.fit(
      train, {.peers = peers, .stop = context.stop(), .progress = context.progress()});
  const std::string path = output + "/" + name;
  model.with_metric("test_accuracy", metrics::accuracy(model, test)).save(path);
  const Prediction before = model.predict(test), after = Model<S>::load(path).predict(test);
  double difference = 0;
  for (std::size_t i = 0; i < before.values.size(); ++i)
    difference = std::max(difference, std::abs(before.values[i] - after.values[i]));
  if (difference != 0) throw Error(Errc::failed, "the loaded model answers otherwise", name);
  results.fits.push_back({name, backend, peers, model.info().fit_time.count(), metrics::accuracy(model, train),
                          metrics::accuracy(model, test), difference});
  return model;
}

const GradientBoostedTrees trees{.trees = 50, .depth = 4, .loss = Loss::softmax};
const MultilayerPerceptron network{.hidden = {256}, .epochs = 5};

/// Those of the backends whose frameworks are here, in their order; says why one is not.
std::vector<const char*> present(std::initializer_list<const char*> names) {
  std::vector<const char*> found;
  for (const char* name : names) try {
      backend::named(name);
      found.push_back(name);
    } catch (const Error& error) {
      std::fprintf(stderr, "  %s is left out: %s\n", name, error.what());
    }
  return found;
}

/// Each backend learns and is measured on the same folds of the training rows, so only the backend differs.
template <class S>
void cross_validate(Results& results, const std::string& label, const S& spec, const char* backend, const Table& train,
                    const StepContext& context) {
  Folds& folds = results.folds.emplace_back(Folds{.label = label + "-" + backend, .backend = backend});
  for (const auto& [learn_from, measure_on] : train.folds(10, 7))
    folds.logloss.push_back(metrics::logloss(
        Trainer{spec, backend, context.runtime()}.fit(learn_from, {.stop = context.stop()}), measure_on));
}
void compare(const StepContext& context, Results& results, const Table& train) {
  for (const char* backend : present({"native", "xgboost", "onnxruntime"}))
    cross_validate(results, "logistic", LogisticRegression{}, backend, train, context);
  for (const char* backend : present({"native", "xgboost", "lightgbm"}))
    cross_validate(results, "trees", trees, backend, train, context);
}

auto logistic(const StepContext& context, Results& results, const Table& train, const Table& test) {
  return learn(context, results, "penguins-logistic", LogisticRegression{}, "native", 1, train, test);
}
/// One spec on every backend: nothing but the name changes.
auto trees_everywhere(const StepContext& context, Results& results, const Table& train, const Table& test) {
  for (const char* backend : present({"xgboost", "lightgbm"}))
    learn(context, results, std::string("penguins-trees-") + backend, trees, backend, 1, train, test);
  return learn(context, results, "penguins-trees", trees, "native", 1, train, test);
}
auto one_peer(const StepContext& context, Results& results, const Dataset& train, const Dataset& test) {
  return learn(context, results, "fashion-mlp", network, "native", 1, train, test);
}
auto two_peers(const StepContext& context, Results& results, const Dataset& train, const Dataset& test) {
  return learn(context, results, "fashion-mlp-2-peers", network, "native", 2, train, test);
}

/// Shows how far a step is, and how long it took.
void show(const StepProgress& at) {
  if (at.event == StepEvent::advanced)
    std::fprintf(stderr, "\r  %-18s %ld of %ld ", std::string(at.step).c_str(), long(at.done), long(at.total));
  if (at.event == StepEvent::finished)
    std::fprintf(stderr, "\r  %-18s %6.2f s%20s\n", std::string(at.step).c_str(), at.elapsed.count(), "");
}

Quickstart train_all(const std::string& table, const std::string& images) {
  // Every fit updates `results`, so fits run one after the other and their times can be compared; reading overlaps.
  using Q = Quickstart;
  // clang-format off
  const Flow<Q> flow("quickstart",
      given<&Q::table_file, &Q::image_directory, &Q::results>(),
      step<read_table>().from<&Q::table_file>().into<&Q::train, &Q::test>(),
      step<read_images>().from<&Q::image_directory>().into<&Q::train_images, &Q::test_images>(),
      step<compare>().update<&Q::results>().from<&Q::train>(),
      step<logistic>().update<&Q::results>().from<&Q::train, &Q::test>().into<&Q::logistic>(),
      step<trees_everywhere>().update<&Q::results>().from<&Q::train, &Q::test>().into<&Q::trees>(),
      step<one_peer>().update<&Q::results>().from<&Q::train_images, &Q::test_images>().into<&Q::one_peer>(),
      step<two_peers>().update<&Q::results>().from<&Q::train_images, &Q::test_images>().into<&Q::two_peers>());
  // clang-format on

  return flow.run({.table_file = table, .image_directory = images}, {.progress = show});
}

/// Prints what was measured, and writes it for the picture.
void write_results(const Results& results) {
  std::printf("\n%-24s log loss on 10 folds of the training rows\n", "compared");
  std::ofstream folds(output + "/folds.tsv");
  for (const Folds& f : results.folds) {
    const double n = static_cast<double>(f.logloss.size());
    const double mean = std::accumulate(f.logloss.begin(), f.logloss.end(), 0.0) / n;
    double squares = 0;
    for (const double value : f.logloss) squares += (value - mean) * (value - mean);
    std::printf("%-24s %.4f, standard deviation %.4f\n", f.label.c_str(), mean, std::sqrt(squares / (n - 1)));
    for (const double value : f.logloss) folds << f.label << '\t' << f.backend << '\t' << value << '\n';
  }

  std::printf("\n%-24s %-12s %5s %9s %9s %9s %12s\n", "model", "backend", "peers", "fit s", "train", "test",
              "reload diff");
  std::ofstream file(output + "/results.tsv");
  for (const Result& r : results.fits) {
    std::printf("%-24s %-12s %5d %9.3f %9.4f %9.4f %12g\n", r.model.c_str(), r.backend.c_str(), r.peers, r.seconds,
                r.train, r.test, r.reload_difference);
    file << r.model << '\t' << r.backend << '\t' << r.peers << '\t' << r.seconds << '\t' << r.test << '\n';
  }
}

/// One cell of a table as an input tensor of the Open Inference Protocol.
json::Object tensor(const InputColumn& input, const Column& column, std::int64_t row) {
  json::Array data(1);  // null
  if (!column.is_missing(row) && input.is_text) data[0] = column.text(row);
  if (!column.is_missing(row) && !input.is_text) data[0] = column.number(row);
  const std::string datatype = input.is_text ? "BYTES" : "FP64";
  return {{"name", input.name}, {"shape", json::Array{1, 1}}, {"datatype", datatype}, {"data", data}};
}

/// Requests for the server: rows of the table as JSON, images as binary tensors.
void write_requests(const Quickstart& done) {
  std::filesystem::create_directories(output + "/requests");
  for (int request = 0; request < requests; ++request) {
    json::Array inputs;
    for (const InputColumn& input : done.trees.encoder().inputs())
      inputs.emplace_back(tensor(input, done.train.column(input.name), done.train.stored_row(request)));
    const std::string name = output + "/requests/" + std::to_string(request);
    std::ofstream(name + ".json") << json::Value(json::Object{{"inputs", inputs}}).dump();
    const FloatMatrix images = done.test_images.slice(request * images_a_request, images_a_request).features();
    const std::string_view bytes(reinterpret_cast<const char*>(images.data), images_a_request * 784 * sizeof(float));
    const std::string head = R"({"inputs":[{"name":"input","shape":[)" + std::to_string(images_a_request) +
                             R"(,784],"datatype":"FP32","parameters":{"binary_data_size":)" +
                             std::to_string(bytes.size()) + "}}]}";
    std::ofstream(name + ".bin", std::ios::binary) << head << bytes;
    std::ofstream(name + ".header") << "Inference-Header-Content-Length: " << head.size();
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) throw Error(Errc::invalid_argument, "usage: quickstart OUTPUT TABLE IMAGES");
  backend::prepare_process();  // before there are threads
  output = argv[1];
  std::filesystem::create_directories(output);
  const Quickstart done = train_all(argv[2], argv[3]);
  write_results(done.results), write_requests(done);
} catch (const std::exception& error) {
  std::fprintf(stderr, "\nquickstart: %s\n", error.what());
  return 1;
}
