// One program, two static libraries that do not know of each other, one Scalar.
#include <cstdio>

#include "first.hpp"
#include "second.hpp"

int main() {
  first::train("model.scalar");
  const double accuracy = second::accuracy("model.scalar");
  const std::string expected = EXPECT_XGBOOST ? "native xgboost " : "native ";
  std::printf("accuracy %.3f, backends \"%s\" and \"%s\"\n", accuracy, first::backends().c_str(),
              second::backends().c_str());
  if (accuracy < 0.8) return 1;
  if (first::backends() != expected || second::backends() != expected) return 2;  // entered, and once
  if (first::runtime() != second::runtime()) return 3;                            // one default Runtime
  return 0;
}
