#include <scalar/data.hpp>

#include <cstdio>

int main() {
  const int unused_and_shadowed = 1;  // must not be an error: the warnings of Scalar are not ours
  {
    const int unused_and_shadowed = 2;
    (void)unused_and_shadowed;
  }
  (void)unused_and_shadowed;
  const scalar::Table table = scalar::data::parse_csv("a,b\n1,x\n2,y\n3,\n");
  std::printf("%ld rows\n", static_cast<long>(table.rows()));
  return table.rows() == 3 && table.column("b").is_missing(2) ? 0 : 1;
}
