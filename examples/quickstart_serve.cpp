// The quick start, second part: serves the models that quickstart.cpp trained, and draws what was measured.
//   quickstart_serve <output>            serves on a free port, prints its address, until SIGTERM
//   quickstart_serve <output> --report   draws results and timings as quickstart.svg
#include <scalar/model.hpp>
#include <scalar/predictor.hpp>
#include <scalar/report/figure.hpp>
#include <scalar/serve.hpp>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

using namespace scalar;

namespace {

std::string output;  // the directory that quickstart wrote to

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

/// Adds a value to the strip with that label.
void add(report::StripPlot& plot, const std::string& label, const std::string& group, double value) {
  if (plot.strips.empty() || plot.strips.back().label != label) plot.strips.push_back({label, {}, group});
  plot.strips.back().values.push_back(value);
}

void draw_report() {
  report::BarChart accuracy{.title = "Test accuracy", .unit = "", .digits = 4, .bars = {}};
  report::BarChart seconds{.title = "Time to fit", .unit = "s", .digits = 3, .bars = {}};
  std::ifstream results(output + "/results.tsv");
  for (std::string model, backend, peers, fit, test; results >> model >> backend >> peers >> fit >> test;) {
    accuracy.bars.push_back({model, std::stod(test), backend});
    seconds.bars.push_back({model, std::stod(fit), backend});
  }
  report::StripPlot folds{.title = "Log loss on 10 folds of the penguins", .unit = "", .strips = {}};
  std::ifstream losses(output + "/folds.tsv");
  for (std::string what, backend, value; losses >> what >> backend >> value;)
    add(folds, what, backend, std::stod(value));
  report::StripPlot latency{.title = "Latency over HTTP, prediction cache", .unit = "s", .strips = {}};
  std::ifstream timings(output + "/timings.tsv");
  for (std::string what, cache, value; timings >> what >> cache >> value;)
    add(latency, what + ", " + cache, cache, std::stod(value));
  std::ofstream(output + "/quickstart.svg")
      << report::svg({.title = "Scalar quick start",
                      .subtitle = "Palmer penguins and Fashion-MNIST, trained, saved and served on this machine",
                      .panels = {accuracy, seconds, folds, latency}});
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2) throw Error(Errc::invalid_argument, "usage: quickstart_serve OUTPUT [--report]");
  output = argv[1];
  if (argc > 2 && std::strcmp(argv[2], "--report") == 0)
    draw_report();
  else
    serve_all();
} catch (const std::exception& error) {
  std::fprintf(stderr, "quickstart_serve: %s\n", error.what());
  return 1;
}
