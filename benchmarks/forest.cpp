// Predicting with a forest of 100 trees of depth 6 on 50 features against XGBoost's in-place prediction.
#include <cstdio>
#include <cstring>
#include <ctime>

#include "bench.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/interchange/xgboost.hpp"
#include "xgboost_rival.hpp"

using namespace scalar;

namespace {

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

int main(int argc, char** argv) {
  const backend::xgboost::Library library(rival::library_path());
  const Runtime runtime;
  constexpr std::int64_t rows = 10'000, columns = 50;
  const DatasetParts parts = rival::classes(rows, columns, 1);
  rival::Booster booster(library, parts, {.trees = 100, .depth = 6, .learning_rate = 0.1}, runtime.threads());
  const CompiledModel model =
      backend::compile(std::get<Forest>(interchange::read_xgboost(booster.json()).parameters), runtime);
  const FloatMatrix all(parts.features.data(), rows, columns);
  std::vector<double> out(rows);

  model.margins(all, {out.data(), rows, 1});
  const float* theirs = booster.predict(parts.features.data(), rows, columns);
  for (std::size_t row = 0; row < rows; ++row)
    if (static_cast<float>(out[row]) != theirs[row]) return std::puts("the margins differ"), 2;

  // One row at a time, each time another one; microseconds a row.
  constexpr std::int64_t singles = 2000;
  const auto one_ours = [&] {
    const double before = cpu_seconds();
    for (std::int64_t row = 0; row < 5 * singles; ++row) model.margins(all.slice(row, 1), {out.data(), 1, 1});
    return (cpu_seconds() - before) * 1e6 / (5 * singles);
  };
  const auto one_theirs = [&] {
    const double before = cpu_seconds();
    for (std::int64_t row = 0; row < singles; ++row) booster.predict(parts.features.data() + row * columns, 1, columns);
    return (cpu_seconds() - before) * 1e6 / singles;
  };
  // All rows; milliseconds of wall clock and of processor.
  std::vector<double> cpu[2];
  const auto many = [&](int who, const auto& predict) {
    const double before = cpu_seconds();
    const double wall = bench::seconds([&] {
      for (int i = 0; i < 10; ++i) predict();
    });
    cpu[who].push_back((cpu_seconds() - before) * 1e2);
    return wall * 1e2;
  };
  const auto figures = bench::interleave(
      {{"ours, 1 row", one_ours},
       {"theirs, 1 row", one_theirs},
       {"ours, 10k", [&] { return many(0, [&] {
                             model.margins(all, {out.data(), rows, 1});
                           }); }},
       {"theirs, 10k", [&] { return many(1, [&] { booster.predict(parts.features.data(), rows, columns); }); }}},
      7);
  for (auto& figure : cpu) figure.erase(figure.begin());
  const std::string name = rival::version(library) + " in place";
  const std::string threads = std::to_string(runtime.threads()) + " threads";
  return bench::print({{"forest 100 x depth 6, 1 row, cpu", name, "us", figures[0], figures[1], 10},
                       {"forest 100 x depth 6, 10k rows, " + threads + ", wall", name, "ms", figures[2], figures[3], 1},
                       {"forest 100 x depth 6, 10k rows, " + threads + ", cpu", name, "ms", cpu[0], cpu[1], 1}},
                      argc, argv);
}
