// clang-format off
// One mistake per number: none of them compiles, and the compiler prints the words beside it (separated by |).
// MISTAKE=0 compiles.
#include "scalar/data/table.hpp"

using namespace scalar;

struct Point {
  double x = 0;
  static constexpr std::string_view name = "point";
  static constexpr auto fields() { return std::tuple{field<&Point::x>}; }
};
struct Plain {
  double x = 0;
};
struct Nested {
  Point point{};
  static constexpr std::string_view name = "nested";
  static constexpr auto fields() { return std::tuple{field<&Nested::point>}; }
};
struct Forgotten {
  double x = 0, y = 0;
  static constexpr std::string_view name = "forgotten";
  static constexpr auto fields() { return std::tuple{field<&Forgotten::x>}; }
};

void build() {
#if MISTAKE == 0
  Table::from(std::vector<Point>{});
  Column::from("x", std::vector<int>{});
#elif MISTAKE == 1  // struct without fields | Table::from takes described structs: give the struct a name and fields()
  Table::from(std::vector<Plain>{});
#elif MISTAKE == 2  // member that no column holds | a column holds booleans, numbers, texts or enums, or std::optional of one of these
  Table::from(std::vector<Nested>{});
#elif MISTAKE == 3  // vector that no column holds | a column holds booleans, numbers, texts or enums, or std::optional of one of these
  Column::from("x", std::vector<std::vector<int>>{});
#elif MISTAKE == 4  // member that is not listed | fields() does not list every data member of this struct
  Table::from(std::vector<Forgotten>{});
#endif
}
