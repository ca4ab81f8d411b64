#include "scalar/data/csv.hpp"

#include "support/catch.hpp"

TEST_CASE("a plain table is read") {
  using namespace scalar;
  const Table table = data::parse_csv("a,b,c\n1,2.5,x\n-3,NA,y\n", {.label = "c"});
  CHECK(table.rows() == 2);
  CHECK(table.column("a").type() == ColumnType::int64);
  CHECK(table.column("b").type() == ColumnType::float64);
  CHECK(table.column("b").is_missing(1));
  CHECK(table.column("c").text(1) == "y");
}
