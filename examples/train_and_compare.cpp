// Compares three specs on the same folds: each row is tested once, by a model that has not seen it.
//   train_and_compare [CSV LABEL]
#include <scalar/scalar.hpp>

#include <cstdio>
#include <map>
#include <string>

using namespace scalar;

/// The mean of each metric over the folds.
template <class Spec>
void compare(const char* name, const Spec& spec, const std::vector<Table::Fold>& folds) {
  const Trainer trainer{spec};  // on the native backend; Trainer{spec, "xgboost"} takes another by name
  std::map<std::string, double> means;
  for (const Table::Fold& fold : folds)
    for (const auto& [metric, value] : metrics::evaluate(trainer.fit(fold.train), fold.test))
      means[metric] += value / static_cast<double>(folds.size());
  std::printf("%-20s", name);
  for (const auto& [metric, value] : means) std::printf(" %s %.2f", metric.c_str(), value);
  std::printf("\n");
}

int main(int argc, char** argv) {
  const Table table =
      data::read_csv(argc > 2 ? argv[1] : "examples/data/penguins.csv", {.label = argc > 2 ? argv[2] : "species"});
  const auto folds = table.folds(5, /*seed=*/1);
  compare("logistic regression", LogisticRegression{.l2 = 0.1}, folds);
  compare("boosted trees", GradientBoostedTrees{.trees = 30, .depth = 3, .loss = Loss::softmax}, folds);
  compare("perceptron", MultilayerPerceptron{.hidden = {16}, .loss = Loss::softmax, .seed = 1}, folds);
}
