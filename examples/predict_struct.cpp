// A model inside a program: rows are structs of the program's own, and answers are cached.
#include <scalar/scalar.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

using namespace scalar;

struct Penguin {
  std::string island{}, sex{};
  double bill_length_mm = 0, bill_depth_mm = 0;
  std::optional<double> flipper_length_mm{}, body_mass_g{};  // may be missing
  int year = 2007;

  using Self = Penguin;
  static constexpr std::string_view name = "penguin";
  static constexpr auto fields() {  // the members by name; the compiler checks that none is left out
    return std::tuple{field<&Self::island>,           field<&Self::sex>,         field<&Self::bill_length_mm>,
                      field<&Self::bill_depth_mm>,    field<&Self::body_mass_g>, field<&Self::year>,
                      field<&Self::flipper_length_mm>};
  }
};

int main(int argc, char** argv) {
  const Table table = data::read_csv(argc > 1 ? argv[1] : "examples/data/penguins.csv", {.label = "species"});
  const auto model = Trainer{GradientBoostedTrees{.trees = 20, .depth = 3, .loss = Loss::softmax}}.fit(table);
  const Predictor predictor{model, {.cache_bytes = 1 << 20}};

  const Penguin seen[] = {
      {.island = "Torgersen", .sex = "male", .bill_length_mm = 39.1, .bill_depth_mm = 18.7, .body_mass_g = 3750},
      {.island = "Biscoe", .sex = "female", .bill_length_mm = 46.1, .bill_depth_mm = 13.2},
      {.island = "Dream", .sex = "female", .bill_length_mm = 46.5, .bill_depth_mm = 17.9, .flipper_length_mm = 192},
  };
  for (int round = 0; round < 2; ++round)
    for (const Penguin& penguin : seen) {
      const std::string species = predictor.predict_row(penguin).label(0);
      if (round == 0) std::printf("%s: %s\n", penguin.island.c_str(), species.c_str());
    }
  std::printf("answered by the cache: %d of 6\n", static_cast<int>(predictor.cache_stats().hits));
}
