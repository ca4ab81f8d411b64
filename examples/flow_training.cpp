// A flow: a struct, and the steps that fill it. Steps that do not need each other's results run at the same time.
#include <scalar/flow.hpp>
#include <scalar/scalar.hpp>

#include <cstdio>
#include <string>
#include <utility>

using namespace scalar;

struct Comparison {
  std::string file{};
  Table table{}, train{}, test{};
  double linear = 0, trees = 0;
  std::string better{};
};

Table read_table(const std::string& file) { return data::read_csv(file, {.label = "species"}); }

std::pair<Table, Table> split(const Table& table) {
  auto [train, test] = table.split({.test = 0.25, .seed = 7});
  return {train, test};
}

template <class Spec>
double accuracy_of(const StepContext& context, const Spec& spec, const Table& train, const Table& test) {
  const Trainer trainer{spec, backend::Native{}, context.runtime()};  // the threads that the caller of run() gave
  return metrics::accuracy(trainer.fit(train, {.stop = context.stop()}), test);
}

int main(int argc, char** argv) {
  const Flow<Comparison> flow(
      "compare",
      given<&Comparison::file>(),  // the caller of run() fills it
      step<read_table>().from<&Comparison::file>().into<&Comparison::table>(),
      step<split>().from<&Comparison::table>().into<&Comparison::train, &Comparison::test>(),
      parallel(  // checked while compiling: neither uses what the other writes
          step<"linear">([](const StepContext& context, const Table& train, const Table& test) {
            return accuracy_of(context, LogisticRegression{.l2 = 0.1}, train, test);
          })
              .from<&Comparison::train, &Comparison::test>()
              .into<&Comparison::linear>(),
          step<"trees">([](const StepContext& context, const Table& train, const Table& test) {
            return accuracy_of(context, GradientBoostedTrees{.trees = 5, .depth = 1, .loss = Loss::softmax}, train,
                               test);
          })
              .from<&Comparison::train, &Comparison::test>()
              .into<&Comparison::trees>()),
      step<"choose">([](double linear, double trees) { return std::string(linear > trees ? "linear" : "trees"); })
          .from<&Comparison::linear, &Comparison::trees>()
          .into<&Comparison::better>());

  const Comparison done = flow.run({.file = argc > 1 ? argv[1] : "examples/data/penguins.csv"});
  std::printf("linear %.2f, trees %.2f: %s\n", done.linear, done.trees, done.better.c_str());
}
