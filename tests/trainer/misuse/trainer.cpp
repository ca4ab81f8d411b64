// clang-format off
// One mistake per number: none of them compiles, and the compiler prints the words beside it. MISTAKE=0 compiles.
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
#elif MISTAKE == 1  // a backend that cannot learn the spec | this backend has no fit() for this spec; choose another backend
  Trainer trainer{LogisticRegression{}, TreesOnly{}};
#elif MISTAKE == 2  // something that is no spec | the first argument of Trainer is not a spec: it needs a name
  Trainer trainer{NoSpec{}, TreesOnly{}};
#endif
}
