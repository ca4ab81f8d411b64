// One mistake per number; none but 0 compiles.
#include <scalar/trainer.hpp>

using namespace scalar;

struct TreesOnly {
  std::string_view name() const { return "trees only"; }
  Support supports(const GradientBoostedTrees&, int) const { return {}; }
  Forest fit(const GradientBoostedTrees&, const Dataset&, const FitOptions&, const Runtime&) const { return {}; }
};
struct NoSpec {
  int depth = 3;
};

void build() {
#if MISTAKE == 0
  Trainer trainer{GradientBoostedTrees{}, TreesOnly{}};
#elif MISTAKE == 1
  Trainer trainer{LogisticRegression{}, TreesOnly{}};
#elif MISTAKE == 2
  Trainer trainer{NoSpec{}, TreesOnly{}};
#endif
}
